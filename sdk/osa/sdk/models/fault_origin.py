from enum import StrEnum


class FaultOrigin(StrEnum):
    CONVENTION = "convention"
    PLATFORM = "platform"
    SOURCE = "source"
    STORAGE = "storage"
    USER = "user"

    def __str__(self) -> str:
        return str(self.value)
