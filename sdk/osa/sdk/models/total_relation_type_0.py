from enum import StrEnum


class TotalRelationType0(StrEnum):
    EQ = "eq"
    GTE = "gte"

    def __str__(self) -> str:
        return str(self.value)
