from enum import StrEnum


class TokenScopeType0(StrEnum):
    ADMIN = "admin"
    INGESTIONSREAD = "ingestions:read"
    INGESTIONSWRITE = "ingestions:write"

    def __str__(self) -> str:
        return str(self.value)
