from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.ingestion_status import IngestionStatus
from ..models.result_completeness import ResultCompleteness
from ..models.retry_scope_type_0 import RetryScopeType0
from ..models.status_reason import StatusReason
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.allowed_action import AllowedAction
    from ..models.attempt import Attempt
    from ..models.cancellation import Cancellation
    from ..models.counts import Counts
    from ..models.ingestion_fault import IngestionFault
    from ..models.ingestion_source import IngestionSource
    from ..models.labels import Labels
    from ..models.metadata import Metadata
    from ..models.parameters import Parameters
    from ..models.progress import Progress


T = TypeVar("T", bound="Ingestion")


@_attrs_define
class Ingestion:
    """One execution of a convention, from start to end.

    Attributes:
        id (UUID): A UUID; the server makes version 7, which sorts by time.
        srn (str): A name that is unique among archives, `urn:osa:{domain}:{kind}:{id}`.
        status (IngestionStatus | str): Where the ingestion is. Exactly three values are ended states, for ever; see
            `done`.
        status_reason (StatusReason | str): Why the status is what it is.
        done (bool): True exactly when the status is succeeded, failed or canceled. Branch on this.
        result_completeness (ResultCompleteness | str): What the archive holds of this ingestion; `none` or `partial`
            until it has ended.
        convention_id (str): A convention's slug, or its SRN `urn:osa:{domain}:conv:{slug}@{version}`.
        convention_version (str): The version that was started.
        convention_srn (str): A name that is unique among archives, `urn:osa:{domain}:{kind}:{id}`.
        source (IngestionSource | None): Where it reads from, without inline data; null when the parameters say it.
        parameters (Parameters): The convention's parameters, up to 256 KiB; `getConvention` has their JSON Schema.
        batch_size (int): Items in a batch at most.
        limit (int | None): Items of this ingestion at most; null means all.
        metadata (Metadata): Any JSON object of the caller's, up to 64 KiB; kept and given back, never interpreted.
        labels (Labels): Short words to find the ingestion by.
        priority (int): Of those that wait, a higher one is taken first.
        max_failed_items (int | None): So many items may be rejected or fail; null means any number.
        stop_early (bool): Whether it stops as soon as too many items have failed.
        created_by (str): The name of the token that started it.
        counts (Counts): What became of the items; `seen` is always the sum of the others.
        progress (Progress): How far it is.
        attempts (list[Attempt]): Each worker's hold on it, oldest first; only the last 100 are kept.
        created_at (datetime.datetime): When it was accepted.
        queued_at (datetime.datetime): When it was last queued.
        started_at (datetime.datetime | None): When it was first taken; kept when queued again.
        updated_at (datetime.datetime): When it last changed.
        heartbeat_at (datetime.datetime | None): The last sign of life of its worker.
        ended_at (datetime.datetime | None): When it was done.
        deadline_at (datetime.datetime | None): When it fails unless it is done; null means never.
        next_attempt_at (datetime.datetime | None): Before when it is not tried again; null means at once.
        purge_after (datetime.datetime | None): When the server deletes it; null means never.
        allowed_actions (list[AllowedAction]): What can be done with it in this state, and why the rest cannot.
        name (str | Unset): What people call it.
        external_id (str | Unset): The caller's own id of the ingestion, unique in the tenant.
        concurrency_key (str | Unset): A word of the caller's for what can only be worked on by one ingestion at a time,
            within the tenant.
        retry_of (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        root_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        retry_scope (RetryScopeType0 | str | Unset): What of the ingestion that it repeats this one does.
        retried_by (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        campaign_id (str | Unset): The caller's id of a campaign.
        campaign_step (int | Unset): Which step of its campaign it is; absent of a child.
        parent_ingestion_id (UUID | Unset): A UUID; the server makes version 7, which sorts by time.
        cancel (Cancellation | Unset): The request to cancel, and how it went.
        error (IngestionFault | Unset): Why an ingestion or an attempt failed; a problem, and who has to act.
        queue_position (int | Unset): How many are taken before it; only while queued, and not in lists.
        poll_after_seconds (int | Unset): When to ask again; absent once it is done.
    """

    id: UUID
    srn: str
    status: IngestionStatus | str
    status_reason: StatusReason | str
    done: bool
    result_completeness: ResultCompleteness | str
    convention_id: str
    convention_version: str
    convention_srn: str
    source: IngestionSource | None
    parameters: Parameters
    batch_size: int
    limit: int | None
    metadata: Metadata
    labels: Labels
    priority: int
    max_failed_items: int | None
    stop_early: bool
    created_by: str
    counts: Counts
    progress: Progress
    attempts: list[Attempt]
    created_at: datetime.datetime
    queued_at: datetime.datetime
    started_at: datetime.datetime | None
    updated_at: datetime.datetime
    heartbeat_at: datetime.datetime | None
    ended_at: datetime.datetime | None
    deadline_at: datetime.datetime | None
    next_attempt_at: datetime.datetime | None
    purge_after: datetime.datetime | None
    allowed_actions: list[AllowedAction]
    name: str | Unset = UNSET
    external_id: str | Unset = UNSET
    concurrency_key: str | Unset = UNSET
    retry_of: UUID | Unset = UNSET
    root_id: UUID | Unset = UNSET
    retry_scope: RetryScopeType0 | str | Unset = UNSET
    retried_by: UUID | Unset = UNSET
    campaign_id: str | Unset = UNSET
    campaign_step: int | Unset = UNSET
    parent_ingestion_id: UUID | Unset = UNSET
    cancel: Cancellation | Unset = UNSET
    error: IngestionFault | Unset = UNSET
    queue_position: int | Unset = UNSET
    poll_after_seconds: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.ingestion_source import IngestionSource  # noqa: PLC0415

        id = str(self.id)

        srn = self.srn

        status: str
        if isinstance(self.status, IngestionStatus):
            status = self.status.value
        else:
            status = self.status

        status_reason: str
        if isinstance(self.status_reason, StatusReason):
            status_reason = self.status_reason.value
        else:
            status_reason = self.status_reason

        done = self.done

        result_completeness: str
        if isinstance(self.result_completeness, ResultCompleteness):
            result_completeness = self.result_completeness.value
        else:
            result_completeness = self.result_completeness

        convention_id = self.convention_id

        convention_version = self.convention_version

        convention_srn = self.convention_srn

        source: dict[str, Any] | None
        if isinstance(self.source, IngestionSource):
            source = self.source.to_dict()
        else:
            source = self.source

        parameters = self.parameters.to_dict()

        batch_size = self.batch_size

        limit: int | None
        limit = self.limit

        metadata = self.metadata.to_dict()

        labels = self.labels.to_dict()

        priority = self.priority

        max_failed_items: int | None
        max_failed_items = self.max_failed_items

        stop_early = self.stop_early

        created_by = self.created_by

        counts = self.counts.to_dict()

        progress = self.progress.to_dict()

        attempts = []
        for attempts_item_data in self.attempts:
            attempts_item = attempts_item_data.to_dict()
            attempts.append(attempts_item)

        created_at = self.created_at.isoformat()

        queued_at = self.queued_at.isoformat()

        started_at: None | str
        if isinstance(self.started_at, datetime.datetime):
            started_at = self.started_at.isoformat()
        else:
            started_at = self.started_at

        updated_at = self.updated_at.isoformat()

        heartbeat_at: None | str
        if isinstance(self.heartbeat_at, datetime.datetime):
            heartbeat_at = self.heartbeat_at.isoformat()
        else:
            heartbeat_at = self.heartbeat_at

        ended_at: None | str
        if isinstance(self.ended_at, datetime.datetime):
            ended_at = self.ended_at.isoformat()
        else:
            ended_at = self.ended_at

        deadline_at: None | str
        if isinstance(self.deadline_at, datetime.datetime):
            deadline_at = self.deadline_at.isoformat()
        else:
            deadline_at = self.deadline_at

        next_attempt_at: None | str
        if isinstance(self.next_attempt_at, datetime.datetime):
            next_attempt_at = self.next_attempt_at.isoformat()
        else:
            next_attempt_at = self.next_attempt_at

        purge_after: None | str
        if isinstance(self.purge_after, datetime.datetime):
            purge_after = self.purge_after.isoformat()
        else:
            purge_after = self.purge_after

        allowed_actions = []
        for allowed_actions_item_data in self.allowed_actions:
            allowed_actions_item = allowed_actions_item_data.to_dict()
            allowed_actions.append(allowed_actions_item)

        name = self.name

        external_id = self.external_id

        concurrency_key = self.concurrency_key

        retry_of: str | Unset = UNSET
        if not isinstance(self.retry_of, Unset):
            retry_of = str(self.retry_of)

        root_id: str | Unset = UNSET
        if not isinstance(self.root_id, Unset):
            root_id = str(self.root_id)

        retry_scope: str | Unset
        if isinstance(self.retry_scope, Unset):
            retry_scope = UNSET
        elif isinstance(self.retry_scope, RetryScopeType0):
            retry_scope = self.retry_scope.value
        else:
            retry_scope = self.retry_scope

        retried_by: str | Unset = UNSET
        if not isinstance(self.retried_by, Unset):
            retried_by = str(self.retried_by)

        campaign_id = self.campaign_id

        campaign_step = self.campaign_step

        parent_ingestion_id: str | Unset = UNSET
        if not isinstance(self.parent_ingestion_id, Unset):
            parent_ingestion_id = str(self.parent_ingestion_id)

        cancel: dict[str, Any] | Unset = UNSET
        if not isinstance(self.cancel, Unset):
            cancel = self.cancel.to_dict()

        error: dict[str, Any] | Unset = UNSET
        if not isinstance(self.error, Unset):
            error = self.error.to_dict()

        queue_position = self.queue_position

        poll_after_seconds = self.poll_after_seconds

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "srn": srn,
                "status": status,
                "status_reason": status_reason,
                "done": done,
                "result_completeness": result_completeness,
                "convention_id": convention_id,
                "convention_version": convention_version,
                "convention_srn": convention_srn,
                "source": source,
                "parameters": parameters,
                "batch_size": batch_size,
                "limit": limit,
                "metadata": metadata,
                "labels": labels,
                "priority": priority,
                "max_failed_items": max_failed_items,
                "stop_early": stop_early,
                "created_by": created_by,
                "counts": counts,
                "progress": progress,
                "attempts": attempts,
                "created_at": created_at,
                "queued_at": queued_at,
                "started_at": started_at,
                "updated_at": updated_at,
                "heartbeat_at": heartbeat_at,
                "ended_at": ended_at,
                "deadline_at": deadline_at,
                "next_attempt_at": next_attempt_at,
                "purge_after": purge_after,
                "allowed_actions": allowed_actions,
            }
        )
        if name is not UNSET:
            field_dict["name"] = name
        if external_id is not UNSET:
            field_dict["external_id"] = external_id
        if concurrency_key is not UNSET:
            field_dict["concurrency_key"] = concurrency_key
        if retry_of is not UNSET:
            field_dict["retry_of"] = retry_of
        if root_id is not UNSET:
            field_dict["root_id"] = root_id
        if retry_scope is not UNSET:
            field_dict["retry_scope"] = retry_scope
        if retried_by is not UNSET:
            field_dict["retried_by"] = retried_by
        if campaign_id is not UNSET:
            field_dict["campaign_id"] = campaign_id
        if campaign_step is not UNSET:
            field_dict["campaign_step"] = campaign_step
        if parent_ingestion_id is not UNSET:
            field_dict["parent_ingestion_id"] = parent_ingestion_id
        if cancel is not UNSET:
            field_dict["cancel"] = cancel
        if error is not UNSET:
            field_dict["error"] = error
        if queue_position is not UNSET:
            field_dict["queue_position"] = queue_position
        if poll_after_seconds is not UNSET:
            field_dict["poll_after_seconds"] = poll_after_seconds

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.allowed_action import AllowedAction  # noqa: PLC0415
        from ..models.attempt import Attempt  # noqa: PLC0415
        from ..models.cancellation import Cancellation  # noqa: PLC0415
        from ..models.counts import Counts  # noqa: PLC0415
        from ..models.ingestion_fault import IngestionFault  # noqa: PLC0415
        from ..models.ingestion_source import IngestionSource  # noqa: PLC0415
        from ..models.labels import Labels  # noqa: PLC0415
        from ..models.metadata import Metadata  # noqa: PLC0415
        from ..models.parameters import Parameters  # noqa: PLC0415
        from ..models.progress import Progress  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        srn = d.pop("srn")

        def _parse_status(data: object) -> IngestionStatus | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_ingestion_status_type_0 = IngestionStatus(data)

                return componentsschemas_ingestion_status_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(IngestionStatus | str, data)

        status = _parse_status(d.pop("status"))

        def _parse_status_reason(data: object) -> StatusReason | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_status_reason_type_0 = StatusReason(data)

                return componentsschemas_status_reason_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(StatusReason | str, data)

        status_reason = _parse_status_reason(d.pop("status_reason"))

        done = d.pop("done")

        def _parse_result_completeness(data: object) -> ResultCompleteness | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_result_completeness_type_0 = ResultCompleteness(data)

                return componentsschemas_result_completeness_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ResultCompleteness | str, data)

        result_completeness = _parse_result_completeness(d.pop("result_completeness"))

        convention_id = d.pop("convention_id")

        convention_version = d.pop("convention_version")

        convention_srn = d.pop("convention_srn")

        def _parse_source(data: object) -> IngestionSource | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                source_type_0 = IngestionSource.from_dict(data)

                return source_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(IngestionSource | None, data)

        source = _parse_source(d.pop("source"))

        parameters = Parameters.from_dict(d.pop("parameters"))

        batch_size = d.pop("batch_size")

        def _parse_limit(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        limit = _parse_limit(d.pop("limit"))

        metadata = Metadata.from_dict(d.pop("metadata"))

        labels = Labels.from_dict(d.pop("labels"))

        priority = d.pop("priority")

        def _parse_max_failed_items(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        max_failed_items = _parse_max_failed_items(d.pop("max_failed_items"))

        stop_early = d.pop("stop_early")

        created_by = d.pop("created_by")

        counts = Counts.from_dict(d.pop("counts"))

        progress = Progress.from_dict(d.pop("progress"))

        attempts = []
        _attempts = d.pop("attempts")
        for attempts_item_data in _attempts:
            attempts_item = Attempt.from_dict(attempts_item_data)

            attempts.append(attempts_item)

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        queued_at = datetime.datetime.fromisoformat(d.pop("queued_at"))

        def _parse_started_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                started_at_type_0 = datetime.datetime.fromisoformat(data)

                return started_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        started_at = _parse_started_at(d.pop("started_at"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updated_at"))

        def _parse_heartbeat_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                heartbeat_at_type_0 = datetime.datetime.fromisoformat(data)

                return heartbeat_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        heartbeat_at = _parse_heartbeat_at(d.pop("heartbeat_at"))

        def _parse_ended_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                ended_at_type_0 = datetime.datetime.fromisoformat(data)

                return ended_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        ended_at = _parse_ended_at(d.pop("ended_at"))

        def _parse_deadline_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                deadline_at_type_0 = datetime.datetime.fromisoformat(data)

                return deadline_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        deadline_at = _parse_deadline_at(d.pop("deadline_at"))

        def _parse_next_attempt_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                next_attempt_at_type_0 = datetime.datetime.fromisoformat(data)

                return next_attempt_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        next_attempt_at = _parse_next_attempt_at(d.pop("next_attempt_at"))

        def _parse_purge_after(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                purge_after_type_0 = datetime.datetime.fromisoformat(data)

                return purge_after_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        purge_after = _parse_purge_after(d.pop("purge_after"))

        allowed_actions = []
        _allowed_actions = d.pop("allowed_actions")
        for allowed_actions_item_data in _allowed_actions:
            allowed_actions_item = AllowedAction.from_dict(allowed_actions_item_data)

            allowed_actions.append(allowed_actions_item)

        name = d.pop("name", UNSET)

        external_id = d.pop("external_id", UNSET)

        concurrency_key = d.pop("concurrency_key", UNSET)

        _retry_of = d.pop("retry_of", UNSET)
        retry_of: UUID | Unset
        if isinstance(_retry_of, Unset):
            retry_of = UNSET
        else:
            retry_of = UUID(_retry_of)

        _root_id = d.pop("root_id", UNSET)
        root_id: UUID | Unset
        if isinstance(_root_id, Unset):
            root_id = UNSET
        else:
            root_id = UUID(_root_id)

        def _parse_retry_scope(data: object) -> RetryScopeType0 | str | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_retry_scope_type_0 = RetryScopeType0(data)

                return componentsschemas_retry_scope_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(RetryScopeType0 | str | Unset, data)

        retry_scope = _parse_retry_scope(d.pop("retry_scope", UNSET))

        _retried_by = d.pop("retried_by", UNSET)
        retried_by: UUID | Unset
        if isinstance(_retried_by, Unset):
            retried_by = UNSET
        else:
            retried_by = UUID(_retried_by)

        campaign_id = d.pop("campaign_id", UNSET)

        campaign_step = d.pop("campaign_step", UNSET)

        _parent_ingestion_id = d.pop("parent_ingestion_id", UNSET)
        parent_ingestion_id: UUID | Unset
        if isinstance(_parent_ingestion_id, Unset):
            parent_ingestion_id = UNSET
        else:
            parent_ingestion_id = UUID(_parent_ingestion_id)

        _cancel = d.pop("cancel", UNSET)
        cancel: Cancellation | Unset
        if isinstance(_cancel, Unset):
            cancel = UNSET
        else:
            cancel = Cancellation.from_dict(_cancel)

        _error = d.pop("error", UNSET)
        error: IngestionFault | Unset
        if isinstance(_error, Unset):
            error = UNSET
        else:
            error = IngestionFault.from_dict(_error)

        queue_position = d.pop("queue_position", UNSET)

        poll_after_seconds = d.pop("poll_after_seconds", UNSET)

        ingestion = cls(
            id=id,
            srn=srn,
            status=status,
            status_reason=status_reason,
            done=done,
            result_completeness=result_completeness,
            convention_id=convention_id,
            convention_version=convention_version,
            convention_srn=convention_srn,
            source=source,
            parameters=parameters,
            batch_size=batch_size,
            limit=limit,
            metadata=metadata,
            labels=labels,
            priority=priority,
            max_failed_items=max_failed_items,
            stop_early=stop_early,
            created_by=created_by,
            counts=counts,
            progress=progress,
            attempts=attempts,
            created_at=created_at,
            queued_at=queued_at,
            started_at=started_at,
            updated_at=updated_at,
            heartbeat_at=heartbeat_at,
            ended_at=ended_at,
            deadline_at=deadline_at,
            next_attempt_at=next_attempt_at,
            purge_after=purge_after,
            allowed_actions=allowed_actions,
            name=name,
            external_id=external_id,
            concurrency_key=concurrency_key,
            retry_of=retry_of,
            root_id=root_id,
            retry_scope=retry_scope,
            retried_by=retried_by,
            campaign_id=campaign_id,
            campaign_step=campaign_step,
            parent_ingestion_id=parent_ingestion_id,
            cancel=cancel,
            error=error,
            queue_position=queue_position,
            poll_after_seconds=poll_after_seconds,
        )

        ingestion.additional_properties = d
        return ingestion

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
