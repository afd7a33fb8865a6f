"""The API answers at /ready."""

from opsctl.checks.context import Context
from opsctl.checks.finding import Finding, error, ok


def look(context: Context) -> list[Finding]:
    service = context.service("api")
    if service is None or not service.is_up:
        return [error("is not running", "opsctl up")]
    answer = context.readiness
    if answer is None:
        return [error(f"does not answer at {service.url or '/ready'}", "opsctl logs tail api")]
    if answer.status == "unavailable":
        failed = [f"{name}: {part.detail}" for name, part in answer.parts.items() if part.status == "failed"]
        return [error(f"cannot serve: {'; '.join(failed) or 'it is stopping'}", "opsctl logs tail api")]
    return [ok(f"{answer.status} at {service.url}")]
