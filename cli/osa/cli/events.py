"""The numbered log of an ingestion: every event once, in order, however often the connection is
cut."""

import json
from collections.abc import Iterator
from typing import Any, Unpack
from uuid import UUID

import httpx

from osa.cli import answers, pacing
from osa.cli.access import Access, helper
from osa.cli.arguments import plain_id
from osa.cli.errors import IngestionError
from osa.cli.numbered import Numbered, damaged
from osa.cli.transport import Connection
from osa.sdk.api.ingestions import list_ingestion_events, stream_ingestion_events
from osa.sdk.models.ingestion_event import IngestionEvent

# Answers that say there is no stream here, while there may well be pages.
_NO_STREAM_STATUSES = frozenset({404, 405, 406, 426, 501})
# A line or an event without an end would fill the memory.
_LONGEST_EVENT = 16 * 1024 * 1024


@helper
def iter_events(
    *,
    ingestion_id: str | UUID,
    after: int = 0,
    follow: bool = False,
    outage_budget: float = 300.0,
    **access: Unpack[Access],
) -> Iterator[dict[str, Any]]:
    """Yield the events with a number above `after`, each once and in order.

    Ends with the last event there is now; with `follow` it goes on until the one that ends the
    ingestion, over the live stream, resumed where it was cut, or page by page where no stream gets
    through. A server that is gone for less than `outage_budget` seconds at a time is waited for
    when following.
    """
    with Connection(**access) as line:
        path = plain_id(ingestion_id, "ing")
        log = _Events(line, list_ingestion_events, path, after=after)
        yield from log.follow(pacing.Outage(outage_budget)) if follow else log.pages()


class _Events(Numbered):
    """The events of one ingestion, which come over a stream too; the last of them says it is."""

    _silent = False

    def follow(self, outage: pacing.Outage) -> Iterator[dict[str, Any]]:
        """Yield until the ended event, over the stream or, where there is none, by polling."""
        while not self._ended:
            before = self._after
            try:
                yield from self._stream()
            except IngestionError as error:
                if self._after > before:
                    outage.over()
                if self._withheld(error) or _no_stream(error):
                    break
                if not outage.again(error):
                    raise
                continue
            outage.over()
            if not self._ended:
                # The server closed in its own time. At once again, but never in a tight circle.
                low = 0.0 if self._after > before else pacing.BASE_SECONDS
                pacing.sleep(pacing.uniform(low, 2 * pacing.BASE_SECONDS))
        yield from super().follow(outage)

    def _withheld(self, error: IngestionError) -> bool:
        """Silence from the first byte on: a proxy keeps the stream until it is complete."""
        return self._silent and error.code == "TIMEOUT"

    def _take(self, event: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if event["number"] > self._after:
            self._ended = self._ended or event["data"].get("done") is True
        yield from super()._take(event)

    def _fits(self, event: dict[str, Any]) -> bool:
        return _is_event(event)

    def _stream(self) -> Iterator[dict[str, Any]]:
        last = str(self._after) if self._after else None
        kwargs = stream_ingestion_events._get_kwargs(self._path, after=self._after)
        if last is not None:
            kwargs["headers"]["Last-Event-ID"] = last
        self._silent = False
        with self._line.stream(
            kwargs, accept="text/event-stream, application/problem+json"
        ) as answer:
            if answer.status_code == 204:
                self._ended = True
                return
            answers.require_media_type(answer, "text/event-stream")
            self._silent = True
            for event in _decode(self._heard(answer)):
                if event["number"] > self._after + 1:
                    yield from self.pages()
                yield from self._take(event)
                if self._ended:
                    return

    def _heard(self, answer: httpx.Response) -> Iterator[bytes]:
        for chunk in answer.iter_bytes():
            self._silent = False
            yield chunk
        self._silent = False


def _no_stream(error: IngestionError) -> bool:
    if error.code == "INVALID_RESPONSE":
        return True
    known = error.code.endswith("_NOT_FOUND")
    return error.status in _NO_STREAM_STATUSES and not known


def _decode(chunks: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the events of a server-sent event stream; one that was cut short is dropped."""
    data: list[bytes] = []
    size = 0
    for line in _lines(chunks):
        if line:
            field, _, value = line.partition(b":")
            if field == b"data":
                data.append(value.removeprefix(b" "))
                size += len(value)
                if size > _LONGEST_EVENT:
                    raise damaged("an event of the stream has no end")
        elif data:
            yield _event(b"\n".join(data))
            data, size = [], 0


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Split at LF, CR LF and CR only: `str.splitlines` would also split inside of JSON texts."""
    rest = b""
    start = True
    for chunk in chunks:
        rest += chunk
        if start and len(rest) >= 3:
            rest = rest.removeprefix(b"\xef\xbb\xbf")
            start = False
        # A CR at the very end may be half of CR LF.
        held = b"\r" if rest.endswith(b"\r") else b""
        lines = rest.removesuffix(held).splitlines(keepends=True)
        rest = held
        if lines and not lines[-1].endswith((b"\n", b"\r")):
            rest = lines.pop() + held
        for line in lines:
            yield line.rstrip(b"\r\n")
        if len(rest) > _LONGEST_EVENT:
            raise damaged("a line of the stream has no end")
    if rest.endswith(b"\r"):
        yield rest.removesuffix(b"\r")


def _event(data: bytes) -> dict[str, Any]:
    try:
        event = json.loads(data)
        IngestionEvent.from_dict(event)
        if not _is_event(event):
            raise TypeError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
        raise damaged("an event of the stream is not what the contract says") from exc
    return dict(event)


def _is_event(event: Any) -> bool:
    """What the generated parser does not look at, and the code above relies on."""
    return isinstance(event["number"], int) and isinstance(event["data"], dict)
