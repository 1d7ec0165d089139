"""What a read asks for beside its path: tags that the caller has (RFC 9110, 13.1.2), and how long
it would wait (RFC 7240)."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Two tags are the same when their texts are: weak comparison.
_TAG = re.compile(r'(?:W/)?"(?P<text>[!#-~]*)"')
_PREFERENCE = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_WAIT = re.compile(
    r'wait[ \t]*=[ \t]*(?P<quote>"?)(?P<seconds>[0-9]{1,9})(?P=quote)', re.IGNORECASE
)


@dataclass(frozen=True)
class Known:
    """What a caller has already."""

    tags: frozenset[str]
    #: Whatever there is.
    anything: bool = False

    @classmethod
    def of(cls, header: str) -> Known:
        """From `If-None-Match`. What is not a tag matches nothing."""
        if header.strip() == "*":
            return cls(frozenset(), anything=True)
        return cls(frozenset(found["text"] for found in _TAG.finditer(header)))

    def has(self, tag: str) -> bool:
        found = _TAG.fullmatch(tag)
        return self.anything or (found is not None and found["text"] in self.tags)


def preferred_wait(header: str) -> int | None:
    """The seconds of `Prefer: wait=20`; None when there is no such preference. The first counts."""
    for found in _PREFERENCE.finditer(header):
        preference, _, _ = found[0].partition(";")
        name, _, _ = preference.partition("=")
        if name.strip().lower() == "wait":
            wait = _WAIT.fullmatch(preference.strip())
            return None if wait is None else int(wait["seconds"])
    return None
