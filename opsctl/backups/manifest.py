"""What a backup says about itself, with a hash over all of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opsctl.backups import names
from opsctl.databases import Contents, TableContents
from opsctl.errors import Refused

FILE_NAME = "manifest.json"
FORMAT = 1
LARGEST_BYTES = 8 * 2**20  # ten thousand tables; a manifest that is larger is none of ours
HASH = "self_sha256"


@dataclass(frozen=True)
class Manifest:
    """Times in UTC, sizes in bytes. `database` is the name of the database that was backed up."""

    id: str
    engine: str  # postgresql or sqlite
    engine_version: str
    tool_version: str
    database: str
    environment: str
    label: str
    started_at: datetime
    seconds: float
    data_file: str
    bytes: int
    sha256: str
    database_bytes: int  # of the database on disk: what a restore needs beside the live one
    contents: Contents

    def to_json(self) -> str:
        document = asdict(self) | {"format": FORMAT, "started_at": self.started_at.isoformat()}
        return json.dumps(document | {HASH: _hash_of(document)}, ensure_ascii=False, indent=1) + "\n"


def read(folder: Path) -> Manifest:
    """The manifest in a backup's folder. Raises Refused (`backup.corrupt`) unless every word of it is as written."""
    file = folder / FILE_NAME
    try:
        if file.is_symlink() or file.stat().st_size > LARGEST_BYTES:
            raise corrupt(folder, f"{FILE_NAME} is not a file of ours")
        text = file.read_bytes().decode("utf-8")
        document = json.loads(text)
        said = document.pop(HASH)
        if document["format"] != FORMAT:
            raise corrupt(folder, f"{FILE_NAME} has format {document['format']!r}, this opsctl reads {FORMAT}")
        if said != _hash_of(document):
            raise corrupt(folder, f"{FILE_NAME} does not have the hash that it says")
        manifest = _from(document)
    except FileNotFoundError:
        raise corrupt(folder, f"{FILE_NAME} is missing") from None
    except OSError as error:
        raise corrupt(folder, f"{FILE_NAME} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise corrupt(folder, f"{FILE_NAME} cannot be understood ({type(error).__name__})") from None
    if manifest.to_json() != text:  # down to the last blank
        raise corrupt(folder, f"{FILE_NAME} is not as it was written")
    if manifest.id != folder.name:
        raise corrupt(folder, f"{FILE_NAME} belongs to {manifest.id}")
    return manifest


def corrupt(folder: Path, why: str) -> Refused:
    return Refused(f"backup {folder.name}: {why}", cause="backup.corrupt", hint="opsctl db verify --all")


def _from(document: Mapping[str, Any]) -> Manifest:
    plain = {key: document[key] for key in _PLAIN}
    for key, kind in _PLAIN.items():
        if not isinstance(plain[key], kind) or isinstance(plain[key], bool):
            raise TypeError(key)
    if not names.is_name(document["id"]) or Path(document["data_file"]).name != document["data_file"]:
        raise ValueError(document["id"])
    return Manifest(
        **plain,
        started_at=datetime.fromisoformat(document["started_at"]).astimezone(UTC),
        contents=_contents(document["contents"]),
    )


_PLAIN: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "engine": str,
    "engine_version": str,
    "tool_version": str,
    "database": str,
    "environment": str,
    "label": str,
    "seconds": (int, float),
    "data_file": str,
    "bytes": int,
    "sha256": str,
    "database_bytes": int,
}


def _contents(document: Mapping[str, Any]) -> Contents:
    return Contents(
        tables={name: TableContents(**table) for name, table in document["tables"].items()},
        sequences=dict(document["sequences"]),
        revision=document["revision"],
    )


def _hash_of(document: Mapping[str, Any]) -> str:
    canonical = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
