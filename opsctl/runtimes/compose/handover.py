"""Replacing containers so that the service goes on: new beside old, gate, drain; back to the old when the gate fails.

The API's new container starts beside the old one, and the proxy finds it. The bot and the scheduler are
one at a time (one poller, one leader), so the old one stops first and is kept until the new one is healthy.
"""

import time
from collections.abc import Sequence
from contextlib import suppress

from opsctl import console
from opsctl.runtimes import APP_SERVICES
from opsctl.runtimes.compose import building, containers, health, journal, project
from opsctl.runtimes.compose.containers import Container
from opsctl.runtimes.compose.journal import Journal
from opsctl.settings import Settings
from opsctl.tools import compose

BESIDE = ("api",)
BACK_WITHIN_S = 30  # how long an old container, started again, may take before the new ones go all the same


def all_or_nothing(settings: Settings, services: Sequence[str], *, build_first: bool) -> dict[str, float]:
    """Replace these services' containers, or none of them; gives the seconds until each was replaced.

    Raises OpsctlError (build.failed, rebuild.unhealthy, …) after what ran before runs again.
    """
    started = time.monotonic()
    entry = begin(settings, services)
    seconds = {}
    try:
        if build_first:
            building.build(settings)
        for service in services:
            console.progress(f"{service}: starting a new container")
            replace(settings, entry, service)
            seconds[service] = round(time.monotonic() - started, 1)
    except BaseException as failure:  # a signal, or a terminal that is gone: whatever it is, nothing stays half-way
        with suppress(OSError):
            console.warning(f"going back: {str(failure).partition(chr(10))[0] or 'interrupted'}")
        give_back(settings, entry)
        raise
    finish(settings, entry)
    return seconds


def repair(settings: Settings) -> None:
    """Bring to an end what a killed opsctl left half-way; nothing when there is nothing."""
    entry = journal.read(settings)
    if entry is None:
        return
    if entry.is_decided:
        console.warning("an interrupted replacement had succeeded: removing the old containers")
        finish(settings, entry)
    else:
        console.warning("an interrupted replacement: going back to the containers there were")
        give_back(settings, entry)


def begin(settings: Settings, services: Sequence[str]) -> Journal:
    """Put on disk what is there now."""
    found = containers.of_project(settings)
    image = project.image_of(settings)
    entry = Journal(
        image=image,
        image_id=_proven_image(image, found),
        old={service: {one.id: one.is_running for one in found if one.service == service} for service in services},
    )
    journal.write(settings, entry)
    return entry


def replace(settings: Settings, entry: Journal, service: str) -> None:
    """Hand one service over to new containers; raises Unhealthy, and leaves going back to the caller."""
    there = containers.of_project(settings, service)
    serving = [one for one in there if one.is_running]
    count = max(1, len(serving))
    project.run(settings, compose.create_beside(service, len(there) + count), timeout_s=120)
    new = [one for one in containers.of_project(settings, service) if one.id not in entry.old[service]]
    for position, one in enumerate(new):
        old = serving[position] if position < len(serving) else None
        (_beside if service in BESIDE else _in_place)(settings, old, one)


def give_back(settings: Settings, entry: Journal) -> None:
    """Run what ran before, and remove what came since. Harmless when nothing had happened yet."""
    for service, old in entry.old.items():
        there = {one.id: one for one in containers.of_project(settings, service)}
        new = [one for one in there.values() if one.id not in old]
        asleep = [one for name, ran in old.items() if ran and (one := there.get(name)) and not _serves(settings, one)]
        if service not in BESIDE:
            _remove(settings, new)
        for one in asleep:
            containers.start(one.id)
        if asleep and service in BESIDE:
            _let_them_serve(settings, asleep)
        _remove(settings, new if service in BESIDE else [])
    failed = containers.image_id(entry.image)
    if entry.image_id and failed and failed != entry.image_id:
        containers.tag_image(entry.image_id, entry.image)
        containers.remove_image_if_unused(failed)
    journal.clear(settings)


def finish(settings: Settings, entry: Journal) -> None:
    """The new containers serve: remove the old ones, and keep their image under the tag `previous`."""
    journal.write(settings, Journal(entry.image, entry.image_id, entry.old, is_decided=True))
    images = set()
    for service, old in entry.old.items():
        for one in containers.of_project(settings, service):
            if one.id in old:
                images.add(one.image)
                containers.remove(one.id)
    _keep_previous_image(entry, images)
    journal.clear(settings)


def _keep_previous_image(entry: Journal, images: set[str]) -> None:
    """One image to go back to; those that nothing needs any more would fill the disk."""
    if entry.image_id and containers.image_id(entry.image) != entry.image_id:
        before = containers.image_id(f"{entry.image}:previous")
        containers.tag_image(entry.image_id, entry.image, "previous")
        images |= {before} if before else set()
    for image in images:
        containers.remove_image_if_unused(image)


def _proven_image(image: str, found: Sequence[Container]) -> str | None:
    """What the image's name stood for when things were well: a build may have moved it to what nobody runs yet."""
    named = containers.image_id(image)
    running = [one.image for one in found if one.is_running and one.service in APP_SERVICES]
    return named if named in running or not running else running[0]


def _beside(settings: Settings, old: Container | None, new: Container) -> None:
    containers.start(new.id)
    health.wait_until_healthy(new.id, settings.runtime.ready_timeout_s)
    if old:
        time.sleep(settings.runtime.drain_s)
        containers.stop(old.id, settings.runtime.stop_timeout_s)


def _in_place(settings: Settings, old: Container | None, new: Container) -> None:
    if old:
        containers.stop(old.id, settings.runtime.stop_timeout_s)
    containers.start(new.id)
    health.wait_until_healthy(new.id, settings.runtime.ready_timeout_s)


def _serves(settings: Settings, old: Container) -> bool:
    """A container that was told to stop runs for a while: it is brought to its end, so that it can start again."""
    if not old.is_running:
        return False
    if containers.passes_its_check(old.id):
        return True
    containers.stop(old.id, settings.runtime.stop_timeout_s)
    return False


def _let_them_serve(settings: Settings, old: Sequence[Container]) -> None:
    for one in old:
        with suppress(health.Unhealthy):  # it is what there is; the new one is not better
            health.wait_until_healthy(one.id, BACK_WITHIN_S)
    time.sleep(settings.runtime.drain_s)


def _remove(settings: Settings, new: Sequence[Container]) -> None:
    for one in new:
        if one.is_running:
            containers.stop(one.id, settings.runtime.stop_timeout_s)
        containers.remove(one.id)
