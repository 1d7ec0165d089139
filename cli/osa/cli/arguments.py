"""What a caller gives, made fit for the generated client: ids, words, times, and what was left
out."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from osa.cli.errors import IngestionError
from osa.sdk.types import UNSET


class Verbatim(str):
    """A word of the caller's where the SDK wants an enum or a time: sent as it is, the server
    judges."""

    @property
    def value(self) -> str:
        return str(self)

    def isoformat(self) -> str:
        return str(self)


def plain_id(given: str | UUID, kind: str) -> Any:
    """The id of a thing from an id or an SRN `urn:osa:{domain}:{kind}:{id}`, fit for a path.

    What is not a UUID is passed on, and the server says what is wrong with it.
    """
    text = str(given).strip()
    if text.startswith("urn:"):
        parts = text.split(":")
        if len(parts) != 5 or parts[1] != "osa" or parts[3] != kind:
            raise invalid(f"{text!r} is not an SRN of the form urn:osa:<domain>:{kind}:<id>.")
        text = parts[4]
    return path_segment(text)


def path_segment(text: str) -> str:
    """Refuse what would make another path of the request: nothing, `.` and `..`."""
    if text.strip() in ("", ".", ".."):
        raise invalid(f"{text!r} is not an id.")
    return text


def id_or_unset(given: str | UUID | None, kind: str) -> Any:
    return UNSET if given is None else plain_id(given, kind)


def ids(given: Iterable[str | UUID] | str | UUID | None, kind: str) -> Any:
    """One id or several, where the contract takes several."""
    if given is None:
        return UNSET
    return [plain_id(each, kind) for each in ([given] if isinstance(given, str | UUID) else given)]


def or_unset(value: Any) -> Any:
    return UNSET if value is None else value


def words(texts: str | Iterable[str] | None) -> Any:
    """One word or several, where the contract takes several."""
    if texts is None:
        return UNSET
    return [Verbatim(text) for text in ([texts] if isinstance(texts, str) else texts)]


def moment(time: datetime | str | None) -> Any:
    """A time; one without an offset is local time."""
    if time is None:
        return UNSET
    if isinstance(time, str):
        return Verbatim(time)
    return time.astimezone() if time.tzinfo is None else time


def invalid(detail: str) -> IngestionError:
    """The error of arguments no request can be made of."""
    return IngestionError(detail, code="INVALID_ARGUMENT")
