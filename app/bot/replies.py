"""What a command gets to see, and what it gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.bot.calls import Call
from app.models import User

Keyboard = tuple[tuple[tuple[str, str], ...], ...]


@dataclass(frozen=True)
class Reply:
    """`html` with everything that came from outside escaped; `keyboard` is rows of (label, callback data)."""

    html: str
    keyboard: Keyboard = ()

    def payload(self) -> Mapping[str, Any]:
        return {"html": self.html, "keyboard": self.keyboard} if self.keyboard else {"html": self.html}


@dataclass(frozen=True)
class Asked:
    """A call with what is known about the caller; `words` are the texts in the caller's language."""

    call: Call
    account: User | None
    words: Any
    now: datetime

    @property
    def user(self) -> User:
        """The caller's account, for commands that need one."""
        assert self.account is not None
        return self.account


Handler = Callable[[Session, Asked], Reply]
