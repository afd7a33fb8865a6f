"""Building the image that the api, the bot and the scheduler share."""

from opsctl import console
from opsctl.errors import OpsctlError
from opsctl.process import ProgramFailed
from opsctl.runtimes import APP_SERVICES
from opsctl.runtimes.compose import containers, project, recipe
from opsctl.settings import Settings
from opsctl.tools import compose

TIMEOUT_S = 1800


def build(settings: Settings) -> None:
    """Build from the tree, with its fingerprints as labels. A build that fails leaves the image there was."""
    console.progress("building the image (a minute or two when requirements.txt has changed)")
    labels = recipe.variables(recipe.of_tree(settings.project))
    try:
        project.run(settings, compose.build("api"), timeout_s=TIMEOUT_S, **labels)
    except ProgramFailed as failure:
        raise OpsctlError(
            f"the image was not built; what was there before goes on\n{str(failure).partition(chr(10))[2]}",
            cause="build.failed",
            hint="docker compose build api",
        ) from None


def build_if_stale(settings: Settings) -> None:
    """Build unless the image is there and was made from this very tree."""
    image = project.image_of(settings)
    if containers.image_id(image) is not None:
        tree, labels = recipe.of_tree(settings.project), containers.image_labels(image)
        if not any(recipe.reasons(service, tree, labels) for service in APP_SERVICES):
            return
    build(settings)
