"""Contains all the data models used in inputs/outputs"""

from .artifact import Artifact
from .artifact_page import ArtifactPage
from .attempt import Attempt
from .attempt_end_reason import AttemptEndReason
from .bytes_source import BytesSource
from .cancel_ingestion import CancelIngestion
from .cancel_outcome import CancelOutcome
from .cancellation import Cancellation
from .convention import Convention
from .convention_detail import ConventionDetail
from .convention_list import ConventionList
from .counts import Counts
from .event_type import EventType
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
from .metadata import Metadata
from .openapi_document import OpenapiDocument
from .parameters import Parameters
from .problem import Problem
from .problem_code import ProblemCode
from .problem_context import ProblemContext
from .problem_detail import ProblemDetail
from .progress import Progress
from .readiness import Readiness
from .record import Record
from .record_file import RecordFile
from .record_metadata import RecordMetadata
from .record_page import RecordPage
from .record_source import RecordSource
from .result_completeness import ResultCompleteness
from .sort_order import SortOrder
from .source_type import SourceType
from .start_ingestion import StartIngestion
from .status_reason import StatusReason
from .text_source import TextSource
from .upload import Upload
from .uri_source import UriSource

__all__ = (
    "Artifact",
    "ArtifactPage",
    "Attempt",
    "AttemptEndReason",
    "BytesSource",
    "CancelIngestion",
    "Cancellation",
    "CancelOutcome",
    "Convention",
    "ConventionDetail",
    "ConventionList",
    "Counts",
    "EventType",
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
    "Metadata",
    "OpenapiDocument",
    "Parameters",
    "Problem",
    "ProblemCode",
    "ProblemContext",
    "ProblemDetail",
    "Progress",
    "Readiness",
    "Record",
    "RecordFile",
    "RecordMetadata",
    "RecordPage",
    "RecordSource",
    "ResultCompleteness",
    "SortOrder",
    "SourceType",
    "StartIngestion",
    "StatusReason",
    "TextSource",
    "Upload",
    "UriSource",
)
