from enum import StrEnum


class AuditActionType0(StrEnum):
    CANCEL_INGESTION = "cancel_ingestion"
    CLEAN_UP = "clean_up"
    CREATE_TOKEN = "create_token"
    CREATE_UPLOAD = "create_upload"
    DELETE_INGESTION = "delete_ingestion"
    PURGE = "purge"
    RETRY_INGESTION = "retry_ingestion"
    REVOKE_TOKEN = "revoke_token"
    START_INGESTION = "start_ingestion"

    def __str__(self) -> str:
        return str(self.value)
