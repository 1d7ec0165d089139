from enum import StrEnum


class StatusReason(StrEnum):
    ALL_ITEMS_FAILED = "all_items_failed"
    BACKING_OFF = "backing_off"
    CANCELING = "canceling"
    CANCEL_DEADLINE = "cancel_deadline"
    COMPLETED = "completed"
    CONFIG = "config"
    CONVENTION = "convention"
    CONVENTION_CHANGED = "convention_changed"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    FORCED = "forced"
    HANDED_OVER = "handed_over"
    INTERNAL = "internal"
    REQUESTED = "requested"
    RUNNING = "running"
    SOME_ITEMS_FAILED = "some_items_failed"
    SOURCE = "source"
    STORAGE = "storage"
    TOO_LATE_TO_CANCEL = "too_late_to_cancel"
    WAITING_FOR_SLOT = "waiting_for_slot"
    WORKER_LOST = "worker_lost"

    def __str__(self) -> str:
        return str(self.value)
