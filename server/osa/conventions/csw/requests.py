"""Requests of CSW 2.0.2 as XML, built by a library: what a caller gives is text in it, and never
markup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from lxml import etree

from osa.conventions.failures import ParametersInvalid

CSW = "http://www.opengis.net/cat/csw/2.0.2"
OGC = "http://www.opengis.net/ogc"
GMD = "http://www.isotc211.org/2005/gmd"
#: The queryables of the ISO application profile; the only ones by which pycsw finds children.
APISO = "http://www.opengis.net/cat/csw/apiso/1.0"
_NAMES = {"csw": CSW, "ogc": OGC, "gmd": GMD, "apiso": APISO}


@dataclass(frozen=True, kw_only=True)
class Query:
    """Which records: those whose `queryable` is one of `values`; without any, all."""

    queryable: str = ""
    values: tuple[str, ...] = ()

    @classmethod
    def children_of(cls, parent: str) -> Self:
        """The records that name this parent."""
        return cls(queryable="apiso:ParentIdentifier", values=(parent,))

    @classmethod
    def identified(cls, *identifiers: str) -> Self:
        """The records that have these identifiers."""
        return cls(queryable="apiso:Identifier", values=identifiers)


def get_records(query: Query, *, start: int, size: int, hits: bool = False) -> bytes:
    """GetRecords for whole records of ISO 19139, in the order of their identifiers: without one,
    positions mean nothing. `hits` asks for the count alone. Raises ParametersInvalid for text that
    XML cannot hold."""
    root = etree.Element(f"{{{CSW}}}GetRecords", nsmap=_NAMES)
    for name, value in {
        "service": "CSW",
        "version": "2.0.2",
        "resultType": "hits" if hits else "results",
        "startPosition": str(start),
        "maxRecords": str(size),
        "outputFormat": "application/xml",
        "outputSchema": GMD,
    }.items():
        root.set(name, value)
    asked = etree.SubElement(root, f"{{{CSW}}}Query", typeNames="gmd:MD_Metadata")
    _add(asked, CSW, "ElementSetName", "full")
    if query.values:
        constraint = etree.SubElement(asked, f"{{{CSW}}}Constraint", version="1.1.0")
        terms = _add(constraint, OGC, "Filter")
        if len(query.values) > 1:
            terms = _add(terms, OGC, "Or")
        for value in query.values:
            equal = _add(terms, OGC, "PropertyIsEqualTo")
            _add(equal, OGC, "PropertyName", query.queryable)
            _add(equal, OGC, "Literal", value)
    order = _add(_add(asked, OGC, "SortBy"), OGC, "SortProperty")
    _add(order, OGC, "PropertyName", "apiso:Identifier")
    _add(order, OGC, "SortOrder", "ASC")
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _add(parent: etree._Element, namespace: str, name: str, text: str = "") -> etree._Element:
    child = etree.SubElement(parent, f"{{{namespace}}}{name}")
    if text:
        try:
            child.text = text
        except ValueError as exc:
            raise ParametersInvalid(f"{text[:80]!r} holds characters that XML cannot.") from exc
    return child
