from enum import StrEnum


class RetryScopeType0(StrEnum):
    ALL = "all"
    FAILED_ITEMS = "failed_items"
    REMAINING = "remaining"

    def __str__(self) -> str:
        return str(self.value)
