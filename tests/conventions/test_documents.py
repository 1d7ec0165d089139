"""The documents convention, from parameters to files."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from osa.conventions import (
    Batch,
    Context,
    Item,
    Limits,
    ParametersInvalid,
    Progress,
    Source,
    SourceUnreachable,
    Stopped,
    xml,
)
from osa.conventions.documents import Chunking, documents
from osa.conventions.documents import text as text_module
from osa.conventions.documents.chunks import spans
from osa.conventions.documents.text import Extraction, extract, of_pdf
from osa.conventions.registry import checked
from osa.conventions.wanted import Wanted


def run(context: Context[Any]) -> list[Item]:
    """Every item of the ingestion."""
    return [item for batch in documents.ingest(context) for item in batch.items]


def only(context: Context[Any]) -> Item:
    """The one item of the ingestion."""
    (item,) = run(context)
    return item


@pytest.fixture
def write(tmp_path: Path, as_source: Any) -> Callable[..., Source]:
    """Make a source of bytes: `write("name", b"content", media_type=...)`."""

    def make(name: str, content: bytes | str, **changes: Any) -> Source:
        folder = tmp_path / "archive"
        folder.mkdir(exist_ok=True)
        path = folder / hashlib.sha256(name.encode()).hexdigest()
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        source: Source = as_source(path, **({"filename": name} | changes))
        return source

    return make


def words(item: Item) -> str:
    """The text that was kept of the item."""
    (path,) = [file.path for file in item.files if file.name == "text.txt"]
    return path.read_bytes().decode("utf-8")


def test_the_convention_keeps_the_rules_of_the_registry() -> None:
    assert checked(documents) is documents
    schema = documents.parameters_schema()
    assert schema["additionalProperties"] is False
    nested = [schema, schema["$defs"]["Chunking"]]
    for properties in (model["properties"] for model in nested):
        for name, field in properties.items():
            assert field.get("description"), name


def test_a_text_becomes_a_record_with_its_file_and_its_text(context_of: Any, write: Any) -> None:
    source = write("a.txt", "Hello\r\nworld\n", media_type="text/plain", metadata={"k": [1]})
    context = context_of(
        documents,
        [source],
        title="A greeting",
        description="d",
        language="nb-NO",
        license="CC-BY-4.0",
        keywords=["a", "b"],
    )
    item = only(context)
    assert (item.source_id, item.verdict, item.title) == ("a.txt", "record", "A greeting")
    assert item.metadata == {
        "sha256": source.sha256,
        "size": source.size,
        "media_type": {"declared": "text/plain", "sniffed": "text/plain", "agree": True},
        "filename": "a.txt",
        "title": "A greeting",
        "description": "d",
        "language": "nb-NO",
        "license": "CC-BY-4.0",
        "keywords": ["a", "b"],
        "metadata": {"k": [1]},
        "text": {"status": "ok", "chars": 12, "truncated": False},
    }
    document, text = item.files
    assert (document.path, document.sha256, document.artifact) == (
        source.path,
        source.sha256,
        False,
    )
    assert (text.name, text.artifact) == ("text.txt", True)
    assert words(item) == "Hello\nworld\n"
    assert text.sha256 == hashlib.sha256(b"Hello\nworld\n").hexdigest()
    assert text.size == 12


def test_the_same_document_again_is_the_same_item(context_of: Any, write: Any) -> None:
    source = write("a.html", "<title>T</title><p>x</p>")
    first, second = (
        only(context_of(documents, [source], chunk={"enabled": True})) for _ in range(2)
    )
    assert first.metadata == second.metadata
    assert [(file.name, file.sha256) for file in first.files] == [
        (file.name, file.sha256) for file in second.files
    ]


def test_a_document_is_identified_by_uri_or_name_or_content(
    context_of: Any, write: Any, site: Any
) -> None:
    uri = site.page("/d.txt?a=1", b"x", Content_Type="text/plain")
    named, bare = write("n.txt", "y"), write("z", "z", filename=None)
    items = run(context_of(documents, [Source(type="uri", uri=uri), named, bare]))
    assert [item.source_id for item in items] == [uri, "n.txt", bare.sha256]
    assert [item.files[0].name for item in items] == ["d.txt", "n.txt", f"{bare.sha256[:16]}.txt"]
    assert items[0].metadata["uri"] == uri
    assert items[0].files[0].path.read_bytes() == b"x"


def test_a_list_with_one_name_twice_overwrites_nothing(context_of: Any, write: Any) -> None:
    one, other = write("a.txt", "one"), write("b.txt", "other", metadata={"n": 2})
    again = write("b.txt", "other")
    clash = Source(
        type="file", path=other.path, sha256=other.sha256, size=other.size, filename="a.txt"
    )
    items = run(context_of(documents, [one, other, again, clash]))
    assert [item.verdict for item in items] == ["record", "record", "skipped", "rejected"]
    assert items[3].fault is not None
    assert items[3].fault.kind == "duplicate_source_id"


def test_a_document_named_like_its_own_text_keeps_apart(context_of: Any, write: Any) -> None:
    item = only(context_of(documents, [write("text.txt", "x")]))
    assert [file.name for file in item.files] == ["source-text.txt", "text.txt"]


def test_a_source_s_own_title_goes_first(context_of: Any, write: Any) -> None:
    sources = [write("a", "a", metadata={"title": "Own"}), write("b", "b")]
    titles = [item.title for item in run(context_of(documents, sources, title="All"))]
    assert titles == ["Own", "All"]
    assert only(context_of(documents, [write("c.txt", "c")])).title == "c.txt"


def test_the_work_goes_on_after_the_cursor_and_says_how_far_it_is(
    context_of: Any, write: Any
) -> None:
    sources = [write(f"{number}.txt", f"{number}") for number in range(5)]
    seen: list[Progress] = []
    context = context_of(
        documents, sources, cursor={"next": 2}, batch_size=2, on_progress=seen.append
    )
    batches: list[Batch] = list(documents.ingest(context))
    assert [[item.source_id for item in batch.items] for batch in batches] == [
        ["2.txt", "3.txt"],
        ["4.txt"],
    ]
    assert [batch.cursor for batch in batches] == [{"next": 4}, {"next": 5}]
    assert [progress.completed for progress in seen] == [2, 3, 4, 5]
    assert {(progress.unit, progress.total) for progress in seen} == {("documents", 5)}


def test_a_request_to_stop_commits_what_is_finished(context_of: Any, write: Any) -> None:
    sources = [write(f"{number}.txt", f"{number}") for number in range(5)]
    context = context_of(documents, sources, batch_size=2)
    batches = documents.ingest(context)
    assert next(batches).cursor == {"next": 2}
    context.stop.set()
    assert list(batches) == []
    assert context.stopped_early


def test_a_wrong_checksum_is_rejected_and_a_right_one_passes(
    context_of: Any, write: Any, site: Any
) -> None:
    source = write("a.txt", "x")
    assert source.sha256 is not None
    right = only(context_of(documents, [source], expected_sha256=source.sha256.upper()))
    assert right.verdict == "record"
    uri = Source(type="uri", uri=site.page("/a", b"y"))
    context = context_of(documents, [uri], expected_sha256=source.sha256)
    wrong = only(context)
    assert wrong.verdict == "rejected"
    assert wrong.fault is not None
    assert wrong.fault.kind == "checksum_mismatch"
    assert list(context.workdir.iterdir()) == []


def test_one_checksum_does_not_fit_several_documents(context_of: Any, write: Any) -> None:
    context = context_of(documents, [write("a", "a"), write("b", "b")], expected_sha256="0" * 64)
    with pytest.raises(ParametersInvalid, match="2 sources"):
        run(context)


def test_a_false_media_type_is_recorded_or_fails_as_asked(
    context_of: Any, write: Any, site: Any
) -> None:
    page = b"<!DOCTYPE html><p>Please log in</p>"
    uri = Source(type="uri", uri=site.page("/paper.pdf", page, Content_Type="application/pdf"))
    recorded = only(context_of(documents, [uri]))
    assert recorded.metadata["media_type"] == {
        "declared": "application/pdf",
        "sniffed": "text/html",
        "agree": False,
    }
    assert recorded.files[0].media_type == "text/html"
    assert words(recorded) == "Please log in"
    context = context_of(documents, [uri], on_media_type_mismatch="fail")
    failed = only(context)
    assert failed.fault is not None
    assert (failed.verdict, failed.fault.kind) == ("rejected", "media_type_mismatch")
    assert list(context.workdir.iterdir()) == []


def test_the_more_specific_of_two_agreeing_media_types_is_kept(context_of: Any, write: Any) -> None:
    source = write("a.csv", "a,b\n1,2\n", media_type="Text/CSV; charset=utf-8")
    assert only(context_of(documents, [source])).files[0].media_type == "text/csv"
    odd = write("b.csv", "a,b\n1,2\n", media_type="text/c sv\r\nX: y")
    assert only(context_of(documents, [odd])).files[0].media_type == "text/plain"


def test_a_document_over_max_bytes_is_rejected(context_of: Any, write: Any, site: Any) -> None:
    uri = Source(type="uri", uri=site.page("/a", b"x" * 11))
    context = context_of(documents, [write("a.txt", "x" * 11), uri], max_bytes=10)
    assert [item.verdict for item in run(context)] == ["rejected", "rejected"]
    assert list(context.workdir.iterdir()) == []


def test_in_a_list_each_source_has_its_own_outcome(context_of: Any, write: Any, site: Any) -> None:
    uris = [
        site.page("/gone", status=404),
        site.page("/broken", status=500),
        "http://10.0.0.1/",
        "file:///etc/passwd",
        site.page("/good", b"good"),
    ]
    context = context_of(documents, [Source(type="uri", uri=uri) for uri in uris])
    items = run(context)
    assert [item.verdict for item in items] == [
        "rejected",
        "failed",
        "rejected",
        "rejected",
        "record",
    ]
    kinds = [item.fault.kind for item in items if item.fault]
    assert kinds == ["source_not_found", "source_unreachable", "source_refused", "source_refused"]
    assert items[1].fault is not None
    assert items[1].fault.retryable


def test_sources_that_a_retry_is_not_about_are_not_fetched(context_of: Any, site: Any) -> None:
    addresses = [site.page(f"/{name}.txt", name.encode()) for name in "abc"]
    context = context_of(documents, [Source(type="uri", uri=uri) for uri in addresses])
    context.wanted = Wanted.of([addresses[1]])
    (batch,) = documents.ingest(context)
    assert [item.source_id for item in batch.items] == [addresses[1]]
    assert batch.cursor == {"next": 3}
    assert site.hits == ["/b.txt"]


def test_a_sole_source_that_does_not_answer_makes_the_ingestion_wait(
    context_of: Any, site: Any
) -> None:
    context = context_of(documents, [Source(type="uri", uri=site.page("/broken", status=500))])
    with pytest.raises(SourceUnreachable):
        run(context)
    gone = only(context_of(documents, [Source(type="uri", uri=site.page("/gone", status=404))]))
    assert gone.verdict == "rejected"


def test_files_of_the_disk_are_documents_where_they_are_allowed(
    context_of: Any, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("on disk")
    source = Source(type="uri", uri=f"file://{tmp_path}/in/a.txt")
    item = only(context_of(documents, [source], limits=Limits(file_roots=(tmp_path / "in",))))
    assert words(item) == "on disk"
    assert item.files[0].path != tmp_path / "in" / "a.txt"


def test_without_extraction_only_the_document_is_kept(context_of: Any, write: Any) -> None:
    item = only(context_of(documents, [write("a.txt", "x")], extract_text=False))
    assert [file.name for file in item.files] == ["a.txt"]
    assert "text" not in item.metadata


@pytest.mark.parametrize(
    ("content", "media_type", "expected"),
    [
        ("blåbær €".encode(), None, "blåbær €"),
        ("blåbær €".encode("utf-8-sig"), None, "blåbær €"),
        ("blåbær €".encode("utf-16"), None, "blåbær €"),
        ("blåbær og €uro".encode("utf-16-le"), None, "blåbær og €uro"),
        ("blåbær €".encode("utf-32"), None, "blåbær €"),
        ("blåbær".encode("latin-1"), None, "blåbær"),
        ("price: 5 €".encode("cp1252"), "text/plain; charset=windows-1252", "price: 5 €"),
        ("blåbær".encode(), "text/plain; charset=iso-8859-1", "blåbær"),
        ("blåbær".encode("latin-1"), "text/plain; charset=rot13", "blåbær"),
        ("blåbær".encode("latin-1"), "text/plain; charset=unicode_escape", "blåbær"),
        (b"a\rb\r\nc", None, "a\nb\nc"),
        ((b"x" * 65_535) + "å".encode() * 3, None, "x" * 65_535 + "ååå"),
    ],
)
def test_text_is_read_in_its_own_encoding(
    context_of: Any, write: Any, content: bytes, media_type: str | None, expected: str
) -> None:
    item = only(context_of(documents, [write("a.txt", content, media_type=media_type)]))
    assert words(item) == expected
    assert item.metadata["text"]["chars"] == len(expected)


@given(content=st.binary(max_size=300))
def test_no_bytes_put_nuls_or_half_characters_into_the_text(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    path = folder / "d"
    path.write_bytes(content)
    for media_type in ("text/plain", "text/html", "application/xml"):
        found = attempt(path, folder, media_type)
        assert "\0" not in found.text
        found.text.encode("utf-8")


def attempt(path: Path, folder: Path, media_type: str, *, limit: int = 1000) -> Extraction:
    try:
        return extract(
            path,
            media_type=media_type,
            charset=None,
            limit=limit,
            scratch=folder / "scratch",
            checkpoint=lambda: None,
        )
    except Exception as exc:
        if type(exc).__name__ == "DoctypeRefused":
            return Extraction(status="failed")
        raise


@pytest.mark.parametrize("kind", ["plain", "html", "xml"])
def test_text_beyond_the_limit_is_left_out_and_said(context_of: Any, write: Any, kind: str) -> None:
    body = "word " * 100_000
    wrapped = {
        "plain": body,
        "html": f"<p>{body}</p>",
        "xml": f"<?xml version='1.0'?><a>{body}</a>",
    }
    item = only(context_of(documents, [write("a", wrapped[kind])], max_text_chars=1000))
    assert item.metadata["text"] == {"status": "ok", "chars": 1000, "truncated": True}
    assert len(words(item)) == 1000


@pytest.mark.parametrize("content", [b" \n\t \n", b"<html><script>x</script></html>", b"<a/>"])
def test_a_document_without_words_is_empty(context_of: Any, write: Any, content: bytes) -> None:
    item = only(context_of(documents, [write("a", content)]))
    assert item.metadata["text"]["status"] == "empty"
    assert len(item.files) == 1


def test_what_holds_no_text_is_unsupported(context_of: Any, write: Any) -> None:
    item = only(context_of(documents, [write("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")]))
    assert item.metadata["text"] == {"status": "unsupported", "chars": 0, "truncated": False}


def test_of_a_page_the_visible_words_are_kept(context_of: Any, write: Any) -> None:
    page = (
        "<!DOCTYPE html><html><head><title>The title</title><style>p {x: y}</style></head>"
        "<body><h1>Head &amp;\n   <em>shoulders</em></h1><p>One<br>two &#8364; &eacute;</p>"
        "<script>var a = '<p>no</p>';</script><ul><li>a<li>b</ul><pre>x  y\n z</pre>"
        "<table><tr><td>1<td>2</table><!-- hidden --><noscript>no</noscript>end&nbsp;</body></html>"
    )
    assert words(only(context_of(documents, [write("a.html", page)]))) == (
        "The title\n\nHead & shoulders\n\nOne\ntwo € é\n\na\nb\n\nx  y\n z\n\n1\t2\n\nend"
    )


@pytest.mark.parametrize("piece", ["<!-- ", "<a ", "<![", "&", "<script>", "</", "<p ' "])
def test_a_page_made_to_hold_up_its_reader_is_given_up_in_time(
    context_of: Any, write: Any, piece: str
) -> None:
    page = "<html><p>start</p>" + piece * (256 * 1024 // len(piece))
    item = only(context_of(documents, [write("a.html", page)]))
    assert item.verdict == "record"
    assert item.metadata["text"]["status"] in ("ok", "failed")


def test_of_xml_every_word_is_kept(context_of: Any, write: Any, data: Path) -> None:
    content = (data / "iso19139" / "met_child_dataset.xml").read_bytes()
    item = only(context_of(documents, [write("a.xml", content)]))
    found = words(item)
    for value in re.findall(rb">([^<>&]*\w[^<>&]*)</gco:CharacterString>", content):
        assert " ".join(value.decode().split()) in found


BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><lolz>&b;</lolz>"""
INCLUDE = b"""<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>"""


