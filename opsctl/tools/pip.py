"""Words for pip, and its answers."""

import json
import re
from pathlib import Path


def install_locked(lock: Path) -> tuple[str, ...]:
    """Exactly what the lock names: a file whose hash is not in it is refused, and nothing is built from source."""
    return ("-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "--requirement", str(lock))


def list_installed() -> tuple[str, ...]:
    return ("-m", "pip", "list", "--format", "json", "--disable-pip-version-check")


def read_list(output: str) -> dict[str, str]:
    """Versions by name, normalised as PEP 503 says."""
    return {re.sub(r"[-_.]+", "-", one["name"]).lower(): one["version"] for one in json.loads(output)}
