from enum import StrEnum


class CampaignModeShownType0(StrEnum):
    MANUAL = "manual"
    SERVER = "server"

    def __str__(self) -> str:
        return str(self.value)
