"""Text out of markup: HTML, XML, and the XML inside of Word and OpenDocument files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html.parser import HTMLParser
from pathlib import Path

from osa.conventions import xml
from osa.conventions.archives import read_entry

#: Bytes of XML that are looked at for their text.
MAX_XML = 256 * 1024**2
#: Characters of HTML; less, because a hostile page costs its parser two seconds for each million.
MAX_HTML = 32 * 1024**2
#: Characters the HTML parser may hold back while it waits for the end of something.
_MAX_PENDING = 1024**2

_HIDDEN = frozenset(("script", "style", "template", "noscript", "svg", "math", "iframe", "object"))
_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "dd", "details", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5"),
        *("h6", "header", "hr", "main", "nav", "ol", "p", "pre", "section", "table", "title", "ul"),
    )
)
_LINES = frozenset(("br", "li", "tr", "caption", "option"))


class MarkupBroken(Exception):
    """The markup does not end where it should; the message says what."""


class Text:
    """Text as it grows, up to `limit` characters. White space is collapsed unless `keep` says not
    to."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[str] = []
        self._length = 0
        self._gap = ""
        self.truncated = False

    def add(self, text: str, *, keep: bool = False) -> None:
        """Add running text."""
        if not keep:
            words = text.split()
            if not words:
                self.gap(" " if text else "")
                return
            if text[0].isspace():
                self.gap(" ")
            text, last = " ".join(words), text[-1]
        else:
            last = ""
        if not text:
            return
        if self._length:
            text = self._gap + text
        self._gap = " " if last.isspace() else ""
        if self._length + len(text) > self._limit:
            self.truncated = True
            text = text[: self._limit - self._length]
        self._parts.append(text)
        self._length += len(text)

    def gap(self, gap: str) -> None:
        """Ask for a space, a new line or a blank line before the next text; the widest one wins."""
        self._gap = max(self._gap, gap, key=("", " ", "\t", "\n", "\n\n").index)

    def wants_more(self) -> bool:
        """False once the limit is passed."""
        return not self.truncated

    def value(self) -> str:
        """All of it, without NUL and lone surrogates."""
        joined = "".join(self._parts).replace("\0", "")
        return joined.encode("utf-8", "replace").decode("utf-8")


def of_html(pieces: Iterable[str], *, limit: int, checkpoint: Callable[[], None]) -> Text:
    """The visible text of an HTML page, a blank line between blocks. Raises MarkupBroken."""
    text = Text(limit)
    page = _Page(text)
    looked_at = 0
    try:
        for piece in pieces:
            checkpoint()
            looked_at += len(piece)
            if looked_at > MAX_HTML:
                text.truncated = True
            if not text.wants_more():
                break
            page.feed(piece)
            if len(page.rawdata) > _MAX_PENDING:
                raise MarkupBroken("The page holds a comment, a tag or a script without an end.")
    except AssertionError as exc:
        raise MarkupBroken(f"The page is not HTML that can be read: {exc}") from exc
    # Not `close()`: on a page of unclosed comments it takes a time that grows with their square.
    return text


class _Page(HTMLParser):
    def __init__(self, text: Text) -> None:
        super().__init__(convert_charrefs=False)
        self._text = text
        self._hidden: list[str] = []
        self._verbatim = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden.append(tag)
        self._space(tag)
        self._verbatim += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            while self._hidden.pop() != tag:
                pass
        self._space(tag)
        self._verbatim = max(0, self._verbatim - (tag == "pre"))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._space(tag)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._text.add(data, keep=self._verbatim > 0)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(self._unescaped(f"&{name};"))

    def handle_charref(self, name: str) -> None:
        self.handle_data(self._unescaped(f"&#{name};"))

    def unknown_decl(self, data: str) -> None:
        """CDATA and the like: not shown by browsers, so not text."""

    @staticmethod
    def _unescaped(reference: str) -> str:
        from html import unescape

        return unescape(reference)

    def _space(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._text.gap("\n\n")
        elif tag in _LINES:
            self._text.gap("\n")
        elif tag in ("td", "th"):
            self._text.gap("\t")


def of_xml(chunks: Iterable[bytes], *, limit: int, checkpoint: Callable[[], None]) -> Text:
    """Every text of an XML document, a new line between elements. Raises xml.XmlRefused."""
    text = Text(limit)

    def more() -> bool:
        checkpoint()
        return text.wants_more()

    xml.scan(
        chunks,
        start=lambda _name, _attributes: text.gap("\n"),
        end=lambda _name: text.gap("\n"),
        data=text.add,
        max_bytes=MAX_XML,
        more=more,
    )
    return text


def of_office(path: Path, entry: str, *, limit: int, checkpoint: Callable[[], None]) -> Text:
    """The paragraphs of a Word (`word/document.xml`) or OpenDocument (`content.xml`) text, a blank
    line between them. Raises archives.ArchiveRefused, xml.XmlRefused."""
    text = Text(limit)
    paragraphs = _Paragraphs(text)

    def more() -> bool:
        checkpoint()
        return text.wants_more()

    xml.scan(
        read_entry(path, entry, max_bytes=MAX_XML),
        start=paragraphs.start,
        end=paragraphs.end,
        data=paragraphs.data,
        max_bytes=MAX_XML,
        more=more,
    )
    return text


class _Paragraphs:
    """Both formats at once: their names do not collide, `t` is Word's run of text, `h`
    OpenDocument's heading."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._word = False
        self._open = 0
        self._run = 0
        self._hidden = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        namespace, _, local = name.rpartition("}")
        self._word = self._word or "wordprocessingml" in namespace
        if self._hidden or local == "Fallback":
            # Word writes some drawings twice, the second time for older programs.
            self._hidden += 1
        elif local in ("p", "h"):
            self._open += 1
            self._text.gap("\n\n")
        elif local == "t":
            self._run += 1
        elif not self._open:
            return
        elif local == "tab":
            self._text.gap("\t")
        elif local in ("br", "cr", "line-break"):
            self._text.gap("\n")
        elif local == "s":
            self._text.gap(" ")

    def end(self, name: str) -> None:
        local = name.rpartition("}")[2]
        if self._hidden:
            self._hidden -= 1
        elif local in ("p", "h"):
            self._open -= 1
            self._text.gap("\n\n")
        elif local == "t":
            self._run -= 1

    def data(self, data: str) -> None:
        if not self._hidden and self._open and (self._run or not self._word):
            self._text.add(data)
