from enum import StrEnum


class AttemptEndReason(StrEnum):
    BACKING_OFF = "backing_off"
    CANCELED = "canceled"
    COMPLETED = "completed"
    CRASHED = "crashed"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    FAILED = "failed"
    HANDED_OVER = "handed_over"
    WORKER_LOST = "worker_lost"

    def __str__(self) -> str:
        return str(self.value)
