"""What of the environment and the compose file has changed since a container was made."""

from opsctl.runtimes.compose.containers import Container
from opsctl.runtimes.compose.project import Wanted
from opsctl.runtimes.compose.staleness import setting_reasons


def container(config_hash: str, **environment: str) -> Container:
    return Container(
        id="c1",
        name="stockalert-bot-1",
        service="bot",
        number=1,
        image="sha256:1",
        status="running",
        health="healthy",
        restarts=0,
        exit_code=0,
        started_at=None,
        labels={"com.docker.compose.config-hash": config_hash},
        environment=environment,
        checks=(),
    )


def test_container_made_of_the_same_is_not_stale():
    assert setting_reasons(container("a", LOG_LEVEL="INFO", PATH="/bin"), Wanted("a", {"LOG_LEVEL": "INFO"})) == ()


def test_changed_keys_are_named_and_their_values_are_not():
    now = Wanted("b", {"TELEGRAM_BOT_TOKEN": "new", "LOG_LEVEL": "INFO", "TICK_SECONDS": "5"})

    reasons = setting_reasons(container("a", TELEGRAM_BOT_TOKEN="old", LOG_LEVEL="INFO"), now)

    assert reasons == ("env (TELEGRAM_BOT_TOKEN, TICK_SECONDS)",)


def test_anything_else_in_the_compose_file_is_a_reason_too():
    assert setting_reasons(container("a"), Wanted("b", {})) == ("compose service",)
