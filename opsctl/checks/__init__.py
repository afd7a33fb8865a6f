"""What doctor looks at, one small file per thing looked at, in the order of cause."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

from opsctl.checks.context import Context
from opsctl.checks.finding import Finding
from opsctl.errors import OpsctlError, of_the_machine

# Each check with those whose errors explain its own: when one of them failed, it is not looked at.
CHECKS: Mapping[str, tuple[str, ...]] = {
    "disk": (),
    "clock": (),
    "environment": (),
    "secrets": ("environment",),
    "engine": ("environment",),
    "database": ("disk", "secrets", "engine"),
    "migrations": ("database",),
    "processes": ("engine", "migrations"),
    "api": ("processes",),
    "bot": ("processes",),
    "scheduler": ("processes",),
    "prices": ("scheduler",),
    "outbox": ("bot",),
    "backups": ("environment",),
    "logs": ("environment",),
}


@dataclass(frozen=True)
class Result:
    """What one check found; `because` names the check whose error is the reason why it was not looked at."""

    check: str
    findings: tuple[Finding, ...] = ()
    because: str | None = None

    @property
    def has_error(self) -> bool:
        return any(finding.level == "error" for finding in self.findings)


def run(context: Context) -> list[Result]:
    """Every check in the order of cause; each chain ends at its first error."""
    results: dict[str, Result] = {}
    for name, needs in CHECKS.items():
        root = next((root for need in needs if (root := _root_of(results[need]))), None)
        results[name] = Result(name, because=root) if root else Result(name, _look(name, context))
    return list(results.values())


def _root_of(result: Result) -> str | None:
    return result.because or (result.check if result.has_error else None)


def _look(name: str, context: Context) -> tuple[Finding, ...]:
    """A check may let expected failures through: they are findings as well."""
    try:
        return tuple(import_module(f"{__name__}.{name}").look(context))
    except OpsctlError as failure:
        return (_finding(failure),)
    except OSError as error:
        if explained := of_the_machine(error):
            return (_finding(explained),)
        raise


def _finding(failure: OpsctlError) -> Finding:
    return Finding("error", str(failure).splitlines()[0], failure.hint)
