"""A catalogue is a stranger: whatever it answers, nothing is read that must not be, nothing goes on
for ever, and the failure says whose it is."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

pytest.importorskip("lxml", reason="the extra catalogue is not installed")

from lxml import etree

from osa.conventions.csw import client as client_module
from osa.conventions.csw.client import Catalogue
from osa.conventions.csw.listing import Listing
from osa.conventions.csw.markup import MAX_MARKUP, parse
from osa.conventions.csw.requests import CSW, GMD, Query
from osa.conventions.failures import (
    ConventionError,
    SourceInvalid,
    SourceNotFound,
    SourceRefused,
    SourceUnreachable,
    Stopped,
)
from osa.conventions.web import WebClient

ALL = Query()
GCO = "http://www.isotc211.org/2005/gco"
OWS = "http://www.opengis.net/ows"


def answer(identifiers: Sequence[str | None], matched: object, following: object = 0) -> bytes:
    """GetRecordsResponse with records that have no more than their identifiers."""
    root = etree.Element(f"{{{CSW}}}GetRecordsResponse", nsmap={"csw": CSW, "gmd": GMD})
    results = etree.SubElement(
        root,
        f"{{{CSW}}}SearchResults",
        numberOfRecordsMatched=str(matched),
        numberOfRecordsReturned="7",
        nextRecord=str(following),
    )
    for identifier in identifiers:
        record = etree.SubElement(results, f"{{{GMD}}}MD_Metadata")
        if identifier is not None:
            name = etree.SubElement(record, f"{{{GMD}}}fileIdentifier")
            etree.SubElement(name, f"{{{GCO}}}CharacterString").text = identifier
    return bytes(etree.tostring(root))


def report(*codes: str) -> bytes:
    root = etree.Element(f"{{{OWS}}}ExceptionReport", nsmap={"ows": OWS})
    for code in codes:
        exception = etree.SubElement(root, f"{{{OWS}}}Exception", exceptionCode=code)
        etree.SubElement(exception, f"{{{OWS}}}ExceptionText").text = f"About {code}"
    return bytes(etree.tostring(root))


class Liar:
    """Answers each GetRecords with what a function of (start, size, is it for hits) gives."""

    def __init__(self, site: Any, tell: Callable[[int, int, bool], bytes]) -> None:
        self.asked: list[tuple[int, int]] = []

        def page(handler: Any) -> None:
            request = etree.fromstring(site.requests[-1][3])
            start, size = int(request.get("startPosition")), int(request.get("maxRecords"))
            hits = request.get("resultType") == "hits"
            if not hits:
                self.asked.append((start, size))
            body = tell(start, size, hits)
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        site.pages["/csw"] = page


@pytest.fixture
def client(site: Any) -> Iterator[Catalogue]:
    with WebClient(allowed_hosts=["127.0.0.1"], backoff=0.01, read_timeout=5.0) as web:
        yield Catalogue(web, f"{site.url}/csw")


def _identifiers(listing: Listing, most: int = 1000) -> list[str | None]:
    places = itertools.islice(listing, most)
    return [place.record.identifier if place.record else None for place in places]


# What it sends


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;">]><lolz>&e;</lolz>"""
XXE = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>'
EXTERNAL = b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>'


@pytest.mark.parametrize("body", [BOMB, XXE, EXTERNAL, EXTERNAL.decode().encode("utf-16")])
def test_a_document_type_is_refused(site: Any, client: Catalogue, body: bytes) -> None:
    site.page("/csw", body)
    with pytest.raises(SourceRefused, match="DOCTYPE"):
        client.page(ALL, start=1, size=1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"<csw:GetRecordsResponse",
        b"<a><b></a></b>",
        answer(["a"], 1)[:-30],
        b"\x00" * 100,
        b"{}",
        b"<a>" * 300 + b"</a>" * 300,
        b"<a>&undefined;</a>",
        b'<?xml version="1.0" encoding="cp037"?><a/>',
        b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE a+AD4-<a/>',
        b"<Capabilities/>",
        f"<csw:GetRecordsResponse xmlns:csw='{CSW}'/>".encode(),
    ],
)
def test_what_is_no_answer_is_invalid(site: Any, client: Catalogue, body: bytes) -> None:
    site.page("/csw", body)
    with pytest.raises(SourceInvalid):
        client.page(ALL, start=1, size=1)


