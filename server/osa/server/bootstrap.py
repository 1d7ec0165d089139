"""The one place that knows all rooms: settings -> database -> store -> service -> application or
worker. Nothing happens on import."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from importlib.metadata import version

from osa.conventions import registry as conventions
from osa.server.engine import door
from osa.server.engine.door import Door
from osa.server.engine.worker import Worker
from osa.server.errors import Unavailable
from osa.server.service import Service
from osa.server.service.acceptance import Acceptance
from osa.server.service.admission import Admission
from osa.server.service.audit import Audit
from osa.server.service.campaigns import Campaigns
from osa.server.service.children import Children
from osa.server.service.cleanups import Cleanups
from osa.server.service.conventions import Conventions
from osa.server.service.cursors import Cursors
from osa.server.service.deletions import Deletions
from osa.server.service.diagnoses import Diagnoses
from osa.server.service.driving import Driver
from osa.server.service.ingestions import Ingestions
from osa.server.service.jobs import Policy
from osa.server.service.logs import Logs
from osa.server.service.readiness import ReadinessCheck
from osa.server.service.reading import Reading
from osa.server.service.records import Records
from osa.server.service.rescue import Rescue
from osa.server.service.retention import Retention
from osa.server.service.retries import Retries
from osa.server.service.running import Running
from osa.server.service.sources import Sources
from osa.server.service.status import StatusCheck
from osa.server.service.steps import Steps
from osa.server.service.sweeping import Sweeper
from osa.server.service.tokens import Tokens
from osa.server.service.uploads import Uploads
from osa.server.settings import Settings
from osa.server.store import migrations
from osa.server.store import tokens as token_store
from osa.server.store.database import Database
from osa.server.store.line import Limits
from osa.server.store.objects import Objects

VERSION = version("osa-ingestion")


@dataclass(frozen=True, kw_only=True)
class House:
    """Everything, built once in a process."""

    settings: Settings
    database: Database
    door: Door
    service: Service
    running: Running
    rescue: Rescue
    sweeper: Sweeper

    def worker(self) -> Worker:
        return Worker(self.settings, self.database, self.running, self.sweeper)

    def close(self) -> None:
        self.door.close()
        self.database.close()


def prepare_folders(settings: Settings) -> None:
    for folder in (settings.data_dir, settings.objects_dir, settings.work_dir):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def migrate(settings: Settings) -> None:
    """Bring osa's tables and the engine's up to this version."""
    prepare_folders(settings)
    database = Database(settings.url)
    try:
        migrations.upgrade(database)
        door.migrate(database)
    finally:
        database.close()


def build(settings: Settings) -> House:
    """Raises Unavailable when the database is away or of another version."""
    prepare_folders(settings)
    database = Database(settings.url)
    try:
        migrations.check(database)
    except Unavailable:
        database.close()
        raise
    objects = Objects(settings.objects_dir, min_free_bytes=settings.min_free_bytes)
    registry = conventions.load()
    dispatch = Door(database)
    cursors = Cursors(lambda: _shared_secret(database, "cursor"))
    known = Conventions(registry, domain=settings.domain)
    sources = Sources(
        database,
        objects,
        work_dir=settings.work_dir,
        allowed_hosts=settings.allowed_hosts,
        file_allowed=bool(settings.file_roots),
    )
    policy = Policy(
        max_fruitless_attempts=settings.max_fruitless_attempts,
        backoff_seconds=settings.backoff_seconds,
        backoff_max_seconds=settings.backoff_max_seconds,
        limits=Limits(
            per_tenant=settings.max_running_per_tenant,
            per_convention=settings.max_running_per_convention,
        ),
        log_lines_kept=settings.log_lines_kept,
    )
    rescue = Rescue(database, dispatch, policy)
    deletions = Deletions(database)
    retention = Retention(database, deletions, seconds=settings.retention_seconds)
    reading = Reading(database, objects, known, cursors, purge_after=retention.purge_after)
    acceptance = Acceptance(database, dispatch, reading)
    children = Children(known, sources, acceptance)
    running = Running(database, objects, registry, dispatch, children, policy)
    retries = Retries(database, objects, known, acceptance)
    admission = Admission(known, objects, sources)
    steps = Steps(known, admission, acceptance)
    driver = Driver(database, steps, retries)
    service = Service(
        domain=settings.domain,
        tokens=Tokens(database),
        conventions=known,
        ingestions=Ingestions(database, admission, acceptance, reading),
        reading=reading,
        diagnoses=Diagnoses(
            database, reading, limits=policy.limits, stale_seconds=settings.stale_after_seconds
        ),
        retries=retries,
        campaigns=Campaigns(database, known, cursors, steps, driver),
        deletions=deletions,
        cleanups=Cleanups(database, known, deletions),
        uploads=Uploads(
            database,
            objects,
            work_dir=settings.work_dir,
            max_bytes=settings.upload_max_bytes,
            keep_seconds=settings.upload_keep_seconds,
        ),
        logs=Logs(database),
        records=Records(database, objects, known, cursors),
        readiness=ReadinessCheck(
            database, objects, version=VERSION, stale_seconds=settings.stale_after_seconds
        ),
        audit=Audit(database, cursors),
        status=StatusCheck(
            database,
            objects,
            version=VERSION,
            domain=settings.domain,
            stale_seconds=settings.stale_after_seconds,
        ),
    )
    sweeper = Sweeper(
        database,
        rescue,
        dispatch,
        objects,
        retention,
        driver,
        work_dir=settings.work_dir,
        stale_seconds=settings.stale_after_seconds,
    )
    return House(
        settings=settings,
        database=database,
        door=dispatch,
        service=service,
        running=running,
        rescue=rescue,
        sweeper=sweeper,
    )


def _shared_secret(database: Database, name: str) -> str:
    with database.write() as tx:
        return token_store.shared_secret(tx, name, secrets.token_hex(32))
