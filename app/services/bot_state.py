"""What the bot tells the other doors about itself."""

from sqlalchemy.orm import Session

from app.models import BotState
from app.services.inserting import insert

USERNAME = "bot_username"


def username(session: Session) -> str | None:
    """The bot's name on Telegram; None until it has been online once."""
    state = session.get(BotState, USERNAME)
    return state.value if state else None


def note_username(session: Session, name: str) -> None:
    new = insert(session, BotState).values(key=USERNAME, value=name)
    session.execute(new.on_conflict_do_update(index_elements=["key"], set_={"value": name}))
