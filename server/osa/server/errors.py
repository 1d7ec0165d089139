"""What can go wrong, as one tree. No HTTP and no SQL: `http.problems` has the table to statuses
and codes.

`detail` is for people: what is wrong, where, and what to do next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class ErrorDetail:
    """One thing that is wrong with a request."""

    #: Where: `body`, `query`, `path` or `header`, then names and positions.
    loc: Sequence[str | int]
    msg: str
    type: str
    input: Any = None


class OsaError(Exception):
    """Base of every failure that a caller is told about."""

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[ErrorDetail] = (),
        context: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.context = dict(context or {})


class InvalidRequest(OsaError):
    """The request does not fit the contract."""


class InvalidCursor(InvalidRequest):
    """The cursor was made for another list or other filters, or was changed."""

    def __init__(self) -> None:
        super().__init__(
            "The cursor was made for other filters, or was changed. Start again without it."
        )


class Unauthenticated(OsaError):
    """No valid token."""


class Forbidden(OsaError):
    """The token lacks a scope."""

    def __init__(self, missing_scope: str, scopes: Sequence[str]) -> None:
        super().__init__(
            f"This needs the scope {missing_scope}; the token has {', '.join(scopes) or 'none'}.",
            context={"missing_scope": missing_scope},
        )


class NotFound(OsaError):
    """There is no such thing, or it belongs to another tenant: the two look the same."""


class RouteNotFound(NotFound):
    """No operation has this path."""


class IngestionNotFound(NotFound):
    def __init__(self, ingestion_id: str) -> None:
        super().__init__(
            f"There is no ingestion {ingestion_id}. `osa ingestion list` shows yours.",
            context={"ingestion_id": ingestion_id},
        )


class ConventionNotFound(NotFound):
    def __init__(self, convention_id: str) -> None:
        super().__init__(
            f"There is no convention {convention_id!r}. `osa convention list` shows them.",
            context={"convention_id": convention_id},
        )


class UploadNotFound(NotFound):
    def __init__(self, upload_id: str) -> None:
        super().__init__(
            f"There is no upload {upload_id}, or it has expired. Send the file again.",
            context={"upload_id": upload_id},
        )


class RecordNotFound(NotFound):
    def __init__(self, record_id: str) -> None:
        super().__init__(
            f"There is no record {record_id}. `osa record list` shows them.",
            context={"record_id": record_id},
        )


class CampaignNotFound(NotFound):
    def __init__(self, campaign_id: str | None = None) -> None:
        named = "" if campaign_id is None else f" {campaign_id!r}"
        super().__init__(
            f"There is no campaign{named}.",
            context={} if campaign_id is None else {"campaign_id": campaign_id},
        )


class ArtifactNotFound(NotFound):
    def __init__(self, artifact_id: str) -> None:
        super().__init__(
            f"There is no artifact {artifact_id}. `osa ingestion artifacts ID` shows them.",
            context={"artifact_id": artifact_id},
        )


class FileNotFound(NotFound):
    def __init__(self, record_id: str, file_id: str) -> None:
        super().__init__(
            f"The record {record_id} has no file {file_id} now; it may have been updated.",
            context={"record_id": record_id, "file_id": file_id},
        )


class MethodNotAllowed(OsaError):
    """The path exists, the method does not."""

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        super().__init__(
            f"{method} is not possible here; {', '.join(allowed)} is.",
            context={"allowed": list(allowed)},
        )
        self.allowed = tuple(allowed)


class SelectionNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__(
            "There is no such selection, or it has expired. Select again without the token."
        )


class Conflict(OsaError):
    """The state does not allow it."""


class IngestionActive(Conflict):
    """It is not done, and must be for this."""

    def __init__(self, ingestion_id: str, status: str) -> None:
        super().__init__(
            f"Ingestion {ingestion_id} is {status}. Cancel it first, and wait until it is done.",
            context={"ingestion_id": ingestion_id, "status": status},
        )


class IngestionAlreadyRetried(Conflict):
    def __init__(self, ingestion_id: str, retried_by: str) -> None:
        super().__init__(
            f"Ingestion {ingestion_id} was retried by {retried_by}. Retry that one, or delete it"
            " first.",
            context={"ingestion_id": retried_by},
        )


class NothingToRetry(Conflict):
    def __init__(self, ingestion_id: str, scope: str, why: str) -> None:
        super().__init__(
            f"Nothing is left to do of ingestion {ingestion_id}: {why}",
            context={"ingestion_id": ingestion_id, "scope": scope},
        )


class ConventionChanged(Conflict):
    def __init__(self, ingestion_id: str, convention_id: str, then: str, now: str) -> None:
        super().__init__(
            f"Ingestion {ingestion_id} was started with {convention_id} {then}; this server has"
            f" {now}, which may not know its cursor or its items. Retry with the scope all.",
            context={"convention_id": convention_id},
        )


class IngestionDeleted(Conflict):
    """An idempotency key started something that is gone."""

    def __init__(self, ingestion_id: str) -> None:
        super().__init__(
            f"This Idempotency-Key started ingestion {ingestion_id}, which was deleted since."
            " Use a new key.",
            context={"ingestion_id": ingestion_id},
        )


class SelectionMismatch(Conflict):
    def __init__(self) -> None:
        super().__init__(
            "The selection_token belongs to other filters; nothing was deleted. Send the token"
            " alone, or select again."
        )


class IngestionAlreadyEnded(Conflict):
    """Nothing was changed; `ingestion` is how it ended."""

    def __init__(self, ingestion: Any) -> None:
        super().__init__(
            f"Ingestion {ingestion.id} has ended: {ingestion.status}, at"
            f" {ingestion.ended_at:%Y-%m-%dT%H:%M:%SZ}. Nothing was changed."
        )
        self.ingestion = ingestion


class IngestionAlreadyRunning(Conflict):
    """The exclusive convention, or the concurrency key, is held; `key` is None for the former."""

    def __init__(self, convention_id: str, ingestion_id: str, *, key: str | None = None) -> None:
        what = f"{convention_id!r}" if key is None else f"The concurrency_key {key!r}"
        context = {"ingestion_id": ingestion_id, "convention_id": convention_id}
        super().__init__(
            f"{what} runs one ingestion at a time; {ingestion_id} is active. Wait for it, cancel"
            " it, or start with on_conflict queue or attach.",
            context=context if key is None else {**context, "concurrency_key": key},
        )


class ExternalIdTaken(Conflict):
    def __init__(self, external_id: str, ingestion_id: str) -> None:
        super().__init__(
            f"The external_id {external_id!r} belongs to ingestion {ingestion_id}.",
            context={"ingestion_id": ingestion_id, "external_id": external_id},
        )


class CampaignExists(Conflict):
    """Another request has created a campaign of this id."""

    def __init__(self, campaign_id: str) -> None:
        super().__init__(
            f"The campaign {campaign_id!r} was created by another request: its convention,"
            " parameters, name, mode, start_position, campaign_total_children or public_summary"
            " differ. Choose another id, or look at that one.",
            context={"campaign_id": campaign_id},
        )


class CampaignPositionStale(Conflict):
    """Another step is the next one."""

    def __init__(self, campaign_id: str, next_position: int) -> None:
        super().__init__(
            f"The next step of {campaign_id!r} begins at {next_position}.",
            context={"campaign_id": campaign_id, "next_start_position": next_position},
        )


class CampaignStepActive(Conflict):
    """One step at a time; it or its children are not done."""

    def __init__(self, campaign_id: str, detail: str, ingestion_id: str | None) -> None:
        super().__init__(
            detail,
            context={
                "campaign_id": campaign_id,
                **({} if ingestion_id is None else {"ingestion_id": ingestion_id}),
            },
        )


class CampaignEnded(Conflict):
    """It is over."""

    def __init__(self, campaign_id: str, status: str, *, hint: str = "") -> None:
        super().__init__(
            f"The campaign {campaign_id!r} is {status}.{' ' if hint else ''}{hint}",
            context={"campaign_id": campaign_id, "status": status},
        )


class BodyTooLarge(OsaError):
    def __init__(self, limit_bytes: int, hint: str = "") -> None:
        super().__init__(
            f"The body may have at most {limit_bytes} bytes.{' ' if hint else ''}{hint}",
            context={"limit_bytes": limit_bytes},
        )


class UnsupportedMediaType(OsaError):
    def __init__(self, supported: Sequence[str], given: str | None) -> None:
        super().__init__(
            f"Send the body as {' or '.join(supported)}, not as {given or 'nothing named'}.",
            context={"supported": list(supported)},
        )


class RangeNotSatisfiable(OsaError):
    def __init__(self, size: int, requested: str) -> None:
        super().__init__(
            f"The content has {size} bytes; the range {requested!r} lies outside of it.",
            context={"size": size},
        )
        self.size = size


class Refused(OsaError):
    """The request fits the contract and cannot be done."""


class InvalidParameters(Refused):
    """The convention refuses the parameters; `errors` lists everything."""


class InvalidSource(Refused):
    """The convention cannot use this source."""


class SourceNotAllowed(Refused):
    """The source is not a place this archive reads from."""


class ConventionUnavailable(Refused):
    def __init__(self, convention_id: str, extra: str) -> None:
        super().__init__(
            f"Convention {convention_id!r} needs the extra {extra!r}, which this server lacks:"
            f" pip install 'osa-ingestion[{extra}]'.",
            context={"missing_extra": extra},
        )


class IdempotencyKeyReused(Refused):
    def __init__(self, ingestion_id: str) -> None:
        super().__init__(
            f"This Idempotency-Key started ingestion {ingestion_id} with another body."
            " Use a new key for a new start.",
            context={"ingestion_id": ingestion_id},
        )


class ChecksumMismatch(Refused):
    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(
            "The content has another SHA-256 than the one announced; nothing was kept."
            " Send it again.",
            context={"expected": expected, "actual": actual},
        )


class Unavailable(OsaError):
    """Not at the moment; the same request may succeed later."""

    def __init__(self, detail: str, *, retry_after_seconds: int = 5) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class StorageFull(Unavailable):
    """There is no room left on the disk of the archive."""


class Overloaded(Unavailable):
    """Turned away before anything was done."""

    def __init__(self) -> None:
        super().__init__(
            "The server has more requests than it can answer; this one was turned away before"
            " anything was done.",
            retry_after_seconds=2,
        )


class TooManyRequests(OsaError):
    """The token has used up what it may send; or, unauthenticated, the address."""

    def __init__(self, policy: str, quota: int, window: int, retry_after_seconds: int) -> None:
        said = f"The token may send {quota} {policy} in {window} seconds."
        if policy == "unauthenticated":
            said = (
                "The token is unknown, expired or revoked, as were those of more than"
                f" {quota} requests from this address in {window} seconds."
            )
        super().__init__(
            f"{said} Ask again in {retry_after_seconds} second"
            f"{'' if retry_after_seconds == 1 else 's'}.",
            context={"policy": policy},
        )
        self.retry_after_seconds = retry_after_seconds


class HeadersTooLarge(OsaError):
    def __init__(self, limit_bytes: int) -> None:
        super().__init__(
            f"The request line and the headers may have at most {limit_bytes} bytes together.",
            context={"limit_bytes": limit_bytes},
        )
