from enum import StrEnum


class ActionNameType0(StrEnum):
    CANCEL = "cancel"
    DELETE = "delete"
    FORCE_CANCEL = "force_cancel"
    RETRY_ALL = "retry_all"
    RETRY_FAILED_ITEMS = "retry_failed_items"
    RETRY_REMAINING = "retry_remaining"

    def __str__(self) -> str:
        return str(self.value)
