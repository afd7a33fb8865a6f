import base64
from urllib.parse import quote

from opsctl import redaction


def test_known_values_are_hidden_in_every_form():
    secret = "p@ss/word+1=2"
    redaction.remember([secret])

    forms = (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode())

    assert not any(form in redaction.hide(f"before {form} after") for form in forms)


def test_password_in_a_url_is_hidden_without_being_known():
    shown = redaction.hide("postgresql://ops:hunter2x@db:5432/shop")

    assert shown == "postgresql://ops:•••@db:5432/shop"


def test_bot_token_is_hidden_without_being_known():
    token = "123456789:" + "A" * 35

    assert token not in redaction.hide(f"POST https://api.telegram.org/bot{token}/getMe")


def test_short_values_do_not_blot_out_ordinary_words():
    redaction.remember(["a", "on", ""])

    assert redaction.hide("a button on a page") == "a button on a page"


def test_secret_keys_are_told_by_name():
    assert all(map(redaction.is_secret_key, ("POSTGRES_PASSWORD", "JWT_SECRET_KEY", "TELEGRAM_BOT_TOKEN")))
    assert not redaction.is_secret_key("API_PORT")