@pytest.mark.parametrize("extract_text", [True, False])
@pytest.mark.parametrize(
    "content",
    [
        BOMB,
        INCLUDE,
        b'<!DOCTYPE a SYSTEM "http://10.0.0.1/a.dtd"><a/>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a/>'.encode("utf-16"),
        b"<!DOCTYPE svg PUBLIC 'x' 'y'><svg/>",
    ],
)
def test_xml_with_a_doctype_is_rejected(
    context_of: Any, write: Any, content: bytes, extract_text: bool
) -> None:
    context = context_of(documents, [write("a.xml", content)], extract_text=extract_text)
    item = only(context)
    assert item.verdict == "rejected"
    assert item.fault is not None
    assert item.fault.kind == "doctype_refused"
    assert list(context.workdir.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"<?xml version='1.0'?><a><b></a>",
        b"<?xml version='1.0'?><a>&undefined;</a>",
        b"<?xml version='1.0' encoding='nonsense'?><a>x</a>",
        b"<?xml version='1.0'?>" + b"<a>" * 300 + b"x" + b"</a>" * 300,
    ],
)
def test_broken_xml_is_kept_and_its_text_failed(
    context_of: Any, write: Any, content: bytes
) -> None:
    item = only(context_of(documents, [write("a.xml", content)]))
    assert item.verdict == "record"
    assert item.metadata["text"]["status"] == "failed"
    assert item.metadata["text"]["note"]


