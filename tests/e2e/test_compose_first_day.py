"""The first day on a server with Docker: real containers and PostgreSQL 17."""

from tests.e2e.deployment import until

CHAT = 700002


def test_alert_reaches_the_chat_exactly_once(compose, engine_telegram):
    bob = compose.account("bob")
    compose.link(bob, engine_telegram, CHAT)
    greetings = len(engine_telegram.texts(CHAT))

    created = bob.post("/alerts/", json={"symbol": "005930", "target_price": 90000, "condition": "gte"})

    assert created.status_code == 200, created.text
    until(lambda: len(engine_telegram.texts(CHAT)) > greetings, "the alert's message")
    until(lambda: not bob.get("/alerts/").json()[0]["is_active"], "the alert's new state")
    (message,) = engine_telegram.texts(CHAT)[greetings:]
    assert "삼성전자" in message
    assert "90,000원" in message


def test_status_shows_every_container_healthy(compose):
    status = compose.opsctl("status", "--json")

    assert status.code == 0, status
    health = {service["name"]: service["health"] for service in status.json["services"]}
    assert health == dict.fromkeys(("proxy", "api", "bot", "scheduler", "db"), "healthy")
    assert status.json["runtime"] == "compose"
    assert status.json["database"]["engine"] == "postgresql"
    assert status.json["database"]["revision"] == status.json["database"]["head"]


def test_second_up_touches_no_container(compose):
    before = compose.run("docker", "compose", "ps", "-q", "--no-trunc").stdout.split()

    again = compose.opsctl("up")

    assert again.code == 0, again
    assert sorted(compose.run("docker", "compose", "ps", "-q", "--no-trunc").stdout.split()) == sorted(before)


def test_only_the_api_is_published_and_only_on_loopback(compose):
    ports = compose.run("docker", "compose", "ps", "--format", "{{.Service}} {{.Ports}}").stdout

    published = [line for line in ports.splitlines() if "->" in line]
    assert len(published) == 1
    assert f"127.0.0.1:{compose.environment['API_PORT']}->" in published[0]


def test_containers_run_without_root_or_write_access(compose):
    for service in ("api", "bot", "scheduler"):
        who = compose.run("docker", "compose", "exec", "-T", service, "id", "-u")
        write = compose.run("docker", "compose", "exec", "-T", service, "touch", "/app/app/planted.py")

        assert who.code == 0, who
        assert who.stdout.strip() != "0"
        assert write.code != 0


def test_pytest_by_hand_works_in_the_api_container(compose):
    words = ("docker", "compose", "exec", "-T", "api", "pytest", "-q", "-x", "-p", "no:cacheprovider", "tests/unit/app")

    run = compose.run(*words)

    assert run.code == 0, run
    assert " passed" in run.stdout


def test_opsctl_test_uses_a_database_that_is_not_the_live_one(compose):
    users = compose.client().get("/health").status_code
    before = compose.opsctl("db", "backup", "--json").json["rows"]

    # the doors' contract and the unit tests: all of it is `opsctl test api`, and takes minutes
    chosen = ("tests/unit/app", "tests/integration/app/test_contract.py")
    run = compose.opsctl("test", "api", "--json", "--", *chosen, timeout_s=900)

    assert users == 200
    assert run.code == 0, run
    assert run.json["service"] == "api"
    assert run.json["passed"] > 0
    assert run.json["failed"] == 0
    assert (compose.folder / run.json["junit"]).is_file()
    after = compose.opsctl("db", "backup", "--json").json["rows"]
    assert after["app_users"] == before["app_users"]
