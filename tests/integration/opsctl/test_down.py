"""opsctl down"""


def test_down_leaves_no_process_and_all_data(system):
    system.up()
    process = system.the_process()
    database = (system.folder / "data" / "app.db").read_bytes()

    done = system.opsctl("down")

    assert done.code == 0, done
    assert done.stdout == "stopped api, bot, scheduler; the data stays\n"
    assert system.ended(process)
    assert system.processes() == []
    assert (system.folder / "data" / "app.db").read_bytes() == database
    assert (system.folder / ".env").readlink().name == ".env.development"


def test_second_down_is_harmless(system):
    system.up()
    system.opsctl("down")

    again = system.opsctl("down")

    assert again.code == 0, again
    assert again.stdout == "nothing was running\n"


def test_process_that_does_not_listen_is_killed_and_that_is_said(system):
    system.order(ignores_sigterm=True)
    system.up()
    pid = system.the_process().pid

    done = system.opsctl("down", OPSCTL_RUNTIME_STOP_TIMEOUT_S="1")

    assert done.code == 0, done
    assert f"warning: pid {pid} did not end within 1 s after SIGTERM: killed" in done.stderr
    assert system.processes() == []


def test_dry_run_stops_nothing(system):
    system.up()

    plan = system.opsctl("down", "--dry-run", "--json")

    assert plan.json == {"runtime": "local", "stop": ["api", "bot", "scheduler"]}
    assert len(system.processes()) == 1


def test_down_forgets_a_process_that_died(system):
    system.up()
    system.the_process().kill()

    done = system.opsctl("down")

    assert done.code == 0, done
    assert "ended without being stopped" not in system.opsctl("status").stdout


def test_down_without_an_up_says_what_is_missing(system):
    done = system.opsctl("down")

    assert done.code == 5, done
    assert "[environment.unknown]" in done.stderr


def test_every_change_is_in_the_audit_log(system):
    system.up()
    system.opsctl("down")

    lines = (system.folder / ".opsctl" / "history.jsonl").read_text()

    assert lines.count('"command": "up"') == 1
    assert '"stopped": ["api", "bot", "scheduler"]' in lines
