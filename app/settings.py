"""The environment, read once into one frozen Settings."""

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.errors import NotReady

ENV_FILE = ".env"
JWT_KEY_MIN_BYTES = 32
SHIPPED_MARKET = Path(__file__).parent / "clients" / "replay_market"


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"
    TEST = "test"


class Settings(BaseSettings):
    """Keys are the field names in capitals; the process environment wins over the file."""

    model_config = SettingsConfigDict(env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True)

    app_env: Environment
    database_url: SecretStr = SecretStr("sqlite:///data/app.db")
    database_password: SecretStr = Field(
        default=SecretStr(""),
        validation_alias=AliasChoices("PGPASSWORD", "POSTGRES_PASSWORD"),
        description="only to redact it",
    )
    jwt_secret_key: SecretStr = SecretStr("")

    telegram_bot_token: SecretStr = SecretStr("")
    telegram_api_url: str = "https://api.telegram.org"
    telegram_admin_ids: Annotated[frozenset[int], NoDecode] = frozenset()

    quote_provider: Literal["replay"] = "replay"
    replay_dir: Path = SHIPPED_MARKET
    replay_step_seconds: float = Field(default=5, gt=0, le=3600)
    tick_seconds: float = Field(default=5, ge=0.1, le=3600)
    dart_api_key: SecretStr = SecretStr("")

    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8000, ge=0, le=65535)
    forwarded_allow_ips: str = ""
    lame_duck_seconds: float = Field(default=0, ge=0, le=60)

    log_dir: Path = Path("logs")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_max_bytes: int = Field(default=5 * 1024 * 1024, ge=1024)
    log_backup_count: int = Field(default=5, ge=1, le=1000)
    heartbeat_dir: Path = Path("data/heartbeats")

    @field_validator("telegram_admin_ids", mode="before")
    @classmethod
    def _split_ids(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _database_is_supported(cls, value: SecretStr) -> SecretStr:
        try:
            url = make_url(value.get_secret_value())
        except ArgumentError:
            raise ValueError("is not a database URL") from None
        if url.get_backend_name() not in ("sqlite", "postgresql"):
            raise ValueError("must begin with sqlite:/// or postgresql+psycopg://")
        if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
            raise ValueError("must name a file, such as sqlite:///data/app.db")
        return value

    @field_validator("telegram_api_url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        if urlsplit(value).scheme not in ("http", "https"):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @field_validator("jwt_secret_key")
    @classmethod
    def _key_is_long(cls, value: SecretStr) -> SecretStr:
        length = len(value.get_secret_value().encode())
        if 0 < length < JWT_KEY_MIN_BYTES:
            raise ValueError(f"must have at least {JWT_KEY_MIN_BYTES} bytes")
        return value

    @property
    def is_production(self) -> bool:
        return self.app_env is Environment.PRODUCTION

    def require_jwt_key(self) -> Self:
        """Raises NotReady without a signing key: an API that cannot sign must not start."""
        if not self.jwt_secret_key.get_secret_value():
            raise NotReady(f"JWT_SECRET_KEY is missing: set {JWT_KEY_MIN_BYTES} random bytes or more")
        return self

    def secrets(self) -> dict[str, str]:
        """Every secret value by its key, for the redactor; empty ones are left out."""
        found = {
            name.upper(): value.get_secret_value()
            for name in type(self).model_fields
            if isinstance(value := getattr(self, name), SecretStr) and name != "database_url"
        }
        found["DATABASE_URL"] = str(make_url(self.database_url.get_secret_value()).password or "")
        return {name: value for name, value in found.items() if value}


@cache
def load_settings() -> Settings:
    """Raises NotReady with one line that names each wrong key, never its value."""
    try:
        return Settings(_env_file=ENV_FILE)  # type: ignore[call-arg]  # fields come from the environment
    except ValidationError as error:
        raise NotReady("; ".join(_complaint(dict(problem)) for problem in error.errors(include_input=False))) from None
    except UnicodeDecodeError:
        raise NotReady(f"{ENV_FILE} is not UTF-8") from None


def _complaint(problem: dict[str, object]) -> str:
    location = problem["loc"]
    key = str(location[0]).upper() if isinstance(location, tuple) and location else "settings"
    if problem["type"] == "missing":
        return f"{key} is missing"
    return f"{key}: {str(problem['msg']).removeprefix('Value error, ')}"
