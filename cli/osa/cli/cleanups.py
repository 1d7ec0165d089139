"""Forgetting ingestions that are done: one, or a selection. What they published stays."""

from collections.abc import Callable, Iterable
from typing import Any, Unpack
from uuid import UUID

from osa.cli.access import Access, helper
from osa.cli.arguments import plain_id
from osa.cli.errors import IngestionError
from osa.cli.transport import Connection, answer_lost


@helper
def delete_ingestion(*, ingestion_id: str | UUID, **access: Unpack[Access]) -> None:
    """Delete an ingestion that is done, with its items, events, logs and artifacts.

    One that is not done raises `INGESTION_ACTIVE`; one that is not there, `INGESTION_NOT_FOUND`.
    """
    from osa.sdk.api.ingestions import delete_ingestion as operation

    kwargs = operation._get_kwargs(plain_id(ingestion_id, "ing"))
    maybe_gone = False

    def attempt() -> None:
        nonlocal maybe_gone
        try:
            line.tell_once(kwargs)
        except IngestionError as error:
            if maybe_gone and error.code == "INGESTION_NOT_FOUND":
                return
            maybe_gone = maybe_gone or answer_lost(error)
            raise

    with Connection(**access) as line:
        line.patiently(attempt)


@helper
def clean_up(
    *,
    older_than_seconds: int | None = None,
    status: str | Iterable[str] | None = None,
    convention: str | None = None,
    keep_last: int | None = None,
    selection_token: str | None = None,
    on_progress: Callable[[dict[str, Any]], None] | None = None,
    **access: Unpack[Access],
) -> dict[str, Any]:
    """Select ended ingestions; with the `selection_token` of such an answer, delete that selection.

    Without a token nothing is deleted, and the answer says how many match. With it the request is
    repeated until none of them is left; `on_progress` gets each answer, and the last one is given.
    The same token again changes nothing.
    """
    from osa.sdk.api.ingestions import create_cleanup as operation
    from osa.sdk.models.clean_up_ingestions import CleanUpIngestions

    filters = {
        "older_than_seconds": older_than_seconds,
        "status": [status] if isinstance(status, str) else status and [*status],
        "convention_id": convention,
        "keep_last": keep_last,
        "selection_token": selection_token,
    }
    kwargs = operation._get_kwargs(body=CleanUpIngestions())
    # As they were given; the server judges.
    kwargs["json"] = {name: value for name, value in filters.items() if value is not None}
    left: int | None = None

    def step() -> dict[str, Any]:
        answer = line.ask_once(operation, kwargs)
        found = answer["remaining_count"]
        if not isinstance(found, int) or (left is not None and found >= left):
            raise IngestionError(
                f"The server deletes no more of this selection: {found} are left.",
                code="INVALID_RESPONSE",
                retryable=True,
            )
        return answer

    with Connection(**access) as line:
        while True:
            answer = line.patiently(step)
            if selection_token is None:
                return answer
            left = answer["remaining_count"]
            if on_progress is not None:
                on_progress(answer)
            if left <= 0:
                return answer
