"""What a real catalogue holds is found, whole and once, whatever happens to it meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from osa_testing.catalogue import Catalogue as Pycsw
from osa_testing.catalogue import Iso

pytest.importorskip("lxml", reason="the extra catalogue is not installed")

from lxml import etree

from osa.conventions.csw.client import Catalogue
from osa.conventions.csw.listing import Listing, Position
from osa.conventions.csw.markup import parse
from osa.conventions.csw.metadata import Metadata, read
from osa.conventions.csw.requests import Query
from osa.conventions.csw.times import is_later, normalized
from osa.conventions.failures import ConventionError, ParametersInvalid, SourceUnreachable
from osa.conventions.web import WebClient

CHILDREN = Query.children_of(Iso.PARENT)


@pytest.fixture
def client(catalogue: Pycsw) -> Iterator[Catalogue]:
    with WebClient(allowed_hosts=["127.0.0.1"], backoff=0.01) as web:
        yield Catalogue(web, catalogue.url)


def _listed(listing: Listing, act: Callable[[int], object] = lambda _: None) -> list[str]:
    """The identifiers; `act` is called with how many there are, after each."""
    found: list[str] = []
    for place in listing:
        assert place.record is not None, place.failure
        assert place.record.identifier is not None
        found.append(place.record.identifier)
        act(len(found))
    return found


def _record(xml: bytes) -> Metadata:
    return read(parse(xml, "The test"))


# Reading


def test_the_real_child_is_read_whole(iso: Iso) -> None:
    found = _record(iso.child(1))
    assert found.problems == []
    assert found.identifier == iso.id(1)
    assert found.fields["title"] == "Swath 1"
    assert found.fields["abstract"].startswith("Direct Broadcast data received at MET NORWAY Oslo.")
    assert found.fields["keywords"][0] == "Earth Science > Atmosphere > Atmospheric radiation"
    assert found.fields["bbox"] == [1.5549301, 36.540688, 79.40124, 80.49233]
    assert found.fields["time"] == {"start": "2021-04-29T00:01:00Z", "end": "2021-04-29T00:01:30Z"}
    assert found.fields["datestamp"] == "2021-04-29"
    assert found.fields["parent"] == iso.PARENT
    assert found.fields["license"] == {
        "id": "CC-BY-4.0",
        "text": "Creative Commons BY 4.0 (CC BY 4.0)",
        "url": "http://spdx.org/licenses/CC-BY-4.0",
    }
    assert [each["protocol"] for each in found.online] == [
        "OPENDAP:OPENDAP",
        "OGC:WMS",
        "WWW:DOWNLOAD-1.0-http--download",
    ]
    assert found.online[0]["url"].startswith("https://thredds.met.no/thredds/dodsC/")


def test_the_real_parent_goes_on_until_now(iso: Iso) -> None:
    found = _record(iso.parent)
    assert found.identifier == iso.PARENT
    assert found.fields["time"] == {"start": "2020-04-30T00:04:58.268708Z"}
    assert {"parent", "online"} & set(found.fields) == set()


def test_a_record_of_iso_19115_2_is_read_like_any_other(iso: Iso) -> None:
    assert _record(iso.child(1, gmi=True)) == _record(iso.child(1))


def test_each_field_may_be_broken_and_takes_no_other_with_it(iso: Iso) -> None:
    broken = {
        "title": "   ",
        "datestamp": "2021-13-99",
        "begin": "yesterday",
        "end": "2021-04-31T00:00:00Z",
        "north": "NaN",
    }
    found = _record(iso.child(1, **broken))
    whole = _record(iso.child(1))
    assert found.fields == {
        name: value
        for name, value in whole.fields.items()
        if name not in ("title", "datestamp", "time", "bbox")
    }
    assert len(found.problems) == 4


def test_any_element_may_be_missing_or_empty(iso: Iso) -> None:
    """Of each in turn: nothing raises, and nothing appears that was not there."""
    whole = _record(iso.child(1))
    count = sum(1 for _ in etree.fromstring(iso.child(1)).iter())
    for number in range(1, count):
        for emptied in (True, False):
            root = etree.fromstring(iso.child(1))
            element = list(root.iter())[number]
            if emptied:
                element[:] = []
                element.text = None
            else:
                element.getparent().remove(element)
            assert set(read(root).fields) <= set(whole.fields)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2021", "2021"),
        ("2021-04", "2021-04"),
        (" 2021-04-29\n", "2021-04-29"),
        ("2021-04-29T00:28:44.977627Z", "2021-04-29T00:28:44.977627Z"),
        ("2021-04-29T02:28:44+02:00", "2021-04-29T00:28:44Z"),
        ("2021-04-29T00:28:44", "2021-04-29T00:28:44Z"),
        ("2021-04-29 00:28", "2021-04-29T00:28:00Z"),
        ("2021-02-29", None),
        ("0000-01-01", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("2021-13", None),
        ("29.04.2021", None),
        ("20210429", None),
        ("2021-W17-4", None),
        ("2021-04-29T25:00:00Z", None),
        ("9" * 5000, None),
        ("", None),
        (None, None),
    ],
)
def test_dates_have_one_form(said: str | None, expected: str | None) -> None:
    assert normalized(said) == expected


@pytest.mark.parametrize(
    ("one", "other", "later"),
    [
        ("2021-04-30", "2021-04-29", True),
        ("2021-04-29", "2021-04-29", False),
        ("2021-04-28", "2021-04-29", False),
        ("2021-04-29T10:00:00Z", "2021-04-29T10:00:00.5Z", False),
        ("2021-04-29T10:00:00.5Z", "2021-04-29T10:00:00Z", True),
        ("2021-04-29T10:00:00Z", "2021-04-29", None),
        ("2021-04-30T10:00:00Z", "2021-04-29", True),
        ("2021-05", "2021-04-29", True),
        ("2021", "2021-04-29", None),
        (None, "2021-04-29", None),
        ("2021-04-29", 7, None),
    ],
)
def test_which_is_later_is_said_only_when_it_is_known(
    one: object, other: object, later: bool | None
) -> None:
    assert is_later(one, other) is later


# Finding


@pytest.mark.parametrize(("cap", "size"), [(1000, 50), (3, 50), (1, 3), (1000, 2)])
def test_all_children_are_listed_once_whatever_the_catalogue_gives_at_a_time(
    catalogue: Pycsw, client: Catalogue, iso: Iso, cap: int, size: int
) -> None:
    catalogue.put(iso.parent, *iso.children(7))
    catalogue.cap(cap)
    listing = Listing(client, CHILDREN, page_size=size)
    assert _listed(listing) == [iso.id(number) for number in range(1, 8)]
    assert not listing.position.sweep


def test_a_catalogue_without_children_lists_none(
    catalogue: Pycsw, client: Catalogue, iso: Iso
) -> None:
    catalogue.put(iso.parent)
    assert _listed(Listing(client, CHILDREN)) == []


def test_a_listing_goes_on_from_each_of_its_positions(
    catalogue: Pycsw, client: Catalogue, iso: Iso
) -> None:
    catalogue.put(*iso.children(5))
    for place in list(Listing(client, CHILDREN, page_size=3)):
        position = Position(**place.after.to_json())
        rest = _listed(Listing(client, CHILDREN, position=position, page_size=3))
        assert rest == [iso.id(number) for number in range(place.number + 1, 6)]


def test_a_listing_knows_its_place_behind_a_record_that_cannot_be_read(
    catalogue: Pycsw, client: Catalogue, iso: Iso
) -> None:
    """When the list is as it was, and when it has moved back."""
    catalogue.put(*iso.children(4))
    catalogue.spoil(iso.id(2), "<broken")
    broken = list(Listing(client, CHILDREN))[1]
    assert broken.failure is not None
    for moved in (False, True):
        if moved:
            catalogue.delete(iso.id(1))
        listing = Listing(client, CHILDREN, position=broken.after)
        rest = [place.record.identifier for place in listing.once() if place.record]
        assert rest == [iso.id(3), iso.id(4)]
        assert listing.position.is_doubtful is moved


def test_what_is_inserted_and_deleted_meanwhile_hides_nothing(
    catalogue: Pycsw, client: Catalogue, iso: Iso
) -> None:
    """One goes before the place where the listing is and one comes after it: as many match."""
    catalogue.put(*iso.children(8))

    def change(count: int) -> None:
        if count == 5:
            catalogue.put(iso.child(99, identifier="test.no:child-new"))
            catalogue.delete(iso.id(2))

    found = _listed(Listing(client, CHILDREN, page_size=4), change)
    assert sorted(found) == [*(iso.id(number) for number in range(1, 9)), "test.no:child-new"]


def test_a_record_that_the_catalogue_cannot_give_hides_no_other(
    catalogue: Pycsw, client: Catalogue, iso: Iso
) -> None:
    catalogue.put(*iso.children(6))
    catalogue.spoil(iso.id(4), "<broken")
    places = list(Listing(client, CHILDREN, page_size=4))
    assert [place.number for place in places if place.record is None] == [4]
    assert [p.record.identifier for p in places if p.record] == [
        iso.id(number) for number in range(1, 7) if number != 4
    ]
    found = client.identified([iso.id(number) for number in (3, 4, 5)])
    assert isinstance(found[iso.id(4)], ConventionError)
    assert isinstance(found[iso.id(3)], Metadata)
    assert isinstance(found[iso.id(5)], Metadata)


def test_when_no_record_can_be_given_the_catalogue_is_at_fault(
    catalogue: Pycsw, client: Catalogue, iso: Iso
) -> None:
    catalogue.put(*iso.children(9))
    for number in range(1, 10):
        catalogue.spoil(iso.id(number), "<broken")
    with pytest.raises(SourceUnreachable, match="NoApplicableCode"):
        list(Listing(client, CHILDREN))


@pytest.mark.parametrize("cap", [1000, 2])
def test_records_are_found_by_identifier_and_those_that_are_gone_are_not(
    catalogue: Pycsw, client: Catalogue, iso: Iso, cap: int
) -> None:
    catalogue.put(*iso.children(6))
    catalogue.cap(cap)
    asked = [iso.id(6), "gone", iso.id(1), iso.id(3), "gone too"]
    found = client.identified(asked)
    assert {name: getattr(each, "identifier", None) for name, each in found.items()} == {
        identifier: identifier for identifier in (iso.id(1), iso.id(3), iso.id(6))
    }


@pytest.mark.parametrize(
    "value",
    [
        "x</ogc:Literal><ogc:Literal>y",
        "' OR '1'='1",
        "%",
        "test.no:child-____",
        "*",
        "<!--",
        "]]>&lol;",
        "ÆØÅ 🛰",
    ],
)
def test_what_a_caller_gives_is_text_and_never_markup(
    catalogue: Pycsw, client: Catalogue, iso: Iso, value: str
) -> None:
    catalogue.put(iso.child(1, identifier=value), *iso.children(3, start=2))
    found = client.identified([value])
    assert [getattr(each, "identifier", None) for each in found.values()] == [value]
    assert _listed(Listing(client, Query.children_of(value))) == []


def test_text_that_xml_cannot_hold_is_the_callers_fault(client: Catalogue) -> None:
    with pytest.raises(ParametersInvalid):
        client.page(Query.children_of("bell \x07"), start=1, size=1)
