"""XML from catalogues: parsed without DTD, entities or network, and looked at by local names.

Namespaces are not compared: what is `gmd` in one catalogue is `gmi` or a later version in another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree
from lxml.etree import _Element as Element

from osa.conventions.failures import SourceInvalid, SourceRefused, SourceUnreachable
from osa.conventions.xml import DoctypeRefused, check_doctype

#: Tags and attributes of one document: each takes a hundred bytes of memory, and as few as four of
#: the document. A record has some hundreds.
MAX_MARKUP = 1_000_000
#: Encodings in which a tag is a `<`, so that tags can be counted.
_ENCODING = re.compile(rb"""^<\?xml[^>]{0,80}encoding\s*=\s*["']([A-Za-z0-9._-]+)""")
_ENCODINGS = re.compile(rb"utf-?(8|16)|us-ascii|ascii|iso-8859-\d+|latin-?1|windows-125\d")
_HTML = (b"<!doctype html", b"<html")


def parse(content: bytes, where: str) -> Element:
    """The root element. `where` names the catalogue in messages.

    Raises SourceRefused for what is hostile, SourceUnreachable for a web page, which a proxy or a
    gateway sends in the place of a server that is away, SourceInvalid for what is no XML.
    """
    begin = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if begin.startswith(_HTML):
        raise a_web_page(where)
    declared = _ENCODING.match(begin)
    if declared and not _ENCODINGS.fullmatch(declared.group(1)):
        raise SourceInvalid(f"{where} answered XML in the encoding {declared.group(1)!r}.")
    if content.count(b"<") + content.count(b"=") > MAX_MARKUP:
        raise SourceRefused(f"{where} answered XML of more than {MAX_MARKUP} tags and attributes.")
    try:
        # Before libxml2 sees anything of it: what a DTD declares would be read with it.
        check_doctype([content], max_bytes=len(content))
    except DoctypeRefused as exc:
        raise SourceRefused(f"{where} answered XML with a DOCTYPE, which is not read.") from exc
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as exc:
        said = " ".join(content[:120].decode("utf-8", "replace").split())
        raise SourceInvalid(
            f"{where} did not answer XML that can be read ({str(exc)[:200]}): {said!r}"
        ) from exc
    # Encodings that the first look does not read, and libxml2 does.
    if root.getroottree().docinfo.internalDTD is not None:
        raise SourceRefused(f"{where} answered XML with a DOCTYPE, which is not read.")
    if local(root) == "html":
        raise a_web_page(where)
    return root


def a_web_page(where: str) -> SourceUnreachable:
    return SourceUnreachable(
        f"{where} answered a web page instead of CSW; a proxy may stand before it.",
        hint="When this stays, look whether csw_url is the address of the CSW endpoint.",
    )


def local(element: Element) -> str:
    """The name without its namespace; empty for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def every(element: Element, *path: str) -> Iterator[Element]:
    """All elements at this path of local names; `*` is any."""
    if not path:
        yield element
        return
    for child in element:
        if (name := local(child)) and path[0] in ("*", name):
            yield from every(child, *path[1:])


def first(element: Element, *path: str) -> Element | None:
    """The first element at this path."""
    return next(every(element, *path), None)


def below(element: Element, name: str) -> Iterator[Element]:
    """All descendants of this local name, in the order of the document."""
    return (each for each in element.iter(f"{{*}}{name}"))


def text(element: Element | None) -> str | None:
    """What an element says, white space around it aside; None when it says nothing. Of the property
    elements of ISO 19139 it is the text of their first child: translations come after it."""
    if element is None:
        return None
    own = element.text or ""
    if not own.strip():
        inner = next((child for child in element if local(child) not in ("", "PT_FreeText")), None)
        own = "".join(inner.itertext()) if inner is not None else ""
    return own.strip() or None