def test_one_endless_tag_of_xml_is_given_up() -> None:
    endless = [b"x" * 65_536] * 200
    for start in (b"<a b='", b"<!--", b"<a><?x "):
        with pytest.raises(xml.XmlRefused, match="tag or comment of more than"):
            xml.parse([start, *endless], max_bytes=100 * 1024**2)
    long_text = [b"<a>", *[b"x" * 65_536] * 200, b"</a>"]
    assert len(xml.parse(long_text, max_bytes=100 * 1024**2).text or "") == 200 * 65_536


def test_xml_becomes_a_tree_with_its_namespaces() -> None:
    root = xml.parse([b"<a:b xmlns:a='urn:x' c='1'>t", b"<a:d/>u</a:b>"], max_bytes=100)
    assert (root.tag, root.text, root.attrib) == ("{urn:x}b", "t", {"c": "1"})
    assert [(child.tag, child.tail) for child in root] == [("{urn:x}d", "u")]


@pytest.mark.parametrize(
    "content", [b"", b"<a>", b"<a/><b/>", b"<a>" * 257 + b"</a>" * 257, b"<a>" + b"x" * 2000]
)
def test_xml_that_is_broken_deep_or_large_is_refused(content: bytes) -> None:
    with pytest.raises(xml.XmlRefused):
        xml.parse([content], max_bytes=2000)


