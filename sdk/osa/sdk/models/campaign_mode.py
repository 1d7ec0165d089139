from enum import StrEnum


class CampaignMode(StrEnum):
    MANUAL = "manual"
    SERVER = "server"

    def __str__(self) -> str:
        return str(self.value)
