"""What an operator can set, once, at the entry point: `OSA_…` in the environment, flags before
it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import AfterValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from osa.conventions.addresses import AllowList

_GIB = 1024**3


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


class Settings(BaseSettings):
    """Every setting of server and worker. The name in the environment is `OSA_` and the name
    here."""

    model_config = SettingsConfigDict(env_prefix="OSA_", frozen=True, extra="ignore")

    data_dir: Annotated[Path, AfterValidator(_absolute)] = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("osa")),
        description="The folder of the archive: files, and the SQLite database unless another is"
        " set.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="A PostgreSQL database, `postgresql+psycopg://user@host/name`; SQLite in the"
        " data folder when unset.",
    )
    admin_token: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="A token with all scopes for the tenant `default`, set from outside.",
    )
    domain: str = Field(
        default="localhost",
        pattern=r"^[A-Za-z0-9.-]{1,253}$",
        description="The archive's name in SRNs: `urn:osa:{domain}:…`.",
    )
    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="The port; 0 takes a free one.")
    workers: int = Field(
        default=1, ge=0, le=64, description="Worker processes that `osa serve` starts; 0 for none."
    )
    slots: int = Field(
        default=2, ge=1, le=64, description="Ingestions that one worker runs at the same time."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="What is logged: debug, info, warning or error."
    )
    log_lines_kept: int = Field(
        default=10_000,
        ge=100,
        le=1_000_000,
        description="Lines that are kept of one ingestion's log; the oldest go.",
    )
    json_body_max_bytes: int = Field(
        default=8 * 1024**2, ge=1024, description="Bytes of a JSON body at most."
    )
    upload_max_bytes: int = Field(
        default=16 * _GIB, ge=1024, description="Bytes of one upload at most."
    )
    upload_keep_seconds: int = Field(
        default=7 * 24 * 3600, ge=60, description="How long an upload can be named in a start."
    )
    retention_seconds: int | None = Field(
        default=None,
        ge=60,
        le=3_153_600_000,
        description="How long an ended ingestion is kept; what it published stays. Else for ever.",
    )
    source_max_bytes: int = Field(
        default=8 * _GIB, ge=1024, description="Bytes read from one source at most."
    )
    min_free_bytes: int = Field(
        default=256 * 1024**2,
        ge=0,
        description="Bytes that stay free on the data disk; below it nothing is accepted.",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Hosts, host:port or networks that sources may be on although they are not"
        " public; comma-separated.",
    )
    file_roots: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(),
        description="Folders below which `file:` sources are allowed; comma-separated, none by"
        " default.",
    )
    mago_command: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="The command that `mago-terrain` runs, quoted as in a shell, as"
        " `java -Xmx8g -jar /opt/mago-3d-terrainer.jar`.",
    )
    stale_after_seconds: float = Field(
        default=30.0,
        ge=1.0,
        description="A worker that gave no sign of life for so long is given up on.",
    )
    max_fruitless_attempts: int = Field(
        default=3,
        ge=1,
        le=100,
        description="Attempts in a row that may commit nothing before the ingestion fails.",
    )
    backoff_seconds: float = Field(
        default=5.0,
        gt=0,
        description="The first wait for a source that did not answer; doubled, with full jitter,"
        " up to backoff_max_seconds.",
    )
    backoff_max_seconds: float = Field(
        default=600.0, gt=0, description="The longest wait for a source that did not answer."
    )
    max_running_per_tenant: int | None = Field(
        default=None,
        ge=1,
        description="Ingestions of one tenant that may run at the same time; the others wait.",
    )
    max_running_per_convention: Annotated[dict[str, int], NoDecode] = Field(
        default_factory=dict,
        description="Ingestions of a convention that may run at the same time, as"
        " `nc-to-geotiff=2,documents=8`; the others wait.",
    )
    poll_interval_seconds: float = Field(
        default=0.1, ge=0.01, le=10, description="How often a worker looks for work."
    )
    sweep_interval_seconds: float = Field(
        default=1.0,
        ge=0.1,
        le=60,
        description="How often deadlines and lost workers are looked at.",
    )
    shutdown_grace_seconds: float = Field(
        default=30.0, ge=0, description="How long a stopping worker waits for its running batches."
    )
    slot_memory_bytes: int = Field(
        default=8 * _GIB, ge=64 * 1024**2, description="Memory one running ingestion may use."
    )
    slot_seconds: float = Field(
        default=7 * 24 * 3600.0, gt=0, description="How long one attempt may take."
    )
    slot_file_bytes: int = Field(
        default=64 * _GIB, ge=1024**2, description="Bytes of one file an ingestion may write."
    )
    slot_recycle_after: int = Field(
        default=100, ge=1, description="Ingestions after which a slot's process is replaced."
    )
    stream_max_seconds: float = Field(
        default=300.0, ge=1, description="When an event stream is closed; clients resume."
    )

    reads_per_minute: int = Field(
        default=12000,
        ge=0,
        description="Reads that one token may send in a minute; 0 for any number. Each server"
        " counts for itself.",
    )
    writes_per_minute: int = Field(
        default=6000,
        ge=0,
        description="Writes that one token may send in a minute, and cancels, which are counted"
        " apart; 0 for any number. Each server counts for itself.",
    )
    unauthenticated_per_minute: int = Field(
        default=60,
        ge=0,
        description="Requests with a token that is not valid that one address may send in a minute;"
        " 0 for any number. Each server counts for itself.",
    )
    max_pending: int = Field(
        default=200,
        ge=10,
        le=100_000,
        description="Requests under way in one server; writes are turned away above half of it,"
        " reads above three quarters, cancels last of all.",
    )

    @field_validator("allowed_hosts", "file_roots", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("mago_command", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        # Split once and here: no shell ever sees it.
        return tuple(shlex.split(value)) if isinstance(value, str) else value

    @field_validator("max_running_per_convention", mode="before")
    @classmethod
    def _limits(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        limits = {}
        for part in filter(None, (part.strip() for part in value.split(","))):
            name, sign, limit = part.partition("=")
            if not sign or not limit.strip().isdecimal() or int(limit) < 1:
                raise ValueError(f"{part!r} is not a convention and a number, as documents=8.")
            limits[name.strip()] = int(limit)
        return limits

    @field_validator("allowed_hosts")
    @classmethod
    def _known_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        AllowList.of(value)
        return value

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the database."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite+pysqlite:///{self.data_dir / 'osa.db'}"

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    @property
    def objects_dir(self) -> Path:
        """Immutable files by their SHA-256."""
        return self.data_dir / "objects"

    @property
    def work_dir(self) -> Path:
        """Temporary folders of attempts and uploads, on the same disk as the objects."""
        return self.data_dir / "work"
