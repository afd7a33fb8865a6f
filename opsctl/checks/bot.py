"""The bot has a token, and its poller hears Telegram."""

import re

from opsctl import console
from opsctl.checks.context import Context
from opsctl.checks.finding import Finding, error, info, ok
from opsctl.databases.asking import moment

TOKEN = re.compile(r"\d{5,}:[A-Za-z0-9_-]{30,}")
SILENT_AFTER_S = 120


def look(context: Context) -> list[Finding]:
    file = context.settings.env_file.name
    token = context.settings.values.get("TELEGRAM_BOT_TOKEN", "")
    if not token:
        return [info("off: TELEGRAM_BOT_TOKEN is empty", f"set TELEGRAM_BOT_TOKEN in {file}, then opsctl up")]
    service = context.service("bot")
    if service is None or not service.is_up:
        return [error("is not running", "opsctl up")]
    row = next((row for row in context.answers["heartbeats"] or () if row["part"] == "bot"), None)
    beat_at = moment(row["beat_at"]) if row else None
    if row is None or beat_at is None:
        return [error("has never reported", "opsctl logs tail bot")]
    age_s = (context.now - beat_at).total_seconds()
    if age_s > SILENT_AFTER_S:
        return [error(f"last reported {console.duration(age_s)} ago", "opsctl logs tail bot")]
    if row["status"] == "failed":
        shape = "" if TOKEN.fullmatch(token) else f"; the token in {file} does not look like one"
        return [error(f"{row['detail'] or 'failed'}{shape}", "opsctl logs tail bot --level warning")]
    return [ok(f"{row['status']}: reported {console.duration(max(0, age_s))} ago")]
