from enum import StrEnum


class OnConflict(StrEnum):
    ATTACH = "attach"
    FAIL = "fail"
    QUEUE = "queue"

    def __str__(self) -> str:
        return str(self.value)
