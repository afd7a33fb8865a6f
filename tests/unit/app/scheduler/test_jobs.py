from datetime import UTC, datetime, time, timedelta

import pytest

from app.scheduler.jobs import daily, every


@pytest.mark.parametrize(
    ("moment", "slot"),
    [
        ("2026-11-23T08:59:59", "2026-11-22"),
        ("2026-11-23T09:00:00", "2026-11-23"),
        ("2026-11-23T15:00:00", "2026-11-23"),  # midnight in Korea belongs to the evening before
        ("2026-11-24T08:59:59", "2026-11-23"),
    ],
)
def test_daily_slot_is_the_korean_day_of_the_last_due_moment(moment, slot):
    _, slot_of = daily(time(18, 0))

    assert slot_of(datetime.fromisoformat(moment).replace(tzinfo=UTC)) == slot


def test_run_a_little_early_or_late_belongs_to_its_own_slot():
    trigger, slot_of = every(timedelta(seconds=5))
    first = trigger.get_next_fire_time(None, datetime.now(UTC))
    fires = [first + timedelta(seconds=5 * number) for number in range(10)]

    slots = [slot_of(moment + jitter) for moment in fires for jitter in (timedelta(seconds=-2), timedelta(seconds=2))]

    assert len(set(slots)) == 10
    assert slots[::2] == slots[1::2]


def test_fractions_of_a_second_have_slots_too():
    _, slot_of = every(timedelta(seconds=0.5))
    start = datetime(2026, 11, 23, tzinfo=UTC)

    assert len({slot_of(start + timedelta(seconds=number / 2)) for number in range(10)}) == 10
