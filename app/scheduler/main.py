"""The clock: whoever leads runs the timetable, the others wait."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.exc import SQLAlchemyError

from app import alive, clock, db
from app.clients.provider import ProviderError
from app.clients.providers import open_provider
from app.scheduler.jobs import Job, timetable
from app.scheduler.leader import Leader, leader_for
from app.services import heartbeats, jobs
from app.settings import Settings, load_settings

PART = "scheduler"
TRY_TO_LEAD_EVERY_S = 1.0
LOOK_FOR_REQUESTS_EVERY_S = 1.0
LET_JOBS_FINISH_S = 6.0

log = logging.getLogger(__name__)


async def run(stop: asyncio.Event) -> None:
    """Until `stop`; running jobs are allowed to finish. Waiting for the lead counts as healthy."""
    settings = load_settings()
    entries = timetable(open_provider(settings, clock.now()), settings)
    leader = leader_for(settings.database_url.get_secret_value())
    is_in_trouble = False
    while not stop.is_set():
        try:
            leads = await asyncio.to_thread(leader.acquire)
        except SQLAlchemyError as error:
            if not is_in_trouble:  # said when it starts, not each time it is met
                log.warning("the database does not answer: %s", type(error).__name__)
            is_in_trouble = True
            await _sleep(stop, TRY_TO_LEAD_EVERY_S)
            continue
        is_in_trouble = False
        if leads:
            log.info("leading")
            try:
                await Term(leader, entries, settings).serve(stop)
            finally:
                await asyncio.to_thread(leader.release)
        else:
            heartbeats.touch(settings.heartbeat_dir, PART)
            await _sleep(stop, TRY_TO_LEAD_EVERY_S)


class Term:
    """One leadership, from taking the lock to losing it or stopping."""

    def __init__(self, leader: Leader, entries: tuple[Job, ...], settings: Settings) -> None:
        self._leader = leader
        self._entries = {job.name: job for job in entries}
        self._settings = settings
        self._over = asyncio.Event()
        self._at_work: set[asyncio.Task[None]] = set()

    async def serve(self, stop: asyncio.Event) -> None:
        if not await self._prepare(stop):
            return
        # Only ticks live in APScheduler: what is due is read from the database each time, so a late tick costs delay.
        clockwork = AsyncIOScheduler(
            timezone=clock.KST, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        clockwork.add_listener(_report, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
        for job in self._entries.values():
            clockwork.add_job(self._counted(self._tick), job.trigger, args=(job,), id=job.name)
        clockwork.add_job(
            self._counted(self._serve_requests), IntervalTrigger(seconds=LOOK_FOR_REQUESTS_EVERY_S), id="requests"
        )
        clockwork.start()
        try:
            await _first(stop, self._over)
        finally:
            clockwork.pause()
            if self._at_work:
                await asyncio.wait(self._at_work, timeout=LET_JOBS_FINISH_S)
            clockwork.shutdown(wait=False)

    async def _prepare(self, stop: asyncio.Event) -> bool:
        """Fill what must be there and catch up on missed slots; tries until the database and the source answer."""
        while not stop.is_set():
            if not await asyncio.to_thread(self._leader.is_held):
                return False
            if await asyncio.to_thread(self._start_up):
                return True
            await _sleep(stop, TRY_TO_LEAD_EVERY_S)
        return False

    def _start_up(self) -> bool:
        try:
            with db.transaction() as session:
                jobs.abandon_runs(session, clock.now())
        except SQLAlchemyError as error:
            log.warning("the database is not ready: %s", type(error).__name__)
            return False
        # Always, whatever ran today: nothing can be watched before the symbols are known.
        if not self._run(self._entries[jobs.UPDATE_SYMBOLS], slot=f"start-{clock.now().isoformat()}"):
            return False
        for job in self._entries.values():
            self._run(job, job.slot(clock.now()))
        return True

    async def _tick(self, job: Job) -> None:
        if await self._still_leads():
            await asyncio.to_thread(self._run, job, job.slot(clock.now()))

    async def _serve_requests(self) -> None:
        if await self._still_leads():
            await asyncio.to_thread(self._run_requested)

    async def _still_leads(self) -> bool:
        if not self._over.is_set() and not await asyncio.to_thread(self._leader.is_held):
            log.warning("no longer leading")
            self._over.set()
        return not self._over.is_set()

    def _run(self, job: Job, slot: str) -> bool:
        """Run a job unless its slot was run; failures are recorded, never raised. True when it did not fail."""
        try:
            with db.transaction() as session:
                run_id = jobs.start_run(session, job.name, slot, clock.now())
            return run_id is None or self._work(job, run_id)
        except SQLAlchemyError as error:
            log.error("%s: the database failed: %s", job.name, type(error).__name__)
            return False

    def _run_requested(self) -> None:
        try:
            # Taken and noted as running at once: a request is never taken and forgotten.
            with db.transaction() as session:
                started = jobs.start_requested(session, clock.now())
            if started and started[0] in self._entries:
                name, run_id = started
                self._work(self._entries[name], run_id)
        except SQLAlchemyError as error:
            log.warning("requests: the database failed: %s", type(error).__name__)

    def _work(self, job: Job, run_id: int) -> bool:
        outcome, detail = _attempt(job)
        alive.count("jobs run" if outcome == "ok" else "jobs failed")
        with db.transaction() as session:
            now = clock.now()
            jobs.finish_run(session, run_id, outcome, detail, now)
            # Only the evaluation is a sign of life: the other jobs may succeed for days while no alert is looked at.
            if job.name == jobs.CHECK_ALERTS or outcome == "failed":
                heartbeats.beat(session, PART, now, outcome, "" if outcome == "ok" else f"{job.name}: {detail}")
        if job.name == jobs.CHECK_ALERTS and outcome == "ok":
            heartbeats.touch(self._settings.heartbeat_dir, PART)
        return outcome == "ok"

    def _counted(self, work: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """Remember who is at work: APScheduler's own shutdown would cut them off."""

        async def counted(*arguments: object) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._at_work.add(task)
            try:
                await work(*arguments)
            finally:
                self._at_work.discard(task)

        return counted


def _attempt(job: Job) -> tuple[str, str]:
    try:
        return "ok", job.work()
    except ProviderError as error:
        log.warning("%s: %s", job.name, error)
        return "failed", str(error)
    except Exception as error:  # one broken job must not stop the others
        log.exception("%s failed", job.name)
        return "failed", type(error).__name__


def _report(event: JobEvent) -> None:
    names = {EVENT_JOB_ERROR: "failed", EVENT_JOB_MISSED: "was missed", EVENT_JOB_MAX_INSTANCES: "is still running"}
    log.warning("%s %s", event.job_id, names.get(event.code, "had an event"))


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def _first(*events: asyncio.Event) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
