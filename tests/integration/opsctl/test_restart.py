"""opsctl restart"""

import shutil

import pytest


def test_restart_gives_a_new_process_with_todays_environment(system):
    system.up()
    before = system.the_process()
    system.set_key("LOG_LEVEL", "DEBUG")

    done = system.opsctl("restart")

    assert done.code == 0, done
    assert system.ended(before)
    assert system.the_process().environ()["LOG_LEVEL"] == "DEBUG"
    assert "changed since the start: env (LOG_LEVEL)" in done.stderr
    assert done.stdout.startswith("development on local: all is well")


def test_naming_one_service_restarts_the_whole_process_and_says_so(system):
    system.up()

    plan = system.opsctl("restart", "bot", "--dry-run")

    assert plan.code == 0, plan
    assert plan.stdout == "restart api, bot, scheduler (one process)\n"


@pytest.mark.parametrize("words", [("bto",), ("api", "bto"), ("--", "-x")])
def test_wrong_name_is_answered_with_the_right_ones(system, words):
    system.up()
    before = system.the_process()

    done = system.opsctl("restart", *words)

    assert done.code == 2, done
    assert "choose from api, bot, scheduler" in done.stderr
    assert not system.ended(before)


def test_system_that_is_down_is_brought_up_by_up(system):
    system.up()
    system.opsctl("down")

    done = system.opsctl("restart")

    assert done.code == 5, done
    assert "nothing is running" in done.stderr
    assert "next: opsctl up" in done.stderr
    assert system.processes() == []


@pytest.mark.parametrize("words", ["restart", "up", "rebuild"])
def test_settings_that_would_not_start_cost_no_running_service(system, words):
    system.up()
    before = system.the_process()
    system.set_key("QUOTE_PROVIDER", "rumours")
    system.order(refuses="not ready: QUOTE_PROVIDER: Input should be 'replay'")

    done = system.opsctl(words, "--json")

    assert done.code == 5, done
    assert done.json["error"]["cause"] == "service.unstartable"
    assert done.json["error"]["message"].endswith("it was left running: QUOTE_PROVIDER: Input should be 'replay'")
    assert not system.ended(before)


def test_lost_log_folder_is_made_again(system):
    system.up()
    shutil.rmtree(system.folder / "logs")

    done = system.opsctl("restart")

    assert done.code == 0, done
    assert (system.folder / "logs").is_dir()


def test_service_that_does_not_come_back_is_said(system):
    system.up()
    system.order(dies="not ready: LOG_LEVEL: wrong")

    done = system.opsctl("restart", "--json")

    assert done.code == 1, done
    assert done.json["error"]["cause"] == "service.ended"
    assert "| not ready: LOG_LEVEL: wrong" in done.stderr
