"""The words that are used everywhere, as the contract names them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from typing_extensions import TypeAliasType

from osa.server.http.wire.strict import moment, uri, uuid, whole

#: The largest integer that every JSON parser holds exactly.
MAX_INTEGER = 9007199254740991

Id = TypeAliasType(
    "Id", Annotated[str, Field(json_schema_extra={"format": "uuid"}), AfterValidator(uuid)]
)
Srn = TypeAliasType(
    "Srn",
    Annotated[
        str,
        Field(
            max_length=400,
            pattern=r"^urn:osa:[A-Za-z0-9.-]+:(ing|conv|rec):[A-Za-z0-9.@-]+$",
        ),
    ],
)
ConventionId = TypeAliasType(
    "ConventionId",
    Annotated[
        str,
        Field(
            min_length=1,
            max_length=400,
            pattern=(
                r"^([a-z][a-z0-9-]{0,62}|urn:osa:[A-Za-z0-9.-]{1,253}:conv:[a-z][a-z0-9-]{0,62}"
                r"(@[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9})?)$"
            ),
        ),
    ],
)
ExternalId = TypeAliasType(
    "ExternalId",
    Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")],
)
CampaignId = TypeAliasType(
    "CampaignId",
    Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]{1,64}$")],
)
ConcurrencyKey = TypeAliasType(
    "ConcurrencyKey",
    Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")],
)
SourceId = TypeAliasType(
    "SourceId", Annotated[str, Field(min_length=1, max_length=2048, pattern=r"^[^\x00]+$")]
)
Sha256 = TypeAliasType(
    "Sha256", Annotated[str, Field(min_length=64, max_length=64, pattern=r"^[0-9a-f]{64}$")]
)
MediaType = TypeAliasType(
    "MediaType",
    Annotated[
        str,
        Field(
            max_length=127,
            pattern=(r"^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*$"),
        ),
    ],
)
Filename = TypeAliasType(
    "Filename",
    Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f/\\]+$")],
)
Uri = TypeAliasType(
    "Uri",
    Annotated[
        str,
        Field(min_length=1, max_length=8192, json_schema_extra={"format": "uri"}),
        AfterValidator(uri),
    ],
)
Content = TypeAliasType(
    "Content", Annotated[bytes, WithJsonSchema({"type": "string", "format": "binary"})]
)
Label = TypeAliasType(
    "Label", Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
)
_LabelKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$")]
Labels = TypeAliasType("Labels", Annotated[dict[_LabelKey, Label], Field(max_length=16)])
LabelFilter = TypeAliasType(
    "LabelFilter",
    Annotated[
        str,
        Field(
            min_length=1,
            max_length=264,
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}(=[^\x00-\x1f\x7f]{0,200})?$",
        ),
    ],
)
Metadata = TypeAliasType("Metadata", Annotated[dict[str, Any], Field(max_length=256)])
Parameters = TypeAliasType("Parameters", Annotated[dict[str, Any], Field(max_length=256)])
ParameterChanges = TypeAliasType(
    "ParameterChanges", Annotated[dict[str, Any], Field(max_length=256)]
)
RecordMetadata = TypeAliasType("RecordMetadata", Annotated[dict[str, Any], Field(max_length=1000)])
JsonSchema = TypeAliasType("JsonSchema", Annotated[dict[str, Any], Field(max_length=64)])

_Priority = Annotated[int, Field(ge=-100, le=100), BeforeValidator(whole)]
Priority = TypeAliasType("Priority", Annotated[_Priority, Field(json_schema_extra={"default": 0})])
DeadlineSeconds = TypeAliasType(
    "DeadlineSeconds", Annotated[int, Field(ge=1, le=31536000), BeforeValidator(whole)]
)
MaxFailedItems = TypeAliasType(
    "MaxFailedItems",
    Annotated[int, Field(ge=0, le=MAX_INTEGER), BeforeValidator(whole)] | None,
)
StopEarly = TypeAliasType("StopEarly", Annotated[bool, Field(json_schema_extra={"default": False})])

# What a caller may say is closed: a word that nobody knows is a mistake.
SortOrder = TypeAliasType(
    "SortOrder", Annotated[Literal["asc", "desc"], Field(json_schema_extra={"default": "desc"})]
)
IngestionStatusFilter = TypeAliasType(
    "IngestionStatusFilter",
    Literal[
        "queued",
        "running",
        "canceling",
        "succeeded",
        "failed",
        "canceled",
        "active",
        "cancelled",
        "pending",
        "completed",
        "success",
        "failure",
    ],
)
OnConflict = TypeAliasType(
    "OnConflict",
    Annotated[Literal["fail", "attach", "queue"], Field(json_schema_extra={"default": "fail"})],
)
RetryScopeChoice = TypeAliasType("RetryScopeChoice", Literal["failed_items", "remaining", "all"])
EndedStatusChoice = TypeAliasType("EndedStatusChoice", Literal["succeeded", "failed", "canceled"])
LogLevelFilter = TypeAliasType("LogLevelFilter", Literal["debug", "info", "warning", "error"])
CampaignMode = TypeAliasType(
    "CampaignMode",
    Annotated[Literal["server", "manual"], Field(json_schema_extra={"default": "server"})],
)
CampaignStatusFilter = TypeAliasType(
    "CampaignStatusFilter",
    Literal["running", "paused", "canceling", "succeeded", "failed", "canceled"],
)
ItemOutcomeFilter = TypeAliasType(
    "ItemOutcomeFilter",
    Literal["created", "updated", "unchanged", "skipped", "rejected", "failed"],
)

# What the server says is open: a newer one may say more.
IngestionStatus = TypeAliasType(
    "IngestionStatus",
    Literal["queued", "running", "canceling", "succeeded", "failed", "canceled"] | str,
)
StatusReason = TypeAliasType(
    "StatusReason",
    Literal[
        "waiting_for_slot",
        "backing_off",
        "worker_lost",
        "handed_over",
        "running",
        "canceling",
        "completed",
        "too_late_to_cancel",
        "some_items_failed",
        "all_items_failed",
        "source",
        "config",
        "storage",
        "convention",
        "convention_changed",
        "internal",
        "requested",
        "cancel_deadline",
        "forced",
        "deadline_exceeded",
    ]
    | str,
)
CampaignStatus = TypeAliasType(
    "CampaignStatus",
    Literal["running", "paused", "canceling", "succeeded", "failed", "canceled"] | str,
)
CampaignReason = TypeAliasType(
    "CampaignReason",
    Literal[
        "step_active",
        "children_active",
        "between_steps",
        "waiting_for_advance",
        "requested",
        "step_failed",
        "step_canceled",
        "completed",
        "some_children_failed",
    ]
    | str,
)
CampaignModeShown = TypeAliasType("CampaignModeShown", Literal["server", "manual"] | str)
ResultCompleteness = TypeAliasType(
    "ResultCompleteness", Literal["none", "partial", "complete"] | str
)
ItemOutcome = TypeAliasType(
    "ItemOutcome",
    Literal["created", "updated", "unchanged", "skipped", "rejected", "failed"] | str,
)
CancelOutcome = TypeAliasType(
    "CancelOutcome", Literal["pending", "stopped", "deadline", "forced", "too_late"] | str
)
AttemptEndReason = TypeAliasType(
    "AttemptEndReason",
    Literal[
        "completed",
        "failed",
        "canceled",
        "worker_lost",
        "handed_over",
        "backing_off",
        "crashed",
        "deadline_exceeded",
    ]
    | str
    | None,
)
RetryScope = TypeAliasType("RetryScope", Literal["failed_items", "remaining", "all"] | str)
ActionName = TypeAliasType(
    "ActionName",
    Literal[
        "cancel", "force_cancel", "retry_failed_items", "retry_remaining", "retry_all", "delete"
    ]
    | str,
)
DiagnosisCode = TypeAliasType(
    "DiagnosisCode",
    Literal[
        "waiting_for_worker",
        "no_workers",
        "waiting_for_convention",
        "waiting_for_concurrency_key",
        "waiting_for_tenant_limit",
        "waiting_for_convention_limit",
        "backing_off",
        "working",
        "stalled",
        "worker_silent",
        "canceling",
        "succeeded",
        "succeeded_with_failures",
        "failed",
        "retried",
        "canceled",
    ]
    | str,
)
TotalRelation = TypeAliasType("TotalRelation", Literal["eq", "gte"] | str)
AuditAction = TypeAliasType(
    "AuditAction",
    Literal[
        "start_ingestion",
        "cancel_ingestion",
        "retry_ingestion",
        "delete_ingestion",
        "clean_up",
        "purge",
        "create_campaign",
        "pause_campaign",
        "resume_campaign",
        "cancel_campaign",
        "create_upload",
        "create_token",
        "revoke_token",
    ]
    | str,
)
TokenScope = TypeAliasType(
    "TokenScope", Literal["ingestions:read", "ingestions:write", "admin"] | str
)
FaultOrigin = TypeAliasType(
    "FaultOrigin", Literal["source", "convention", "storage", "platform", "user"] | str
)
EventType = TypeAliasType(
    "EventType",
    Literal[
        "ingestion_created",
        "ingestion_started",
        "batch_committed",
        "cancel_requested",
        "ingestion_requeued",
        "ingestion_succeeded",
        "ingestion_failed",
        "ingestion_canceled",
    ]
    | str,
)
LogLevel = TypeAliasType("LogLevel", Literal["debug", "info", "warning", "error"] | str)
SourceType = TypeAliasType(
    "SourceType", Literal["uri", "file", "bytes", "text", "record", "list"] | str
)
ProblemCode = TypeAliasType(
    "ProblemCode",
    Literal[
        "INVALID_REQUEST",
        "INVALID_CURSOR",
        "UNAUTHENTICATED",
        "FORBIDDEN",
        "NOT_FOUND",
        "INGESTION_NOT_FOUND",
        "CONVENTION_NOT_FOUND",
        "UPLOAD_NOT_FOUND",
        "RECORD_NOT_FOUND",
        "ARTIFACT_NOT_FOUND",
        "FILE_NOT_FOUND",
        "SELECTION_NOT_FOUND",
        "CAMPAIGN_NOT_FOUND",
        "METHOD_NOT_ALLOWED",
        "INGESTION_ACTIVE",
        "INGESTION_ALREADY_ENDED",
        "INGESTION_ALREADY_RETRIED",
        "INGESTION_ALREADY_RUNNING",
        "INGESTION_DELETED",
        "NOTHING_TO_RETRY",
        "CONVENTION_CHANGED",
        "SELECTION_MISMATCH",
        "EXTERNAL_ID_TAKEN",
        "CAMPAIGN_EXISTS",
        "CAMPAIGN_POSITION_STALE",
        "CAMPAIGN_STEP_ACTIVE",
        "CAMPAIGN_ENDED",
        "BODY_TOO_LARGE",
        "UNSUPPORTED_MEDIA_TYPE",
        "RANGE_NOT_SATISFIABLE",
        "INVALID_PARAMETERS",
        "INVALID_SOURCE",
        "SOURCE_NOT_ALLOWED",
        "CONVENTION_UNAVAILABLE",
        "IDEMPOTENCY_KEY_REUSED",
        "CHECKSUM_MISMATCH",
        "TOO_MANY_REQUESTS",
        "HEADERS_TOO_LARGE",
        "INTERNAL_ERROR",
        "SERVICE_UNAVAILABLE",
        "OVERLOADED",
        "STORAGE_FULL",
    ]
    | str,
)

# Without a name of their own in the contract.
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Reference = Annotated[str, Field(max_length=400, json_schema_extra={"format": "uri-reference"})]
Size = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
Number = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
Seconds = Annotated[int, Field(ge=0, le=3600)]
PageCursor = Annotated[str, Field(max_length=1024)] | None
Limit = Annotated[int, Field(ge=1, le=MAX_INTEGER), BeforeValidator(whole)] | None
QueryTime = Annotated[
    datetime,
    BeforeValidator(moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def time(value: datetime) -> str:
    """RFC 3339 in UTC with `Z`. Values of the house are in UTC already."""
    return value.isoformat(timespec="microseconds")[:26] + "Z"


def time_or_none(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat(timespec="microseconds")[:26] + "Z"
