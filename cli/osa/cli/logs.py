"""What the convention and its worker said, line by line, and as it is being said."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Unpack
from uuid import UUID

from osa.cli import pacing
from osa.cli.access import Access, helper
from osa.cli.arguments import Verbatim, moment, or_unset, plain_id
from osa.cli.numbered import Numbered
from osa.cli.transport import Connection
from osa.sdk.api.ingestions import list_ingestion_logs


@helper
def iter_logs(
    *,
    ingestion_id: str | UUID,
    after: int = 0,
    tail: int | None = None,
    level: str | None = None,
    since: datetime | str | None = None,
    attempt: int | None = None,
    follow: bool = False,
    outage_budget: float = 300.0,
    **access: Unpack[Access],
) -> Iterator[dict[str, Any]]:
    """Yield the lines with a number above `after`, each once and in order.

    `tail` keeps the last so many of those there are now, `level` (`debug`, `info`, `warning`,
    `error`) the lines that are as grave, `since` those written at that time or later, `attempt`
    those of one attempt. With `follow` it goes on until no line can follow, and waits for a server
    that is gone for less than `outage_budget` seconds at a time.
    """
    with Connection(**access) as line:
        log = _Log(
            line,
            list_ingestion_logs,
            plain_id(ingestion_id, "ing"),
            after=after,
            first={"tail": or_unset(tail)},
            level=or_unset(None if level is None else Verbatim(level)),
            since=moment(since),
            attempt=or_unset(attempt),
        )
        yield from log.follow(pacing.Outage(outage_budget)) if follow else log.pages()


@helper
def list_logs(
    *,
    ingestion_id: str | UUID,
    after: int = 0,
    tail: int | None = None,
    level: str | None = None,
    since: datetime | str | None = None,
    attempt: int | None = None,
    **access: Unpack[Access],
) -> list[dict[str, Any]]:
    """Give all of what `iter_logs` with the same keywords yields."""
    lines = iter_logs(
        ingestion_id=ingestion_id,
        after=after,
        tail=tail,
        level=level,
        since=since,
        attempt=attempt,
        **access,
    )
    return list(lines)


class _Log(Numbered):
    """A log: its numbers may have gaps, since a filter or its age leaves lines out."""

    def _new(self, page: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield from super()._new(page)
        self._after = max(self._after, page["last_number"])
