"""What the operator's checks see of real containers."""

import pytest


@pytest.fixture
def restored(compose):
    """Files that a test changes, put back afterwards."""
    kept = {}

    def change(name, change_it):
        file = compose.folder / name
        kept[file] = file.read_text()
        file.write_text(change_it(kept[file]))

    yield change
    for file, text in kept.items():
        file.write_text(text)


def test_doctor_finds_no_error_in_a_system_that_runs(compose):
    found = compose.opsctl("doctor", "--json", timeout_s=60).json

    assert [one for one in found["findings"] if one["level"] == "error"] == []
    assert {one["check"] for one in found["findings"]} >= {"engine", "database", "api", "bot", "scheduler", "logs"}
    assert found["not_looked_at"] == []


def test_doctor_names_the_engine_first_when_it_does_not_answer(compose):
    found = compose.opsctl("doctor", "--json", DOCKER_HOST="unix:///nonexistent", timeout_s=60)

    assert found.code == 3
    because = {one["check"]: one["because"] for one in found.json["not_looked_at"]}
    assert because["database"] == because["api"] == "engine"


def test_logs_of_containers_are_written_by_one_process_each_and_limited(compose):
    checked = compose.opsctl("logs", "check", "--json")
    listed = compose.opsctl("logs", "list", "--json").json

    assert [one for one in checked.json["findings"] if one["level"] != "info"] == []
    assert {log["service"] for log in listed["logs"]} == {"api", "bot", "scheduler"}
    assert all(one["max_size"] for one in listed["containers"])
    assert {one["service"] for one in listed["containers"]} >= {"api", "bot", "db", "proxy", "scheduler"}


def test_lines_of_containers_are_shown_together(compose):
    lines = compose.opsctl("logs", "tail", "-n", "1000", "--json").json["lines"]

    assert {line["service"] for line in lines} == {"api", "bot", "scheduler"}
    assert [line["moment"] for line in lines] == sorted(line["moment"] for line in lines)


def test_a_locked_package_that_containers_lack_is_named_for_each_with_its_rebuild(compose, restored):
    restored("requirements.txt", lambda text: text + "not-here-yet==1.0 \\\n    --hash=sha256:00\n")

    checked = compose.opsctl("deps", "check", "--json")

    assert checked.code == 3
    assert [(gap["package"], gap["where"], gap["command"]) for gap in checked.json["gaps"]] == [
        ("not-here-yet", f"container {service}", f"opsctl rebuild {service}") for service in ("api", "bot", "scheduler")
    ]


def test_a_new_migration_is_built_into_the_image_and_applied_after_a_backup(compose):
    head = compose.opsctl("migrate", "status", "--json").json["head"]
    revision = compose.folder / "migrations" / "versions" / "zz_nothing.py"
    revision.write_text(f'"""Nothing."""\nrevision = "zz"\ndown_revision = "{head}"\n\n\ndef upgrade() -> None: ...\n')

    waiting = compose.opsctl("migrate", "status", "--json")
    upgraded = compose.opsctl("migrate", "upgrade", "--json", timeout_s=900)

    assert (waiting.code, [step["summary"] for step in waiting.json["pending"]]) == (3, ["Nothing."])
    assert upgraded.code == 0, upgraded
    assert (upgraded.json["previous"], upgraded.json["current"]) == (head, "zz")
    assert (compose.folder / "backups" / upgraded.json["backup"] / "manifest.json").exists()
    assert compose.opsctl("migrate", "status").code == 0

    rebuilt = compose.opsctl("rebuild", timeout_s=900)
    assert rebuilt.code == 0, rebuilt
    processes = [one for one in compose.opsctl("doctor", "--json").json["findings"] if one["check"] == "processes"]
    assert [one["level"] for one in processes] == ["ok"]
