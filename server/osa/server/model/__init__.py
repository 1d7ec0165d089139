"""The values of the house and the rules that need neither HTTP nor SQL. Everything is frozen."""

from osa.server.model.identity import Principal, Scope, Token, new_id, srn
from osa.server.model.ingestion import (
    STALLED_AFTER,
    Attempt,
    Cancellation,
    Counts,
    Fault,
    Ingestion,
    JsonObject,
    Progress,
)
from osa.server.model.requests import IngestionQuery, RecordQuery, SourceRequest, StartRequest
from osa.server.model.results import (
    Artifact,
    Event,
    EventPage,
    Item,
    ItemFault,
    Page,
    Record,
    RecordFile,
    StoredFile,
    Upload,
)
from osa.server.model.status import ACTIVE, ENDED, HELD, STATUS_SYNONYMS, Outcome, Status

__all__ = [
    "ACTIVE",
    "ENDED",
    "HELD",
    "STALLED_AFTER",
    "STATUS_SYNONYMS",
    "Artifact",
    "Attempt",
    "Cancellation",
    "Counts",
    "Event",
    "EventPage",
    "Fault",
    "Ingestion",
    "IngestionQuery",
    "Item",
    "ItemFault",
    "JsonObject",
    "Outcome",
    "Page",
    "Principal",
    "Progress",
    "Record",
    "RecordFile",
    "RecordQuery",
    "Scope",
    "SourceRequest",
    "StartRequest",
    "Status",
    "StoredFile",
    "Token",
    "Upload",
    "new_id",
    "srn",
]
