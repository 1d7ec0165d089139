"""The door to the durable queue: DBOS on the same database, in the same transactions.

osa's own row is the truth; the engine holds one workflow per hand-over, which is no more than a
durable
"somebody look at this". A worker that comes to a workflow whose ingestion is not queued does
nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence

from dbos import DBOS, DBOSClient, DBOSConfig
from dbos._serialization import DBOSPortableJSON
from sqlalchemy import Connection

from osa.server.store.database import Database

QUEUE = "osa-ingestions"
WORKFLOW = "osa.ingest"
#: Pinned: by default it is a hash of the workflow's source, and an edit would strand waiting work.
APPLICATION_VERSION = "osa-1"
_APPLICATION = "osa"
_AT_ONCE = 500


def migrate(database: Database) -> None:
    """Bring the engine's tables up to date. Once, before any client or worker."""
    url = database.engine.url.render_as_string(hide_password=False)
    DBOS.migrate(url)


class Door:
    """What the service knows of the engine."""

    def __init__(self, database: Database) -> None:
        self._client = DBOSClient(
            system_database_engine=database.engine,
            serializer=DBOSPortableJSON,
            application_name=_APPLICATION,
            lazy=True,
            retry_connection_errors=False,
        )

    def enqueue(self, connection: Connection, ingestion_id: str, number: int) -> None:
        self._client.enqueue_in_transaction(
            connection,
            {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": _workflow_id(ingestion_id, number),
                "app_version": APPLICATION_VERSION,
            },
            ingestion_id,
        )

    def holders(self, handed_over: Mapping[str, int]) -> Mapping[str, str | None]:
        found: dict[str, str | None] = {}
        wanted = [_workflow_id(id, number) for id, number in handed_over.items()]
        for start in range(0, len(wanted), _AT_ONCE):
            for workflow in self._client.list_workflows(
                workflow_ids=wanted[start : start + _AT_ONCE],
                status=["ENQUEUED", "DELAYED", "PENDING"],
                load_input=False,
                load_output=False,
            ):
                ingestion_id = workflow.workflow_id.rpartition(":")[0]
                found[ingestion_id] = (
                    (workflow.executor_id or "") if workflow.status == "PENDING" else None
                )
        return found

    def given_to(self, worker_id: str) -> Sequence[str]:
        return [
            workflow.workflow_id.rpartition(":")[0]
            for workflow in self._client.list_workflows(
                status="PENDING", executor_id=worker_id, load_input=False, load_output=False
            )
        ]

    def forget_done(self, alive: Collection[str]) -> int:
        done = self._client.list_workflows(
            status=["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
            limit=5000,
            load_input=False,
            load_output=False,
        )
        orphans = self._client.list_workflows(
            status="PENDING", limit=5000, load_input=False, load_output=False
        )
        gone = [w.workflow_id for w in done]
        gone += [w.workflow_id for w in orphans if w.executor_id not in alive]
        for start in range(0, len(gone), _AT_ONCE):
            self._client.delete_workflows(gone[start : start + _AT_ONCE])
        return len(gone)

    def close(self) -> None:
        self._client.destroy()


class Consumer:
    """The worker's side of the door: calls `ingest` for each hand-over. One in a process."""

    def __init__(
        self,
        database: Database,
        ingest: Callable[[str], None],
        *,
        worker_id: str,
        slots: int,
        poll_interval_seconds: float,
    ) -> None:
        config: DBOSConfig = {
            "name": _APPLICATION,
            "system_database_engine": database.engine,
            "application_version": APPLICATION_VERSION,
            # Unique for each process: the engine recovers the work of its own name when it starts.
            "executor_id": worker_id,
            "serializer": DBOSPortableJSON,
            "run_migrations": False,
            "use_listen_notify": False,
            # Nothing is notified here, but a stopping engine waits for this thread's next look.
            "notification_listener_polling_interval_sec": 0.5,
            "scheduler_polling_interval_sec": 3600.0,
            "log_level": "ERROR",
        }
        logging.getLogger("dbos").setLevel(logging.ERROR)
        self._engine = DBOS(config=config)
        self._slots = slots
        self._interval = poll_interval_seconds

        @DBOS.workflow(name=WORKFLOW)
        def osa_ingest(ingestion_id: str) -> None:
            ingest(ingestion_id)

    def start(self) -> None:
        """Begin to take work."""
        DBOS.listen_queues([QUEUE])
        DBOS.launch()
        DBOS.register_queue(
            QUEUE, worker_concurrency=self._slots, polling_interval_sec=self._interval
        )

    def pause(self) -> None:
        """Take no more; what is being worked on goes on. What a stopping worker hands over would
        else come back to it."""
        for event in self._engine.background_thread_stop_events:
            event.set()

    def stop(self) -> None:
        """End the engine."""
        DBOS.destroy(workflow_completion_timeout_sec=0)


def _workflow_id(ingestion_id: str, number: int) -> str:
    return f"{ingestion_id}:{number}"
