from enum import StrEnum


class CancelOutcome(StrEnum):
    DEADLINE = "deadline"
    FORCED = "forced"
    PENDING = "pending"
    STOPPED = "stopped"
    TOO_LATE = "too_late"

    def __str__(self) -> str:
        return str(self.value)
