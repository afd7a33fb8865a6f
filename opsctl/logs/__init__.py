"""Reading log files: lines, levels, rotation."""

from collections.abc import Mapping
from types import MappingProxyType

FILES: Mapping[str, str] = MappingProxyType({"api": "app.log", "bot": "bot.log", "scheduler": "scheduler.log"})
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def service_of(file_name: str) -> str:
    """The service that writes a log file, or the file's own stem when no service is known to."""
    base = file_name.split(".log", 1)[0]
    return next((service for service, name in FILES.items() if name == f"{base}.log"), base)
