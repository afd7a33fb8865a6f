import threading
import time

import pytest
from argon2 import PasswordHasher

from app.services import passwords


def test_hash_is_argon2id_with_at_least_what_owasp_names():
    assert passwords.hash_password("a long password").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_hundred_letters_are_compared_to_the_last():
    password_hash = passwords.hash_password("x" * 99 + "a")

    assert passwords.is_right("x" * 99 + "a", password_hash)
    assert not passwords.is_right("x" * 99 + "b", password_hash)


def test_hash_of_weaker_parameters_is_outdated():
    assert passwords.is_outdated(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"))
    assert not passwords.is_outdated(passwords.hash_password("x"))


@pytest.mark.parametrize("stored", [None, "", "dummy", "$argon2id$x"])
def test_account_without_a_usable_hash_lets_nobody_in(stored):
    assert not passwords.is_right("nobody's password", stored)


def test_unknown_account_takes_as_long_as_a_known_one():
    known = passwords.hash_password("a long password")

    def seconds(password_hash):
        started = time.process_time()
        for _ in range(5):
            passwords.is_right("wrong", password_hash)
        return time.process_time() - started

    assert seconds(None) > seconds(known) / 3


def test_crowd_at_the_door_does_not_take_all_memory(monkeypatch):
    at_once, most, lock = 0, 0, threading.Lock()

    class Slow:
        def verify(self, *_words):
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            time.sleep(0.02)
            with lock:
                at_once -= 1

        hash = verify

    monkeypatch.setattr(passwords, "_HASHER", Slow())
    crowd = [
        threading.Thread(target=work)
        for number in range(10)
        for work in (lambda: passwords.is_right("x", "y"), lambda: passwords.hash_password("x"))
    ]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()

    assert most == 4