@pytest.mark.parametrize("content", [BOMB, INCLUDE])
def test_xml_with_a_doctype_is_no_tree(content: bytes) -> None:
    with pytest.raises(xml.DoctypeRefused):
        xml.parse([content], max_bytes=2000)


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
DOCX = f"""<?xml version="1.0"?><w:document xmlns:w="{WORD}"
 xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:body>
 <w:p><w:pPr><w:x>hidden</w:x></w:pPr><w:r><w:t xml:space="preserve">Hello </w:t></w:r>
 <w:r><w:t>world</w:t><w:tab/><w:t>and</w:t><w:br/><w:t>all</w:t></w:r></w:p>
 <w:p><w:r><w:delText>deleted</w:delText><w:instrText>PAGE</w:instrText></w:r></w:p>
 <w:tbl><w:tr><w:tc><w:p><w:r><w:t>cell</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
 <mc:AlternateContent><mc:Choice><w:p><w:r><w:t>once</w:t></w:r></w:p></mc:Choice>
 <mc:Fallback><w:p><w:r><w:t>once</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>
 </w:body></w:document>"""
ODT = """<?xml version="1.0"?><office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:text>
 <text:h>Heading</text:h><text:p>One<text:s text:c="2"/>two<text:tab/>three<text:line-break/>four
 <text:span>five</text:span></text:p></office:text></office:body></office:document-content>"""


