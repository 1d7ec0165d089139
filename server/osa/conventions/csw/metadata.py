"""Records of ISO 19139 (`gmd:MD_Metadata`, `gmi:MI_Metadata`), read leniently.

Real records are broken: empty titles, impossible dates, boxes without a side. Every field is
optional; one that cannot be read is left out and named in `problems`, and takes nothing with it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml.etree import _Element as Element

from osa.conventions.csw.fields import FieldName
from osa.conventions.csw.markup import below, every, first, text
from osa.conventions.csw.times import is_later, normalized

MAX_LINE = 1_000
MAX_TEXT = 20_000
MAX_KEYWORDS = 500
MAX_ONLINE = 200
MAX_IDENTIFIER = 1_500
_SPDX = re.compile(r"^https?://spdx\.org/licenses/([A-Za-z0-9.+-]+?)(\.html|\.json)?/?$")
_HREF = "{http://www.w3.org/1999/xlink}href"


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What was read of one record."""

    #: None for a record that does not say: nothing can be done with it.
    identifier: str | None = None
    #: By the names in `FIELDS`; what the record does not say is not among them.
    fields: Mapping[str, Any] = field(default_factory=dict)
    #: Sentences about what could not be read.
    problems: Sequence[str] = ()

    @property
    def online(self) -> Sequence[Mapping[str, str]]:
        """Online resources: `url`, and `protocol` and `name` where they are given."""
        found: Sequence[Mapping[str, str]] = self.fields.get("online", ())
        return found


def read(record: Element) -> Metadata:
    """Never fails: what is no record at all has no identifier."""
    problems: list[str] = []
    identifier = text(first(record, "fileIdentifier"))
    if identifier is not None and len(identifier) > MAX_IDENTIFIER:
        problems.append(f"The identifier has more than {MAX_IDENTIFIER} characters.")
        identifier = None
    about = first(record, "identificationInfo", "*")
    found: dict[FieldName, Any] = {
        "title": _line(first(about, "citation", "*", "title")) if about is not None else None,
        "abstract": _text(first(about, "abstract")) if about is not None else None,
        "keywords": _keywords(about) if about is not None else None,
        "bbox": _bbox(about, problems) if about is not None else None,
        "time": _time(about, problems) if about is not None else None,
        "online": _online(record),
        "datestamp": _datestamp(record, problems),
        "parent": _line(first(record, "parentIdentifier")),
        "license": _license(about) if about is not None else None,
    }
    return Metadata(
        identifier=identifier,
        fields={name: value for name, value in found.items() if value},
        problems=problems,
    )


def _line(element: Element | None) -> str | None:
    said = text(element)
    return None if said is None else " ".join(said.split())[:MAX_LINE]


def _text(element: Element | None) -> str | None:
    said = text(element)
    return None if said is None else said[:MAX_TEXT]


def _keywords(about: Element) -> list[str]:
    found = every(about, "descriptiveKeywords", "MD_Keywords", "keyword")
    said = (word for word in map(_line, found) if word)
    # Each once, in the order of the record.
    return list(dict.fromkeys(said))[:MAX_KEYWORDS]


def _bbox(about: Element, problems: list[str]) -> list[float] | None:
    """West, south, east, north in degrees, of the first box that is one. West above east crosses
    the antimeridian."""
    sides = (
        "westBoundLongitude",
        "southBoundLatitude",
        "eastBoundLongitude",
        "northBoundLatitude",
    )
    for box in below(about, "EX_GeographicBoundingBox"):
        said = [text(first(box, side)) for side in sides]
        values = [value for value in map(_degrees, said) if value is not None]
        if len(values) == len(sides):
            west, south, east, north = values
            if -90 <= south <= north <= 90 and -180 <= min(west, east) <= max(west, east) <= 360:
                return values
        problems.append(f"The bounding box {said!r:.200} is none.")
    return None


def _degrees(said: str | None) -> float | None:
    try:
        value = float(said or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _time(about: Element, problems: list[str]) -> dict[str, str] | None:
    """The first temporal extent: `start` and `end`; one that goes on has no `end`."""
    for extent in below(about, "EX_TemporalExtent"):
        begin, end = _ends(extent)
        start, stop = normalized(begin), normalized(end)
        problems += [
            f"The time {said!r:.100} is none."
            for said, value in ((begin, start), (end, stop))
            if said and not value
        ]
        if is_later(start, stop):
            problems.append(f"The time ends ({stop}) before it begins ({start}).")
            continue
        if start or stop:
            return {k: v for k, v in (("start", start), ("end", stop)) if v}
    return None


def _ends(extent: Element) -> tuple[str | None, str | None]:
    for period in below(extent, "TimePeriod"):
        begin = first(period, "beginPosition")
        end = first(period, "endPosition")
        if begin is None:
            begin = first(period, "begin", "TimeInstant", "timePosition")
        if end is None:
            end = first(period, "end", "TimeInstant", "timePosition")
        return text(begin), text(end)
    instant = text(next(below(extent, "timePosition"), None))
    return instant, instant


def _datestamp(record: Element, problems: list[str]) -> str | None:
    said = text(first(record, "dateStamp"))
    value = normalized(said)
    if said and not value:
        problems.append(f"The date stamp {said!r:.100} is none.")
    return value


def _online(record: Element) -> list[dict[str, str]]:
    found = []
    for distribution in every(record, "distributionInfo"):
        for resource in below(distribution, "CI_OnlineResource"):
            url = _line(first(resource, "linkage"))
            if not url:
                continue
            named = {
                "url": url,
                "protocol": _line(first(resource, "protocol")),
                "name": _line(first(resource, "name")),
            }
            found.append({name: value for name, value in named.items() if value})
    return found[:MAX_ONLINE]


def _license(about: Element) -> dict[str, str] | None:
    """Of the constraints on use, the first that says something: `text`, and `url` and `id` (SPDX)
    where it is a link."""
    for said in _on_use(about):
        anchor = first(said, "Anchor")
        url = (anchor.get(_HREF) or "").strip()[:MAX_LINE] if anchor is not None else ""
        known = _SPDX.match(url)
        named = {"id": known.group(1) if known else None, "text": _line(said), "url": url}
        if any(named.values()):
            return {name: value for name, value in named.items() if value}
    return None


def _on_use(about: Element) -> Iterator[Element]:
    constraints = list(every(about, "resourceConstraints", "*"))
    for each in constraints:
        if first(each, "useConstraints") is not None:
            yield from every(each, "otherConstraints")
    for each in constraints:
        yield from every(each, "useLimitation")
