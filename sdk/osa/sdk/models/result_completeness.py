from enum import StrEnum


class ResultCompleteness(StrEnum):
    COMPLETE = "complete"
    NONE = "none"
    PARTIAL = "partial"

    def __str__(self) -> str:
        return str(self.value)
