"""The image and its containers: what is in them, and what they may not do."""

import json

import pytest

from opsctl.runtimes.compose import recipe

APP = ("api", "bot", "scheduler")
EVERYTHING = ("db", *APP, "proxy")


@pytest.fixture(scope="module")
def inspected(compose) -> dict[str, dict]:
    """What the engine says about the container of each service."""
    found = {}
    for service in EVERYTHING:
        container = compose.run("docker", "compose", "ps", "-q", service).stdout.split()[0]
        found[service] = json.loads(compose.run("docker", "inspect", container).stdout)[0]
    return found


def secrets_of(compose) -> list[str]:
    lines = (compose.folder / ".env.development").read_text(encoding="utf-8").splitlines()
    keys = ("POSTGRES_PASSWORD", "JWT_SECRET_KEY")
    return [value for key, _, value in (line.partition("=") for line in lines) if key in keys]


def test_image_holds_what_its_labels_vouch_for_and_nothing_else(compose):
    listed = compose.run(
        "docker", "compose", "exec", "-T", "api", "find", "/app", "-type", "f", "-not", "-name", "*.pyc"
    )
    in_image = {name.removeprefix("/app/") for name in listed.stdout.split() if not name.startswith("/app/logs/")}

    project = compose.folder
    vouched = {
        *(project / name for name in ("requirements.txt", "pyproject.toml", ".env.example", "alembic.ini")),
        *recipe.tests_of_the_app(project),
        *recipe.files_in(project / "app"),
        *recipe.files_in(project / "migrations"),
    }
    assert in_image == {str(file.relative_to(project)) for file in vouched}


def test_no_secret_is_in_the_image(compose, inspected):
    image = inspected["api"]["Image"]
    history = compose.run("docker", "history", "--no-trunc", image).stdout
    description = compose.run("docker", "image", "inspect", image).stdout

    values = secrets_of(compose)
    assert len(values) == 2
    for value in values:
        assert value not in history + description


def test_each_service_gets_only_the_keys_it_needs(inspected):
    keys = {service: {pair.partition("=")[0] for pair in inspected[service]["Config"]["Env"]} for service in APP}

    assert [service for service in APP if "JWT_SECRET_KEY" in keys[service]] == ["api"]
    assert [service for service in APP if "TELEGRAM_BOT_TOKEN" in keys[service]] == ["bot"]


@pytest.mark.parametrize("service", EVERYTHING)
def test_container_has_no_more_rights_than_it_needs(inspected, service):
    limits = inspected[service]["HostConfig"]

    assert limits["ReadonlyRootfs"] is True
    assert limits["CapDrop"] == ["ALL"]
    assert limits["SecurityOpt"] == ["no-new-privileges:true"]
    assert limits["Privileged"] is False
    assert limits["Memory"] > 0
    assert limits["PidsLimit"] > 0
    assert limits["RestartPolicy"]["Name"] == "unless-stopped"
    assert limits["LogConfig"]["Config"].keys() >= {"max-size", "max-file"}
    assert "docker.sock" not in json.dumps(inspected[service]["Mounts"])
    assert inspected[service]["State"]["Health"]["Status"] == "healthy"


def test_the_database_is_out_of_the_proxys_reach(compose):
    knock = "exec 3<>/dev/tcp/db/5432"

    from_api = compose.run("docker", "compose", "exec", "-T", "api", "bash", "-c", knock)
    from_proxy = compose.run("docker", "compose", "exec", "-T", "proxy", "bash", "-c", knock)

    assert from_api.code == 0, from_api
    assert from_proxy.code != 0, from_proxy


def test_compose_typed_by_hand_finds_nothing_to_change(compose):
    assert compose.opsctl("up").code == 0

    by_hand = compose.run("docker", "compose", "up", "--detach", "--dry-run")

    assert by_hand.code == 0, by_hand
    assert "Recreate" not in by_hand.stderr
    assert "Creating" not in by_hand.stderr