def office(path: Path, entry: str, content: str) -> bytes:
    """A Word or an OpenDocument file with that text."""
    with zipfile.ZipFile(path, "w") as archive:
        if entry == "content.xml":
            archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        else:
            archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("entry", "content", "expected"),
    [
        ("word/document.xml", DOCX, "Hello world\tand\nall\n\ncell\n\nonce"),
        ("content.xml", ODT, "Heading\n\nOne two\tthree\nfour five"),
    ],
)
def test_of_word_and_open_document_the_paragraphs_are_kept(
    context_of: Any, write: Any, tmp_path: Path, entry: str, content: str, expected: str
) -> None:
    source = write("a", office(tmp_path / "made", entry, content))
    assert words(only(context_of(documents, [source]))) == expected


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (BOMB.decode(), "DOCTYPE"),
        (DOCX.replace("world", "x" * 50_000_000), "200 to 1"),
        (DOCX[:-20], "not well-formed"),
    ],
)
def test_a_hostile_office_file_is_kept_and_its_text_failed(
    context_of: Any, write: Any, tmp_path: Path, content: str, note: str
) -> None:
    source = write("a", office(tmp_path / "made", "word/document.xml", content))
    item = only(context_of(documents, [source]))
    assert item.verdict == "record"
    assert item.metadata["text"]["status"] == "failed"
    assert note in item.metadata["text"]["note"]


