"""What the services need to start is set, and secrets are secret. Values are never shown."""

import re
from collections.abc import Iterator, Mapping

from opsctl.checks.context import Context
from opsctl.checks.finding import Finding, error, ok, warning
from opsctl.redaction import is_secret_key

JWT_KEY_MIN_BYTES = 32
PASSWORD_MIN_BYTES = 12
NUMBERS = ("API_PORT", "LOG_MAX_BYTES", "LOG_BACKUP_COUNT")
_PLACEHOLDER = re.compile(
    r"<.*>|\.\.\.|x{3,}|your[-_ ].*|.*change[-_ ]?(me|this|it).*|replace[-_ ]?me|todo|secret|password|example|dummy",
    re.IGNORECASE,
)


def look(context: Context) -> list[Finding]:
    values, file = context.settings.values, context.settings.env_file.name
    found = list(of_values(values, f"edit {file}, then opsctl up", in_containers=context.runtime.NAME == "compose"))
    return found or [ok("what must be set is set")]


def of_values(values: Mapping[str, str], edit: str, *, in_containers: bool) -> Iterator[Finding]:
    """Errors for what keeps the services from starting, warnings for what anybody could guess."""
    for key in ("JWT_SECRET_KEY", *(("POSTGRES_PASSWORD",) if in_containers else ())):
        if not values.get(key):
            yield error(f"{key} is missing", edit)
    for key in NUMBERS:
        if (value := values.get(key)) and not (value.isascii() and value.isdigit()):
            yield error(f"{key} is not a number", edit)
    for key, value in values.items():
        if value and is_secret_key(key):
            yield from of_secret(key, value, edit)


def of_secret(key: str, value: str, edit: str) -> Iterator[Finding]:
    length = len(value.encode())
    if key == "JWT_SECRET_KEY" and length < JWT_KEY_MIN_BYTES:
        yield error(f"{key} is shorter than {JWT_KEY_MIN_BYTES} bytes: the API refuses to start", edit)
    elif key == "POSTGRES_PASSWORD" and length < PASSWORD_MIN_BYTES:
        yield warning(f"{key} is shorter than {PASSWORD_MIN_BYTES} bytes", edit)
    elif _PLACEHOLDER.fullmatch(value):
        yield warning(f"{key} is a placeholder", edit)
    elif len(set(value)) < 6:
        yield warning(f"{key} is made of very few different characters", edit)