def test_a_flood_of_tags_is_refused_before_it_takes_memory() -> None:
    for piece in (b"<a/>", b"<a>x</a>", b'<a b="" c=""/>'):
        with pytest.raises(SourceRefused, match="tags"):
            parse(b"<r>" + piece * MAX_MARKUP + b"</r>", "It")


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><html><body>Sign in to the network</body></html>",
        b"\xef\xbb\xbf\n <HTML><p>Bad gateway",
        b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>',
    ],
)
def test_the_page_of_a_proxy_is_tried_again_later(
    site: Any, client: Catalogue, body: bytes
) -> None:
    site.page("/csw", body)
    with pytest.raises(SourceUnreachable, match="web page") as failed:
        client.page(ALL, start=1, size=1)
    assert failed.value.retryable
    assert "csw_url" in str(failed.value.hint)


def test_a_body_without_end_is_left(site: Any) -> None:
    def endless(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        while not site.over.is_set():
            handler.wfile.write(b"<a>" * 4096)

    site.pages["/csw"] = endless
    with WebClient(allowed_hosts=["127.0.0.1"]) as web:
        client = Catalogue(web, f"{site.url}/csw", max_bytes=1024 * 1024)
        with pytest.raises(SourceRefused, match="larger"):
            client.page(ALL, start=1, size=1)


def test_a_body_that_trickles_is_left(
    site: Any, client: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MAX_SECONDS", 0.3)

    def trickling(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        while not site.over.wait(0.05):
            handler.wfile.write(b" ")

    site.pages["/csw"] = trickling
    begun = time.monotonic()
    with pytest.raises(SourceUnreachable, match="took more than"):
        client.page(ALL, start=1, size=1)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("target", ["http://127.0.0.2/csw", "http://[::1]/", "file:///etc/passwd"])
@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_into_the_own_network_is_not_followed(
    site: Any, client: Catalogue, target: str, status: int
) -> None:
    site.page("/csw", status=status, Location=target)
    with pytest.raises(SourceRefused):
        client.page(ALL, start=1, size=1)
    assert site.hits == ["/csw"]


def test_the_address_that_is_advertised_is_not_asked(site: Any, client: Catalogue) -> None:
    """Everything goes to the one that was configured, and there is no need for capabilities."""
    Liar(site, lambda *_: answer(["a"], 1))
    assert _identifiers(Listing(client, ALL)) == ["a"]
    assert {(method, path) for method, path, _, _ in site.requests} == {("POST", "/csw")}


# What it says went wrong


@pytest.mark.parametrize("status", [200, 400, 403, 500])
@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        (("NoApplicableCode",), SourceUnreachable),
        (("InvalidParameterValue", "NoApplicableCode"), SourceUnreachable),
        (("InvalidParameterValue",), SourceInvalid),
        (("OperationNotSupported",), SourceInvalid),
        ((), SourceUnreachable),
    ],
)
def test_an_exception_report_is_told_with_any_status(
    site: Any, client: Catalogue, status: int, codes: tuple[str, ...], kind: type[ConventionError]
) -> None:
    site.page("/csw", report(*codes), status=status)
    with pytest.raises(kind, match="exception report") as failed:
        client.page(ALL, start=1, size=1)
    assert all(f"About {code}" in failed.value.detail for code in codes)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, SourceInvalid),
        (401, SourceRefused),
        (403, SourceRefused),
        (404, SourceNotFound),
        (500, SourceUnreachable),
        (503, SourceUnreachable),
    ],
)
def test_a_status_without_a_report_is_told(
    site: Any, client: Catalogue, status: int, kind: type[ConventionError]
) -> None:
    site.page("/csw", b"<html>No</html>", status=status)
    with pytest.raises(kind, match=str(status)):
        client.page(ALL, start=1, size=1)


# What it says of its counts


def test_the_same_page_for_ever_ends(site: Any, client: Catalogue) -> None:
    """It ignores where it is asked from, and `nextRecord` leads back to the start."""
    liar = Liar(site, lambda *_: answer(["a", "b", "c"], 1000, 1))
    assert _identifiers(Listing(client, ALL)) == ["a", "b", "c"]
    assert len(liar.asked) < 10


@pytest.mark.parametrize("matched", [1000, "many", 0])
def test_the_same_page_for_ever_ends_with_a_record_without_identifier_on_it(
    site: Any, client: Catalogue, matched: object
) -> None:
    Liar(site, lambda *_: answer(["a", None, "c"], matched, 1))
    found = _identifiers(Listing(client, ALL))
    assert len(found) < 20
    assert {"a", "c"} <= set(found)


def test_records_without_end_are_given_one_by_one(site: Any, client: Catalogue) -> None:
    """So that whoever has seen enough of them can leave."""
    liar = Liar(site, lambda start, *_: answer([str(n) for n in range(start, start + 3)], 3))
    assert len(set(_identifiers(Listing(client, ALL), 100))) == 100
    assert len(liar.asked) < 60