def provenance(data: Path, name: str) -> str:
    """The first 16 digits of a real file's checksum, written down when it was fetched."""
    found = re.search(
        rf"{re.escape(name)} \| \d+ \| (\w{{16}})", (data / "PROVENANCE.md").read_text()
    )
    assert found is not None
    return found.group(1)


def test_the_text_of_a_real_pdf_is_read(context_of: Any, data: Path, as_source: Any) -> None:
    pytest.importorskip("pypdfium2", reason="the extra 'documents' is not installed")
    path = data / "documents" / "NASA_SRTM_V3_user_guide.pdf"
    context = context_of(documents, [as_source(path)], chunk={"enabled": True, "size": 1000})
    item = only(context)
    assert item.metadata["sha256"][:16] == provenance(data, f"documents/{path.name}")
    assert item.metadata["media_type"]["sniffed"] == "application/pdf"
    found = item.metadata["text"]
    assert (found["status"], found["pages"], found["truncated"]) == ("ok", 15, False)
    text = words(item)
    assert "Shuttle Radar Topography Mission" in text
    assert text.count("\f") == 15
    (pieces,) = [file.path for file in item.files if file.name == "chunks.jsonl"]
    lines = [json.loads(line) for line in pieces.read_text().splitlines()]
    assert len(lines) == item.metadata["chunks"]["count"] > 30
    for line in lines:
        assert line["text"] == text[line["start"] : line["end"]]
        assert 0 < len(line["text"]) <= 1000
    assert {path.name for path in context.workdir.iterdir()} == {"text-0", "chunks-0"}


