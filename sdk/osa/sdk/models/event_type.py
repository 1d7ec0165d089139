from enum import StrEnum


class EventType(StrEnum):
    BATCH_COMMITTED = "batch_committed"
    CANCEL_REQUESTED = "cancel_requested"
    INGESTION_CANCELED = "ingestion_canceled"
    INGESTION_CREATED = "ingestion_created"
    INGESTION_FAILED = "ingestion_failed"
    INGESTION_REQUEUED = "ingestion_requeued"
    INGESTION_STARTED = "ingestion_started"
    INGESTION_SUCCEEDED = "ingestion_succeeded"

    def __str__(self) -> str:
        return str(self.value)
