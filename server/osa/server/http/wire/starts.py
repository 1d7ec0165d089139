"""What callers send to start, to retry, to cancel and to clean up."""

from __future__ import annotations

from typing import Annotated

from pydantic import MISSING, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from osa.server.http.wire.sources import Source
from osa.server.http.wire.strict import Strict, whole
from osa.server.http.wire.words import (
    ConcurrencyKey,
    ConventionId,
    DeadlineSeconds,
    EndedStatusChoice,
    ExternalId,
    Labels,
    Limit,
    MaxFailedItems,
    Metadata,
    OnConflict,
    ParameterChanges,
    Parameters,
    Priority,
    RetryScopeChoice,
    StopEarly,
)
from osa.server.model import (
    CleanupFilter,
    RetryRequest,
    RetryScope,
    StartRequest,
    Status,
)
from osa.server.model import OnConflict as ModelOnConflict

_BatchSize = Annotated[int, Field(ge=1, le=10000), BeforeValidator(whole)]
_Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class StartIngestion(Strict):
    convention_id: ConventionId
    source: Source | MISSING = MISSING
    parameters: Parameters | MISSING = MISSING
    batch_size: _BatchSize = 1000
    limit: Limit | MISSING = MISSING
    name: _Name | MISSING = MISSING
    external_id: ExternalId | MISSING = MISSING
    metadata: Metadata | MISSING = MISSING
    labels: Labels | MISSING = MISSING
    concurrency_key: ConcurrencyKey | MISSING = MISSING
    on_conflict: OnConflict | MISSING = MISSING
    priority: Priority | MISSING = MISSING
    deadline_seconds: DeadlineSeconds | MISSING = MISSING
    max_failed_items: MaxFailedItems | MISSING = MISSING
    stop_early: StopEarly | MISSING = MISSING

    def requested(self) -> StartRequest:
        return StartRequest(
            convention_id=self.convention_id,
            source=None if self.source is MISSING else self.source.requested(),
            parameters={} if self.parameters is MISSING else self.parameters,
            batch_size=self.batch_size,
            limit=None if self.limit is MISSING else self.limit,
            name=None if self.name is MISSING else self.name,
            external_id=None if self.external_id is MISSING else self.external_id,
            metadata={} if self.metadata is MISSING else self.metadata,
            labels={} if self.labels is MISSING else self.labels,
            concurrency_key=None if self.concurrency_key is MISSING else self.concurrency_key,
            on_conflict=ModelOnConflict(
                "fail" if self.on_conflict is MISSING else self.on_conflict
            ),
            priority=0 if self.priority is MISSING else self.priority,
            deadline_seconds=None if self.deadline_seconds is MISSING else self.deadline_seconds,
            max_failed_items=0 if self.max_failed_items is MISSING else self.max_failed_items,
            stop_early=False if self.stop_early is MISSING else self.stop_early,
        )


class RetryOverrides(Strict):
    parameters: ParameterChanges | MISSING = MISSING
    batch_size: _BatchSize | MISSING = MISSING
    name: _Name | MISSING = MISSING
    external_id: ExternalId | MISSING = MISSING
    metadata: Metadata | MISSING = MISSING
    labels: Labels | MISSING = MISSING
    priority: Annotated[int, Field(ge=-100, le=100), BeforeValidator(whole)] | MISSING = MISSING
    deadline_seconds: DeadlineSeconds | MISSING = MISSING
    max_failed_items: MaxFailedItems | MISSING = MISSING
    stop_early: bool | MISSING = MISSING


class RetryIngestion(Strict):
    scope: RetryScopeChoice
    overrides: RetryOverrides | MISSING = MISSING

    def requested(self) -> RetryRequest:
        given = {}
        if self.overrides is not MISSING:
            # What was sent and nothing else: a null is a value here.
            given = {
                name: getattr(self.overrides, name) for name in self.overrides.model_fields_set
            }
        return RetryRequest(scope=RetryScope(self.scope), overrides=given)


class CancelIngestion(Strict):
    reason: Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")] | MISSING = MISSING
    grace_seconds: Annotated[int, Field(ge=0, le=3600), BeforeValidator(whole)] = 120
    force: bool = False


class CleanUpIngestions(Strict):
    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    older_than_seconds: (
        Annotated[int, Field(ge=0, le=3153600000), BeforeValidator(whole)] | MISSING
    ) = MISSING
    status: Annotated[list[EndedStatusChoice], Field(min_length=1, max_length=3)] | MISSING = (
        MISSING
    )
    convention_id: ConventionId | MISSING = MISSING
    keep_last: Annotated[int, Field(ge=0, le=1000000), BeforeValidator(whole)] | MISSING = MISSING
    selection_token: (
        Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._-]+$")] | MISSING
    ) = MISSING

    @model_validator(mode="after")
    def _says_something(self) -> CleanUpIngestions:
        if not self.model_fields_set:
            raise PydanticCustomError(
                "too_short", "At least one filter is needed, or a selection_token"
            )
        return self

    def filter(self) -> CleanupFilter | None:
        """The filters; None when there is only the token."""
        if self.model_fields_set <= {"selection_token"}:
            return None
        return CleanupFilter(
            older_than_seconds=(
                None if self.older_than_seconds is MISSING else self.older_than_seconds
            ),
            statuses=frozenset(map(Status, [] if self.status is MISSING else self.status)),
            convention_id=None if self.convention_id is MISSING else self.convention_id,
            keep_last=None if self.keep_last is MISSING else self.keep_last,
        )
