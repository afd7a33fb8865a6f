import itertools
from math import inf

import pytest

from app.bot.pacer import CHAT_GAP_S, FALL, GROUP_LIMIT, HOLD_MARGIN_S, MAX_PER_S, Candidate, Pacer


def drain(pacer: Pacer, waiting: list[Candidate], until_s: float, latency_s: float = 0.0) -> list[tuple[float, int]]:
    """Send everything as the sender does, on a clock of its own; gives (moment, chat)."""
    sent, now = [], 0.0
    while waiting and now < until_s:
        chosen, wait_s = pacer.choose(waiting, now)
        if chosen is None or (wait_s := pacer.wire_wait(now)) > 0:
            now += wait_s
            continue
        waiting.remove(chosen)
        pacer.begin(chosen.chat_id)
        pacer.take_wire(now)
        sent.append((now, chosen.chat_id))
        pacer.finish(chosen.chat_id, now + latency_s)
        pacer.succeed(chosen.chat_id)
    return sent


def test_no_second_holds_more_than_the_allowed_messages():
    sent = drain(Pacer(), [Candidate(10, number, number) for number in range(1, 201)], 60)

    busiest = max(sum(start <= moment < start + 1 for moment, _ in sent) for start, _ in sent)
    assert len(sent) == 200
    assert busiest <= MAX_PER_S + 1 <= 29
    assert sent[-1][0] == pytest.approx(199 / MAX_PER_S, rel=0.05)


def test_one_chat_gets_at_most_one_message_a_second():
    sent = drain(Pacer(), [Candidate(10, number, 7) for number in range(1, 6)], 60)

    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(sent)]
    assert len(sent) == 5
    assert min(gaps) >= CHAT_GAP_S


def test_hot_chat_does_not_delay_the_others():
    hot = [Candidate(10, number, 7) for number in range(1, 22)]
    others = [Candidate(10, 100 + number, 1000 + number) for number in range(50)]

    sent = drain(Pacer(), hot + others, 60)

    assert max(moment for moment, chat_id in sent if chat_id != 7) < 3


def test_group_gets_at_most_twenty_messages_a_minute():
    sent = drain(Pacer(), [Candidate(10, number, -100) for number in range(1, 46)], 200)

    for start, _ in sent:
        assert sum(start <= moment < start + 60 for moment, _ in sent) <= GROUP_LIMIT
    assert len(sent) == 45


def test_reply_goes_before_older_alerts():
    alerts = [Candidate(10, number, number) for number in range(1, 10)]

    chosen, _ = Pacer().choose([*alerts, Candidate(0, 99, 99)], 0.0)

    assert chosen == Candidate(0, 99, 99)


def test_chat_with_a_message_under_way_waits_for_its_answer():
    pacer = Pacer()
    pacer.begin(7)

    assert pacer.choose([Candidate(10, 1, 7)], 100.0) == (None, inf)
    pacer.finish(7, 100.0)
    assert pacer.chat_wait(7, 100.0) == CHAT_GAP_S


def test_first_429_silences_everybody_for_the_told_time():
    pacer = Pacer()

    is_for_all = pacer.hold(7, 5, now=100.0)

    assert is_for_all
    assert pacer.wire_wait(100.0) == 5 + HOLD_MARGIN_S
    assert pacer.rate_per_s < MAX_PER_S


def test_chat_with_a_limit_of_its_own_does_not_starve_the_others():
    pacer = Pacer()
    pacer.hold(7, 5, now=100.0)
    pacer.succeed(8)

    is_for_all = pacer.hold(7, 3600, now=106.0)

    assert not is_for_all
    assert pacer.wire_wait(106.0) == 0
    assert pacer.chat_wait(7, 106.0) > 3600


def test_rate_falls_once_for_one_burst_and_recovers_with_success():
    pacer = Pacer()
    for chat_id in range(5):
        pacer.hold(chat_id, 1, now=100.0)
    fallen = pacer.rate_per_s

    for _ in range(1000):
        pacer.succeed(1)

    assert fallen == pytest.approx(MAX_PER_S * FALL)
    assert pacer.rate_per_s == MAX_PER_S


def test_back_off_doubles_until_a_success():
    pacer, pauses, now = Pacer(), [], 100.0
    for _ in range(7):
        pacer.back_off(now)
        pauses.append(pacer.wire_wait(now))
        now = pacer.held_until
    pacer.succeed(1)
    pacer.back_off(now)

    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert pacer.wire_wait(now) == 1


def test_failures_of_one_burst_count_once():
    pacer = Pacer()

    for _ in range(12):
        pacer.back_off(100.0)

    assert pacer.wire_wait(100.0) == 1


def test_single_failures_do_not_slow_anybody_down():
    pacer = Pacer()

    pacer.back_off(100.0, tolerate=2)
    pacer.back_off(100.0, tolerate=2)

    assert not pacer.is_held(100.0)
    assert not pacer.is_in_trouble


def test_shorter_hold_never_ends_a_longer_one():
    pacer = Pacer()
    pacer.hold_all(500.0)

    pacer.back_off(100.0)

    assert pacer.held_until == 500.0
