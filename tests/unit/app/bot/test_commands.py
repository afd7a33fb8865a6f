"""The table of commands, and the texts that go with it."""

import re
from datetime import UTC, datetime
from string import Formatter

import pytest
from sqlalchemy.orm import Session

from app.bot.calls import Call
from app.bot.commands import COMMANDS, show_help
from app.bot.replies import Asked
from app.texts import LANGUAGES, en, ko


def asked(words=ko, is_admin=False):
    now = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    call = Call(1, 7, 7, "Ada", "ko", "help", (), now, is_private=True, is_admin=is_admin)
    return Asked(call, None, words, now)


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
def test_help_names_the_commands_that_exist_and_no_others(words):
    text = show_help(Session(), asked(words, is_admin=True)).html

    named = set(re.findall(r"^/(\w+) - ", text, re.MULTILINE))
    assert named == {command.name for command in COMMANDS.values() if not command.is_alias}


def test_help_shows_administrators_commands_to_administrators_only():
    assert "admin_stats" not in show_help(Session(), asked()).html


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
def test_every_example_of_the_help_is_a_command(words):
    assert {example.split()[0][1:] for example in words.BOT_EXAMPLES.values()} <= set(COMMANDS)


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
def test_every_command_has_a_description_telegram_takes(words):
    assert set(words.BOT_COMMANDS) == set(COMMANDS)
    assert all(1 <= len(text) <= 256 for text in words.BOT_COMMANDS.values())
    assert all(re.fullmatch(r"[a-z0-9_]{1,32}", name) for name in COMMANDS)


def texts_of_the_bot(module):
    shared = ("BOT_", "PRICE_ALERT", "CONDITIONS", "RESENT", "LATE", "PART_OF_LONG_TEXT")
    return {name: value for name, value in vars(module).items() if name.startswith(shared)}


def placeholders(text):
    return sorted(field for _, field, _, _ in Formatter().parse(text) if field)


def test_refusals_of_the_services_say_the_same_in_both_languages():
    both = set(vars(ko)) & set(vars(en)) - set(texts_of_the_bot(ko))

    assert "ALERT_LIMIT_REACHED" in both
    for name in {name for name in both if name.isupper()}:
        assert placeholders(vars(ko)[name]) == placeholders(vars(en)[name]), name


def test_both_languages_say_the_same_things():
    korean, english = texts_of_the_bot(ko), texts_of_the_bot(en)

    assert korean.keys() == english.keys()
    for name, text in korean.items():
        if isinstance(text, str):
            assert placeholders(text) == placeholders(english[name]), name
        else:
            assert text.keys() == english[name].keys(), name
