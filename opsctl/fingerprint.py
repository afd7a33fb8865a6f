"""What something was started with, in a form that can be compared later and gives nothing away."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

KEY_FILE = "key"
SHORT = 32  # hexadecimal digits: 128 bits


def key_of(state_dir: Path) -> bytes | None:
    """The key of this folder's fingerprints, None when it has none yet."""
    try:
        return (state_dir / KEY_FILE).read_bytes()
    except OSError:
        return None


def make_key(state_dir: Path) -> bytes:
    """The key, made on first use. Without it a short password could be guessed from its fingerprint."""
    if found := key_of(state_dir):
        return found
    key = secrets.token_bytes(32)
    partial = state_dir / f"{KEY_FILE}.partial"
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
    partial.replace(state_dir / KEY_FILE)
    return key


def of_values(values: Mapping[str, str], key: bytes) -> dict[str, str]:
    """One keyed hash per value; the names stay readable."""
    return {name: hmac.new(key, value.encode(), "sha256").hexdigest()[:SHORT] for name, value in values.items()}


def of_files(files: Iterable[Path], root: Path) -> str:
    """One hash over the names and contents of these files, in whatever order they come; missing ones count as such."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(str(file.relative_to(root)).encode(errors="surrogateescape") + b"\0")
        try:
            content = hashlib.sha256(file.read_bytes()).digest()
        except OSError:
            content = b"missing"
        digest.update(content)
    return digest.hexdigest()[:SHORT]
