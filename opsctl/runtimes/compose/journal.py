"""What a replacement started from, on disk before anything changes: whoever comes next can put it back."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from opsctl.settings import Settings

FILE_NAME = "replacing.json"


@dataclass(frozen=True)
class Journal:
    image: str  # the name that builds move
    image_id: str | None  # what it stood for; None: nothing had been built
    old: Mapping[str, Mapping[str, bool]]  # by service: the containers there were, and whether they ran
    is_decided: bool = False  # the new containers serve; only removing the old ones is left


def write(settings: Settings, journal: Journal) -> None:
    settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = _file(settings)
    partial = file.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as target:
        json.dump(asdict(journal), target)
        target.flush()
        os.fsync(target.fileno())
    partial.replace(file)


def read(settings: Settings) -> Journal | None:
    """What an interrupted replacement left; None after an orderly end."""
    try:
        return Journal(**json.loads(_file(settings).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def clear(settings: Settings) -> None:
    _file(settings).unlink(missing_ok=True)


def _file(settings: Settings) -> Path:
    return settings.state_dir / FILE_NAME
