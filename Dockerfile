# One image for the API, the bot and the scheduler, and for the tests that run where they run.
FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTEST_ADDOPTS="-p no:cacheprovider" \
    PATH=/venv/bin:$PATH

RUN groupadd --gid 10001 app && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin app
# What the base image installed for itself stays apart from what the lock names.
RUN python -m venv /venv
WORKDIR /app

# A layer of its own: it is built again only when the lock changes.
COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m pip install --require-hashes --only-binary :all: -r requirements.txt

COPY --chmod=755 deploy/leashed.py /usr/local/bin/leashed
# 755: a checkout made under umask 077 must still be readable for the user below
COPY --chmod=755 pyproject.toml alembic.ini .env.example ./
COPY --chmod=755 tests tests
COPY --chmod=755 migrations migrations
COPY --chmod=755 app app
# The file system is read-only where this runs, so the bytecode is written here, once.
RUN python -m compileall -q --invalidation-mode unchecked-hash app migrations

USER 10001:10001
CMD ["python", "-m", "app", "all"]
