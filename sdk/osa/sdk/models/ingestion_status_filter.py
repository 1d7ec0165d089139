from enum import StrEnum


class IngestionStatusFilter(StrEnum):
    ACTIVE = "active"
    CANCELED = "canceled"
    CANCELING = "canceling"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    FAILED = "failed"
    FAILURE = "failure"
    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    SUCCESS = "success"

    def __str__(self) -> str:
        return str(self.value)