def test_a_pdf_of_pictures_is_empty_and_no_failure(
    context_of: Any, data: Path, as_source: Any
) -> None:
    pytest.importorskip("pypdfium2", reason="the extra 'documents' is not installed")
    path = data / "documents" / "pycsw_brandguide_image_only.pdf"
    item = only(context_of(documents, [as_source(path)]))
    assert item.verdict == "record"
    assert item.metadata["sha256"][:16] == provenance(data, f"documents/{path.name}")
    assert (item.metadata["text"]["status"], item.metadata["text"]["pages"]) == ("empty", 3)
    assert [file.name for file in item.files] == [path.name]


def pdf(words: str) -> bytes:
    """A PDF of one page with one line."""
    stream = f"BT /F1 12 Tf 20 100 Td ({words}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    content = b"%PDF-1.4\n"
    offsets = []
    for number, thing in enumerate(objects, 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, thing)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return content + (
        b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (table, len(content))
    )


def test_a_pdf_of_one_line_has_text(context_of: Any, write: Any) -> None:
    pytest.importorskip("pypdfium2", reason="the extra 'documents' is not installed")
    assert words(only(context_of(documents, [write("a.pdf", pdf("Hi"))]))).strip() == "Hi"


def test_a_broken_pdf_is_kept_and_its_text_failed(context_of: Any, write: Any) -> None:
    pytest.importorskip("pypdfium2", reason="the extra 'documents' is not installed")
    item = only(context_of(documents, [write("a.pdf", b"%PDF-1.7\nnothing more")]))
    assert item.verdict == "record"
    assert item.metadata["text"]["status"] == "failed"


def test_without_the_pdf_library_its_text_is_unsupported(
    context_of: Any, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    monkeypatch.setattr(text_module.importlib.util, "find_spec", lambda name: None)
    item = only(context_of(documents, [write("a.pdf", pdf("Hi"))]))
    assert item.verdict == "record"
    assert item.metadata["text"]["status"] == "unsupported"
    assert "documents" in item.metadata["text"]["note"]


@pytest.mark.parametrize(
    ("script", "note"),
    [
        ("import os; os.kill(os.getpid(), 11)", "SIGSEGV"),
        ("import sys; sys.exit(3)", "exit code 3"),
        ("while True: pass", "longer than"),
        ("pass", "no result"),
        ("import sys; open(sys.argv[3], 'w').write('[]')", "no result"),
        ("import sys; open(sys.argv[3], 'w').write('{' * 9000000)", "no result"),
    ],
)
def test_a_parser_that_dies_hangs_or_lies_fails_the_text_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, note: str
) -> None:
    pytest.importorskip("pypdfium2", reason="the extra 'documents' is not installed")
    parser = tmp_path / "parser.py"
    parser.write_text(script)
    monkeypatch.setattr(text_module.pdf_text, "__file__", str(parser))
    document = tmp_path / "a.pdf"
    document.write_bytes(pdf("Hi"))
    found = of_pdf(document, limit=10, scratch=tmp_path / "s", checkpoint=lambda: None, seconds=2.0)
    assert found.status == "failed"
    assert note in (found.note or "")
    assert {path.name for path in tmp_path.iterdir()} == {"parser.py", "a.pdf"}


