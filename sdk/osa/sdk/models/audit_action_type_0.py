from enum import StrEnum


class AuditActionType0(StrEnum):
    CANCEL_CAMPAIGN = "cancel_campaign"
    CANCEL_INGESTION = "cancel_ingestion"
    CLEAN_UP = "clean_up"
    CREATE_CAMPAIGN = "create_campaign"
    CREATE_TOKEN = "create_token"
    CREATE_UPLOAD = "create_upload"
    DELETE_INGESTION = "delete_ingestion"
    PAUSE_CAMPAIGN = "pause_campaign"
    PURGE = "purge"
    RESUME_CAMPAIGN = "resume_campaign"
    RETRY_INGESTION = "retry_ingestion"
    REVOKE_TOKEN = "revoke_token"
    START_INGESTION = "start_ingestion"

    def __str__(self) -> str:
        return str(self.value)
