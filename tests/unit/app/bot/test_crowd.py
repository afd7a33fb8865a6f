from app.bot.poller import CALLS_PER_MINUTE, Crowd


def test_who_asks_too_much_is_told_once_and_welcome_again_a_minute_later():
    crowd = Crowd()

    answers = [crowd.is_welcome(7, 100.0) for _ in range(CALLS_PER_MINUTE + 3)]

    assert answers == [True] * CALLS_PER_MINUTE + [False, None, None]
    assert crowd.is_welcome(8, 100.0)
    assert crowd.is_welcome(7, 161.0)


def test_whoever_is_silent_is_forgotten():
    crowd = Crowd()
    for person in range(20_000):
        crowd.is_welcome(person, 100.0)

    crowd.is_welcome(1, 200.0)

    assert len(crowd._asked) == 1