def test_a_request_to_stop_ends_the_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pypdfium2", reason="the extra 'documents' is not installed")
    parser = tmp_path / "parser.py"
    parser.write_text("while True: pass")
    monkeypatch.setattr(text_module.pdf_text, "__file__", str(parser))

    def stopped() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        of_pdf(tmp_path / "a.pdf", limit=10, scratch=tmp_path / "s", checkpoint=stopped)
    assert [path.name for path in tmp_path.iterdir()] == ["parser.py"]


def test_the_parser_is_given_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pypdfium2", reason="the extra 'documents' is not installed")
    monkeypatch.setenv("OSA_TOKEN", "secret")
    parser = tmp_path / "parser.py"
    parser.write_text(
        "import json, os, sys\n"
        "note = ' '.join(os.environ)\n"
        "open(sys.argv[3], 'w').write(json.dumps({'status': 'failed', 'note': note}))\n"
    )
    monkeypatch.setattr(text_module.pdf_text, "__file__", str(parser))
    found = of_pdf(tmp_path / "a.pdf", limit=10, scratch=tmp_path / "s", checkpoint=lambda: None)
    assert "OSA_TOKEN" not in (found.note or "OSA_TOKEN")


@given(
    text=st.text(alphabet="ab \n\f", max_size=300),
    size=st.integers(50, 120),
    overlap=st.integers(0, 25),
    by=st.sampled_from(["paragraph", "characters"]),
)
def test_pieces_cover_every_word_and_keep_their_size(
    text: str, size: int, overlap: int, by: Any
) -> None:
    chunking = Chunking(enabled=True, size=size, overlap=overlap, by=by)
    covered: set[int] = set()
    before = (-1, 0)
    for start, end in spans(text, chunking):
        assert 0 < end - start <= size
        assert text[start:end].strip()
        assert start > before[0]
        assert before[1] - start <= overlap
        covered.update(range(start, end))
        before = (start, end)
    assert all(text[position].isspace() for position in set(range(len(text))) - covered)


def test_pieces_are_never_many_times_the_text() -> None:
    chunking = Chunking(enabled=True, size=100, overlap=50)
    for text in ("a" * 10_000, "a\n\n" * 3000, ("a" * 51 + "\n\n") * 200, " a" * 5000):
        assert sum(end - start for start, end in spans(text, chunking)) <= 4 * len(text)


def test_pieces_end_between_paragraphs_where_there_is_one() -> None:
    paragraphs = ["one " * 10, "two " * 10, "three " * 10]
    text = "\n\n".join(paragraphs)
    chunking = Chunking(enabled=True, size=90, overlap=0)
    assert [text[start:end] for start, end in spans(text, chunking)] == [
        f"{paragraphs[0]}\n\n{paragraphs[1]}".strip(),
        paragraphs[2].strip(),
    ]


@pytest.mark.parametrize(
    "parameters",
    [
        {"unknown": 1},
        {"on_media_type_mismatch": "ignore"},
        {"expected_sha256": "abc"},
        {"language": "norsk bokmål"},
        {"license": "CC BY 4.0"},
        {"license": "MIT AND"},
        {"keywords": "a,b"},
        {"keywords": [""]},
        {"extract_text": "yes"},
        {"max_text_chars": 0},
        {"max_bytes": 0},
        {"chunk": {"size": 100, "overlap": 51}},
        {"chunk": {"by": "page"}},
        {"chunk": {"sise": 100}},
    ],
)
def test_these_parameters_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        documents.parse(parameters)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"language": "en"},
        {"language": "zh-Hant-TW"},
        {"language": "sl-rozaj-biske-1994"},
        {"license": "Apache-2.0 WITH LLVM-exception"},
        {"license": "(MIT OR GPL-2.0+) AND LicenseRef-own"},
        {"keywords": ["a"], "chunk": {"enabled": True}},
    ],
)
def test_these_parameters_are_taken(parameters: dict[str, Any]) -> None:
    documents.parse(parameters)
