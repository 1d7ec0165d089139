from enum import StrEnum


class CampaignStatusFilter(StrEnum):
    CANCELED = "canceled"
    CANCELING = "canceling"
    FAILED = "failed"
    PAUSED = "paused"
    RUNNING = "running"
    SUCCEEDED = "succeeded"

    def __str__(self) -> str:
        return str(self.value)
