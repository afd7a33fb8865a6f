"""The reason table: each service beside the tree, the compose file and today's environment."""

from collections.abc import Mapping, Sequence

from opsctl.errors import NotReady
from opsctl.runtimes import APP_SERVICES, Change
from opsctl.runtimes.compose import containers, project, recipe
from opsctl.runtimes.compose.containers import Container
from opsctl.runtimes.compose.project import Wanted
from opsctl.settings import Settings

SERVICES = ("db", *APP_SERVICES, "proxy")  # in the order of dependence
NOT_BUILT, NOT_RUNNING = "image missing", "not running"


def table(settings: Settings, names: Sequence[str] = ()) -> tuple[Change, ...]:
    """One line per service, stale or not. Raises NotReady for a tree that has nothing to build from."""
    for needed in ("Dockerfile", "requirements.txt"):
        if not (settings.project / needed).is_file():
            raise NotReady(f"{needed} is missing", cause="project.incomplete", hint=f"git checkout -- {needed}")
    wanted = project.wanted(settings)
    tree = recipe.of_tree(settings.project)
    found = containers.of_project(settings)
    return tuple(
        _change(settings, service, wanted[service], tree, [one for one in found if one.service == service])
        for service in SERVICES
        if not names or service in names
    )


def _change(
    settings: Settings, service: str, wanted: Wanted, tree: Mapping[str, str], found: Sequence[Container]
) -> Change:
    made_of = _image_reasons(settings, service, tree, found) if service in APP_SERVICES else ()
    set_up = next((reasons for one in found if (reasons := setting_reasons(one, wanted))), ())
    if made_of:
        return Change(service, (*made_of, *set_up), "rebuild")
    if set_up:
        return Change(service, set_up, "recreate")
    return Change(service, () if found else (NOT_RUNNING,), "none")


def _image_reasons(
    settings: Settings, service: str, tree: Mapping[str, str], found: Sequence[Container]
) -> tuple[str, ...]:
    if found:
        return next((reasons for one in found if (reasons := recipe.reasons(service, tree, one.labels))), ())
    image = project.image_of(settings)
    if containers.image_id(image) is None:
        return (NOT_BUILT,)
    return recipe.reasons(service, tree, containers.image_labels(image))


def setting_reasons(container: Container, wanted: Wanted) -> tuple[str, ...]:
    """What of the compose file or the environment has changed since the container was made; keys, never values."""
    changed = sorted(key for key, value in wanted.environment.items() if container.environment.get(key) != value)
    if changed:
        return (f"env ({', '.join(changed)})",)
    return ("compose service",) if container.config_hash != wanted.config_hash else ()
