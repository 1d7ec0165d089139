from enum import StrEnum


class CampaignReasonType0(StrEnum):
    BETWEEN_STEPS = "between_steps"
    CHILDREN_ACTIVE = "children_active"
    COMPLETED = "completed"
    REQUESTED = "requested"
    SOME_CHILDREN_FAILED = "some_children_failed"
    STEP_ACTIVE = "step_active"
    STEP_CANCELED = "step_canceled"
    STEP_FAILED = "step_failed"
    WAITING_FOR_ADVANCE = "waiting_for_advance"

    def __str__(self) -> str:
        return str(self.value)
