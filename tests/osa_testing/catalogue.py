"""A real catalogue: pycsw on loopback, with records made of the real ones of MET Norway.

It lives in a virtual environment of its own, because it needs an old SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx

from osa_testing import environments

#: As MET Norway runs it; what it needs of others is pinned where a later one breaks it.
REQUIREMENTS = ("pycsw==2.6.2", "SQLAlchemy==1.4.54", "OWSLib==0.28.1")
PROGRAM = Path(__file__).with_name("pycsw_program.py")
_ISO = {
    "gmd": "http://www.isotc211.org/2005/gmd",
    "gco": "http://www.isotc211.org/2005/gco",
    "gml": "http://www.opengis.net/gml",
    "gmx": "http://www.isotc211.org/2005/gmx",
    "xlink": "http://www.w3.org/1999/xlink",
}
GMI = "http://www.isotc211.org/2005/gmi"


NoCatalogue = environments.NotInstalled


@dataclass(frozen=True)
class Catalogue:
    """A pycsw that runs."""

    url: str
    _control: str

    def put(self, *records: bytes) -> None:
        """Add records, or replace those of the same identifier."""
        self._tell(put=[record.decode() for record in records])

    def delete(self, *identifiers: str) -> None:
        self._tell(delete=identifiers)

    def spoil(self, identifier: str, xml: str) -> None:
        """Store something else in the place of a record's XML."""
        self._tell(spoil={identifier: xml})

    def cap(self, records: int) -> None:
        """Give so many in one answer at most, whatever is asked for."""
        self._tell(maxrecords=records)

    def clear(self) -> None:
        """As it was in the beginning."""
        self._tell(clear=True, maxrecords=1000)

    def _tell(self, **order: Any) -> None:
        httpx.post(self._control, json=order, timeout=60, trust_env=False).raise_for_status()


@contextmanager
def running(folder: Path) -> Iterator[Catalogue]:
    """A pycsw without records, until the block ends. Raises NoCatalogue."""
    python = environments.interpreter("pycsw-2.6.2", REQUIREMENTS)
    with environments.running(python, PROGRAM, folder) as port:
        root = f"http://127.0.0.1:{port}"
        yield Catalogue(f"{root}/csw", f"{root}/control")


class Iso:
    """Makes records of ISO 19139 from the real parent and child."""

    PARENT = "test.no:64db6102-14ce-41e9-b93b-61dbb2cb8b4e"

    def __init__(self, folder: Path, *, csw_url: str = "") -> None:
        #: Of the catalogue that they are for.
        self.csw_url = csw_url
        self._child = (folder / "met_child_dataset.xml").read_bytes()
        self.parent = (folder / "met_parent_series.xml").read_bytes()

    @staticmethod
    def id(number: int) -> str:
        return f"test.no:child-{number:04}"

    def children(self, count: int, *, start: int = 1, **texts: str) -> list[bytes]:
        """So many children with identifiers, titles and times of their own."""
        return [self.child(number, **texts) for number in range(start, start + count)]

    def child(self, number: int, *, gmi: bool = False, **texts: str) -> bytes:
        """The child of this number. `texts`: what the element at one of `PLACES` says instead."""
        minute = f"{number // 60 % 24:02}:{number % 60:02}"
        said: Mapping[str, str] = {
            "identifier": self.id(number),
            "title": f"Swath {number}",
            "begin": f"2021-04-29T{minute}:00Z",
            "end": f"2021-04-29T{minute}:30Z",
            **texts,
        }
        # Each with the prefixes of the original.
        for prefix, uri in _ISO.items():
            ElementTree.register_namespace(prefix, uri)
        root = ElementTree.fromstring(self._child)
        for name, text in said.items():
            for element in root.findall(PLACES[name], _ISO):
                element.text = text
        if gmi:
            ElementTree.register_namespace("gmi", GMI)
            root.tag = f"{{{GMI}}}MI_Metadata"
        return ElementTree.tostring(root, encoding="utf-8")


PLACES = {
    "identifier": "gmd:fileIdentifier/gco:CharacterString",
    "parent": "gmd:parentIdentifier/gco:CharacterString",
    "datestamp": "gmd:dateStamp/gco:Date",
    "title": "gmd:identificationInfo/*/gmd:citation/*/gmd:title/gco:CharacterString",
    "abstract": ".//gmd:abstract/gco:CharacterString",
    "begin": ".//gml:beginPosition",
    "end": ".//gml:endPosition",
    "north": ".//gmd:northBoundLatitude/gco:Decimal",
}