@pytest.mark.parametrize("matched", ["0", "1", "3", "4", "12", "14", "1000000", "-1", "many", ""])
@pytest.mark.parametrize("cap", [1, 4, 50])
def test_counts_that_lie_hide_nothing(site: Any, client: Catalogue, matched: str, cap: int) -> None:
    names = [f"{number:03}" for number in range(1, 14)]
    liar = Liar(
        site,
        lambda start, size, _: answer(names[start - 1 : start - 1 + min(size, cap)], matched, 1),
    )
    assert _identifiers(Listing(client, ALL)) == names
    # Two passes, each with a look past its end; of one at a time each is looked at twice.
    assert len(liar.asked) <= 2 * {1: 2 * 13 + 2, 4: 13 // 3 + 2, 50: 3}[cap]


@pytest.mark.parametrize("at", [1, 4, 5, 8, 9, 12])
@pytest.mark.parametrize("comes", [None, "000", "005a", "013"])
@pytest.mark.parametrize("goes", [None, "002", "011"])
def test_what_changes_meanwhile_hides_nothing(
    site: Any, client: Catalogue, at: int, comes: str | None, goes: str | None
) -> None:
    names = [f"{number:03}" for number in range(1, 13)]
    here = list(names)
    Liar(site, lambda start, size, _: answer(here[start - 1 :][:size], len(here)))
    found: list[str | None] = []
    for place in Listing(client, ALL, page_size=4):
        found.append(place.record.identifier if place.record else None)
        if len(found) == at:
            here = sorted({*names, comes or names[0]} - {goes})
    assert len(found) == len(set(found))
    assert set(names) - {goes} <= set(found) <= {*names, comes}
    # What comes may be left to the next time when all pages were read, or when another went from
    # the part that was read: nothing that is asked for then looks different.
    assert comes in {*found, None} or at > 8 or goes == "002"


def test_records_without_identifiers_are_places_too(site: Any, client: Catalogue) -> None:
    names = ["a", None, "c", None]
    Liar(site, lambda start, size, _: answer(names[start - 1 : start - 1 + min(size, 2)], 4))
    assert _identifiers(Listing(client, ALL)) == names


def test_more_records_than_were_asked_for_are_taken_as_they_come(
    site: Any, client: Catalogue
) -> None:
    names = [f"{number:03}" for number in range(1, 26)]
    Liar(site, lambda start, *_: answer(names[start - 1 :], 25))
    assert _identifiers(Listing(client, ALL, page_size=2)) == names


def test_another_record_than_the_one_that_was_asked_for_is_not_taken(
    site: Any, client: Catalogue
) -> None:
    Liar(site, lambda *_: answer(["not asked for", "b"], 2))
    assert list(client.identified(["a", "b"])) == ["b"]


def test_a_page_too_large_is_read_in_smaller_ones(site: Any) -> None:
    names = [f"{number:03}" + "x" * 200 for number in range(1, 9)]
    Liar(site, lambda start, size, hits: answer([] if hits else names[start - 1 :][:size], 8))
    with WebClient(allowed_hosts=["127.0.0.1"]) as web:
        client = Catalogue(web, f"{site.url}/csw", max_bytes=1500)
        assert _identifiers(Listing(client, ALL)) == names


# Waiting


def test_a_catalogue_that_is_down_may_come_back(client: Catalogue, site: Any) -> None:
    client = Catalogue(client._web, "http://127.0.0.1:1/csw")
    with pytest.raises(SourceUnreachable) as failed:
        _identifiers(Listing(client, ALL))
    assert failed.value.retryable
    with pytest.raises(SourceUnreachable):
        client.identified(["a", "b"])


def test_between_two_requests_it_waits(site: Any, client: Catalogue) -> None:
    waited: list[float] = []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        return False

    Liar(site, lambda *_: answer(["a"], 1))
    slow = Catalogue(client._web, client.url, interval_seconds=60, wait=wait)
    for _ in range(3):
        slow.page(ALL, start=1, size=1)
    assert len(waited) == 2
    assert all(59 < seconds <= 60 for seconds in waited)


def test_a_stop_ends_the_waiting(site: Any, client: Catalogue) -> None:
    Liar(site, lambda *_: answer(["a"], 1))
    slow = Catalogue(client._web, client.url, interval_seconds=60, wait=lambda _: True)
    slow.page(ALL, start=1, size=1)
    with pytest.raises(Stopped):
        slow.page(ALL, start=1, size=1)
