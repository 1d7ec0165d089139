"""What can go wrong between a caller and the server, as one exception.

`IngestionError.code` is the server's code when it sent a problem (the contract lists those), else
one of:

UNREACHABLE        refused, reset, no such host, a failing proxy, a broken answer; retryable
TIMEOUT            no answer in time; retryable
TLS_FAILED         the server's certificate or protocol was not accepted
REDIRECTED         the server sends elsewhere, and the token is not sent after it
UNEXPECTED_STATUS  a status without a problem, as of a proxy's page; retryable for 502, 503 and such
INVALID_RESPONSE   a success whose body is not what the contract says; retryable when it broke off
                   or when a cleanup deleted nothing
INVALID_ARGUMENT   no request can be made of what was given
CAMPAIGN_HAS_NO_NEXT
                   no position was given, and the campaign has none left to advance to
CHECKSUM_MISMATCH  the bytes that arrived are not those that were sent; retryable
FILE_EXISTS        a local file is in the way
FILE_ERROR         a local file cannot be read or written
WAITED_TOO_LONG    `IngestionTimeout`: not done in the time given, and the work goes on

`status` is None wherever no answer arrived.
"""

from collections.abc import Mapping, Sequence
from typing import Any


class IngestionError(Exception):
    """Any failure of a helper. Its texts never hold the token; the cause is kept as `__cause__`.

    `status` is the HTTP status, None when there was no answer. `retryable`: whether the same call
    may succeed later. `retry_after`: seconds the server asked to wait, None when it did not.
    """

    def __init__(
        self,
        detail: str,
        *,
        code: str,
        status: int | None = None,
        request_id: str | None = None,
        retryable: bool = False,
        errors: Sequence[Mapping[str, Any]] = (),
        context: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.status = status
        self.request_id = request_id
        self.retryable = retryable
        self.errors: list[dict[str, Any]] = [dict(error) for error in errors]
        self.context: dict[str, Any] = dict(context or {})
        self.retry_after = retry_after

    def __str__(self) -> str:
        request = f", request {self.request_id}" if self.request_id else ""
        return f"{self.detail} ({self.code}{request})"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.detail!r}, code={self.code!r}, status={self.status!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only arguments do not survive the default, and errors travel between processes.
        return _rebuild, (type(self), dict(self.__dict__))


class IngestionTimeout(IngestionError):
    """`wait_ingestion`, `wait_ingestions` or `wait_campaign` gave up waiting.

    `ingestion` is the last state seen of the first that is not done, None when there was none;
    `ingestions` are the last states of all that were seen. `campaign` is that of a campaign.
    """

    def __init__(
        self,
        detail: str,
        *,
        ingestion: dict[str, Any] | None = None,
        ingestions: Sequence[dict[str, Any]] = (),
        campaign: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(detail, code="WAITED_TOO_LONG", retryable=True)
        self.campaign = campaign
        self.ingestion = ingestion
        self.ingestions = [*ingestions]


def _rebuild(kind: type[IngestionError], state: dict[str, Any]) -> IngestionError:
    error = kind.__new__(kind, state["detail"])
    error.__dict__.update(state)
    return error
