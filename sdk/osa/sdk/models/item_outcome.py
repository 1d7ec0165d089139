from enum import StrEnum


class ItemOutcome(StrEnum):
    CREATED = "created"
    FAILED = "failed"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    UNCHANGED = "unchanged"
    UPDATED = "updated"

    def __str__(self) -> str:
        return str(self.value)
