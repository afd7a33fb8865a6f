"""The question before data is destroyed, and who may leave it out."""

from opsctl import console
from opsctl.errors import Refused
from opsctl.settings import Settings


def require(settings: Settings, *, name: str, what: str, yes: bool, confirm: str, command: str) -> None:
    """Go on only when a person wants it: `--yes` is enough in development, production wants the name typed.

    `what` says what would be lost. Raises Refused, with nothing changed.
    """
    if confirm and confirm != name:
        raise Refused(
            f"--confirm says {confirm!r}, the database is {name!r}",
            cause="confirm.wrong",
            hint=f"{command} --confirm {name}",
        )
    if confirm or (yes and not settings.is_production):
        return
    wanted = name if settings.is_production else "yes"
    typed = console.answer(f"{what}\nType {wanted!r} to go on:")
    if typed is not None and typed.strip().lower() == wanted.lower():
        return
    flag = f"--confirm {name}" if settings.is_production else "--yes"
    nobody = "there is nobody to ask" if typed is None else "it was not confirmed"
    raise Refused(f"{nobody}; nothing was changed", cause="confirm.missing", hint=f"{command} {flag}")
