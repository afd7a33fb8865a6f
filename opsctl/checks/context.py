"""What the checks look at: each thing is asked for once, on first use, and a failure is remembered as well."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Generic, TypeVar

from opsctl import readiness, runtimes
from opsctl.databases import Place, asking
from opsctl.databases.asking import Question, Row
from opsctl.errors import OpsctlError
from opsctl.readiness import Readiness
from opsctl.runtimes import Runtime, Service
from opsctl.settings import Settings, load_settings

ASK_API_TIMEOUT_S = 2
T = TypeVar("T")

QUESTIONS = {
    "heartbeats": Question("heartbeats", "SELECT part, status, detail, beat_at FROM heartbeats"),
    "quotes": Question(
        "quotes",
        "SELECT count(*) AS count, max(traded_at) AS traded_at, max(received_at) AS received_at,"
        " max(fresh_until) AS fresh_until FROM quotes",
    ),
    "oldest_waiting": Question(
        "outbox",
        "SELECT count(*) AS count, min(created_at) AS created_at FROM outbox"
        " WHERE status = 'pending' AND (not_before IS NULL OR not_before <= CURRENT_TIMESTAMP)",
    ),
    "undelivered": Question(
        "outbox", "SELECT status, count(*) AS count FROM outbox WHERE status IN ('dead', 'unknown') GROUP BY status"
    ),
}


class Answer(Generic[T]):
    """A value, or the failure there was instead of it."""

    def __init__(self, ask: Callable[[], T]) -> None:
        self._value: T
        self.failure: OpsctlError | None = None
        try:
            self._value = ask()
        except OpsctlError as failure:
            self.failure = failure

    @property
    def value(self) -> T:
        """Raises the failure, every time."""
        if self.failure:
            raise self.failure
        return self._value


class Context:
    """Properties raise OpsctlError kinds, the same one each time they are asked."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.now = datetime.now(UTC)

    @property
    def settings(self) -> Settings:
        return self._settings.value

    @property
    def runtime(self) -> Runtime:
        return self._runtime.value

    @property
    def services(self) -> tuple[Service, ...]:
        return self._services.value

    @property
    def place(self) -> Place:
        return self._place.value

    @property
    def answers(self) -> Mapping[str, Sequence[Row] | None]:
        """The answers to QUESTIONS; None where the table is not there."""
        return self._answers.value

    def service(self, name: str) -> Service | None:
        return next((one for one in self.services if one.name == name), None)

    @cached_property
    def readiness(self) -> Readiness | None:
        """What the API says; None when it does not answer."""
        url = next((one.url for one in self.services if one.url), None)
        return readiness.ask(url, timeout_s=ASK_API_TIMEOUT_S) if url else None

    @cached_property
    def _settings(self) -> Answer[Settings]:
        return Answer(load_settings)

    @cached_property
    def _runtime(self) -> Answer[Runtime]:
        return Answer(lambda: runtimes.chosen(self.settings))

    @cached_property
    def _services(self) -> Answer[tuple[Service, ...]]:
        return Answer(lambda: self.runtime.services(self.settings))

    @cached_property
    def _place(self) -> Answer[Place]:
        return Answer(lambda: self.runtime.database(self.settings))

    @cached_property
    def _answers(self) -> Answer[Mapping[str, Sequence[Row] | None]]:
        return Answer(lambda: asking.ask(self.place, QUESTIONS))
