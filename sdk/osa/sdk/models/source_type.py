from enum import StrEnum


class SourceType(StrEnum):
    BYTES = "bytes"
    FILE = "file"
    LIST = "list"
    RECORD = "record"
    TEXT = "text"
    URI = "uri"

    def __str__(self) -> str:
        return str(self.value)
