"""XML from strangers: streamed, without DTD, without entities, without network.

A DOCTYPE is refused as soon as it begins: whatever it declares (entities that grow, files to
include) is never read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

MAX_DEPTH = 256
#: Bytes of one tag, comment or instruction. Until it ends, expat before 2.6 reads it again with
#: every chunk that comes: 60 MB of one attribute took 45 seconds.
MAX_TOKEN = 4 * 1024**2
_CHUNK = 64 * 1024


class XmlRefused(Exception):
    """The document is not well-formed, or larger or deeper than what is read."""


class DoctypeRefused(XmlRefused):
    """The document declares a document type."""

    def __init__(self) -> None:
        super().__init__("The XML document has a DOCTYPE, which is not read.")


class _Enough(Exception):
    """Not an error: the way out of expat when all that was asked for has been read."""


Start = Callable[[str, Mapping[str, str]], None]
End = Callable[[str], None]
Data = Callable[[str], None]


def scan(
    chunks: Iterable[bytes],
    *,
    start: Start = lambda _name, _attributes: None,
    end: End = lambda _name: None,
    data: Data = lambda _text: None,
    max_bytes: int,
    more: Callable[[], bool] = lambda: True,
) -> None:
    """Read a document and call back for each start, end and text. Names are `{namespace}local`.

    `more` is asked before each chunk; when it says False, the rest is left unread. Raises
    DoctypeRefused, XmlRefused.
    """
    depth = 0

    def started(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise XmlRefused(f"The XML document is nested deeper than {MAX_DEPTH} elements.")
        start(_clark(name), {_clark(key): value for key, value in attributes.items()})

    def ended(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(_clark(name))

    parser = _parser()
    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    parser.CharacterDataHandler = data
    _feed(parser, chunks, max_bytes, more)


def parse(chunks: Iterable[bytes], *, max_bytes: int) -> Element:
    """The whole document as a tree. Raises DoctypeRefused, XmlRefused."""
    builder = TreeBuilder()
    scan(
        chunks,
        start=lambda name, attributes: _ignore(builder.start(name, dict(attributes))),
        end=lambda name: _ignore(builder.end(name)),
        data=builder.data,
        max_bytes=max_bytes,
    )
    return builder.close()


def check_doctype(chunks: Iterable[bytes], *, max_bytes: int = 1024 * 1024) -> None:
    """Raise DoctypeRefused if the document declares a type. Reads no further than its first
    element; whether the rest is well-formed is not looked at."""

    def first(*_: object) -> None:
        raise _Enough

    parser = _parser()
    parser.StartElementHandler = first
    try:
        _feed(parser, chunks, max_bytes, lambda: True)
    except DoctypeRefused:
        raise
    except (_Enough, XmlRefused):
        return


def _parser() -> expat.XMLParserType:
    def refused(*_: object) -> None:
        raise DoctypeRefused

    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartDoctypeDeclHandler = refused
    parser.EntityDeclHandler = refused
    return parser


def _feed(
    parser: expat.XMLParserType,
    chunks: Iterable[bytes],
    max_bytes: int,
    more: Callable[[], bool],
) -> None:
    size = 0
    try:
        for chunk in chunks:
            size += len(chunk)
            if size > max_bytes:
                raise XmlRefused(f"The XML document is larger than {max_bytes} bytes.")
            for offset in range(0, len(chunk), _CHUNK):
                if not more():
                    return
                parser.Parse(chunk[offset : offset + _CHUNK], False)
                read = size - len(chunk) + min(offset + _CHUNK, len(chunk))
                if read - max(0, parser.CurrentByteIndex) > MAX_TOKEN:
                    raise XmlRefused(
                        f"The XML document has a tag or comment of more than {MAX_TOKEN} bytes."
                    )
        parser.Parse(b"", True)
    except expat.ExpatError as exc:
        raise XmlRefused(f"The XML document is not well-formed: {exc}.") from exc
    except (LookupError, ValueError) as exc:
        raise XmlRefused(f"The XML document has an encoding that is not read: {exc}.") from exc


def _clark(name: str) -> str:
    return "{" + name if "}" in name else name


def _ignore(_: object) -> None:
    """Callbacks return nothing, TreeBuilder's methods return the element."""
