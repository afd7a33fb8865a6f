"""The table of commands; help, Telegram's menu and the answers all come from it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.bot import accounts, admin, alerts, prices
from app.bot.rendering import escape
from app.bot.replies import Asked, Handler, Reply


@dataclass(frozen=True)
class Command:
    """Its description stands in BOT_COMMANDS of the texts. A stranger may only use `for_strangers`."""

    name: str
    handler: Handler
    for_strangers: bool = False
    for_admins: bool = False
    is_alias: bool = False
    """An older name: works, but is not advertised."""


def show_help(_session: Session, asked: Asked) -> Reply:
    lines = [asked.words.BOT_HELP_TITLE]
    for command in COMMANDS.values():
        if command.is_alias or (command.for_admins and not asked.call.is_admin):
            continue
        lines.append(f"/{command.name} - {describe(command, asked.words)}")
        if example := asked.words.BOT_EXAMPLES.get(command.name):
            lines.append(f"    <code>{escape(example)}</code>")
    return Reply("\n".join(lines))


def describe(command: Command, words: Any) -> str:
    return escape(words.BOT_COMMANDS[command.name])


COMMANDS = {
    command.name: command
    for command in (
        Command("start", accounts.start, for_strangers=True),
        Command("help", show_help, for_strangers=True),
        Command("alert", alerts.alert),
        Command("alert_list", alerts.list_alerts),
        Command("alert_remove", alerts.remove_alert),
        Command("alert_add", alerts.add_alert, is_alias=True),
        Command("set_price", alerts.add_alert, is_alias=True),
        Command("price", prices.price),
        Command("register", accounts.register, for_strangers=True),
        Command("unregister", accounts.unregister),
        Command("language", accounts.change_language),
        Command("admin_stats", admin.stats, for_admins=True),
    )
}
