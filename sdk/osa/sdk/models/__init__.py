"""Contains all the data models used in inputs/outputs"""

from .action_name_type_0 import ActionNameType0
from .advance_campaign import AdvanceCampaign
from .allowed_action import AllowedAction
from .artifact import Artifact
from .artifact_page import ArtifactPage
from .attempt import Attempt
from .attempt_end_reason import AttemptEndReason
from .audit_action_type_0 import AuditActionType0
from .audit_entry import AuditEntry
from .audit_entry_detail import AuditEntryDetail
from .audit_page import AuditPage
from .bytes_source import BytesSource
from .caller import Caller
from .campaign import Campaign
from .campaign_mode import CampaignMode
from .campaign_mode_shown_type_0 import CampaignModeShownType0
from .campaign_page import CampaignPage
from .campaign_progress import CampaignProgress
from .campaign_reason_type_0 import CampaignReasonType0
from .campaign_status_filter import CampaignStatusFilter
from .campaign_status_type_0 import CampaignStatusType0
from .campaign_step import CampaignStep
from .campaign_summary import CampaignSummary
from .cancel_ingestion import CancelIngestion
from .cancel_outcome import CancelOutcome
from .cancellation import Cancellation
from .child_counts import ChildCounts
from .clean_up_ingestions import CleanUpIngestions
from .cleanup import Cleanup
from .cleanup_member import CleanupMember
from .convention import Convention
from .convention_detail import ConventionDetail
from .convention_list import ConventionList
from .counts import Counts
from .create_campaign import CreateCampaign
from .database_status import DatabaseStatus
from .derivation import Derivation
from .diagnosis import Diagnosis
from .diagnosis_code_type_0 import DiagnosisCodeType0
from .ended_status_choice import EndedStatusChoice
from .event_type import EventType
from .failure_count import FailureCount
from .fault_origin import FaultOrigin
from .file_source import FileSource
from .health import Health
from .ingestion import Ingestion
from .ingestion_event import IngestionEvent
from .ingestion_event_data import IngestionEventData
from .ingestion_event_page import IngestionEventPage
from .ingestion_fault import IngestionFault
from .ingestion_item import IngestionItem
from .ingestion_item_page import IngestionItemPage
from .ingestion_page import IngestionPage
from .ingestion_source import IngestionSource
from .ingestion_status import IngestionStatus
from .ingestion_status_filter import IngestionStatusFilter
from .item_fault import ItemFault
from .item_outcome import ItemOutcome
from .item_outcome_filter import ItemOutcomeFilter
from .json_schema import JsonSchema
from .labels import Labels
from .list_source import ListSource
from .log_level_filter import LogLevelFilter
from .log_level_type_0 import LogLevelType0
from .log_line import LogLine
from .log_page import LogPage
from .metadata import Metadata
from .on_conflict import OnConflict
from .openapi_document import OpenapiDocument
from .parameter_changes import ParameterChanges
from .parameters import Parameters
from .problem import Problem
from .problem_code import ProblemCode
from .problem_context import ProblemContext
from .problem_detail import ProblemDetail
from .progress import Progress
from .queue_status import QueueStatus
from .readiness import Readiness
from .record import Record
from .record_file import RecordFile
from .record_metadata import RecordMetadata
from .record_page import RecordPage
from .record_source import RecordSource
from .result_completeness import ResultCompleteness
from .resume_campaign import ResumeCampaign
from .retry_ingestion import RetryIngestion
from .retry_overrides import RetryOverrides
from .retry_scope_choice import RetryScopeChoice
from .retry_scope_type_0 import RetryScopeType0
from .service_status import ServiceStatus
from .sort_order import SortOrder
from .source_type import SourceType
from .start_ingestion import StartIngestion
from .status_reason import StatusReason
from .storage_status import StorageStatus
from .text_source import TextSource
from .token_scope_type_0 import TokenScopeType0
from .total import Total
from .total_relation_type_0 import TotalRelationType0
from .upload import Upload
from .uri_source import UriSource
from .worker_status import WorkerStatus

__all__ = (
    "ActionNameType0",
    "AdvanceCampaign",
    "AllowedAction",
    "Artifact",
    "ArtifactPage",
    "Attempt",
    "AttemptEndReason",
    "AuditActionType0",
    "AuditEntry",
    "AuditEntryDetail",
    "AuditPage",
    "BytesSource",
    "Caller",
    "Campaign",
    "CampaignMode",
    "CampaignModeShownType0",
    "CampaignPage",
    "CampaignProgress",
    "CampaignReasonType0",
    "CampaignStatusFilter",
    "CampaignStatusType0",
    "CampaignStep",
    "CampaignSummary",
    "CancelIngestion",
    "Cancellation",
    "CancelOutcome",
    "ChildCounts",
    "Cleanup",
    "CleanUpIngestions",
    "CleanupMember",
    "Convention",
    "ConventionDetail",
    "ConventionList",
    "Counts",
    "CreateCampaign",
    "DatabaseStatus",
    "Derivation",
    "Diagnosis",
    "DiagnosisCodeType0",
    "EndedStatusChoice",
    "EventType",
    "FailureCount",
    "FaultOrigin",
    "FileSource",
    "Health",
    "Ingestion",
    "IngestionEvent",
    "IngestionEventData",
    "IngestionEventPage",
    "IngestionFault",
    "IngestionItem",
    "IngestionItemPage",
    "IngestionPage",
    "IngestionSource",
    "IngestionStatus",
    "IngestionStatusFilter",
    "ItemFault",
    "ItemOutcome",
    "ItemOutcomeFilter",
    "JsonSchema",
    "Labels",
    "ListSource",
    "LogLevelFilter",
    "LogLevelType0",
    "LogLine",
    "LogPage",
    "Metadata",
    "OnConflict",
    "OpenapiDocument",
    "ParameterChanges",
    "Parameters",
    "Problem",
    "ProblemCode",
    "ProblemContext",
    "ProblemDetail",
    "Progress",
    "QueueStatus",
    "Readiness",
    "Record",
    "RecordFile",
    "RecordMetadata",
    "RecordPage",
    "RecordSource",
    "ResultCompleteness",
    "ResumeCampaign",
    "RetryIngestion",
    "RetryOverrides",
    "RetryScopeChoice",
    "RetryScopeType0",
    "ServiceStatus",
    "SortOrder",
    "SourceType",
    "StartIngestion",
    "StatusReason",
    "StorageStatus",
    "TextSource",
    "TokenScopeType0",
    "Total",
    "TotalRelationType0",
    "Upload",
    "UriSource",
    "WorkerStatus",
)
