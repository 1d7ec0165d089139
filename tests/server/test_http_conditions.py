"""What a read asks for beside its path."""

from __future__ import annotations

import pytest

from osa.server.http.conditions import Known, preferred_wait


@pytest.mark.parametrize(
    "header",
    ['W/"3-5f2b"', '"3-5f2b"', '"other", W/"3-5f2b"', 'W/"a,b" ,W/"3-5f2b"', " * ", "*"],
)
def test_a_tag_is_known_whether_it_is_weak_or_one_of_many(header: str) -> None:
    assert Known.of(header).has('W/"3-5f2b"')


@pytest.mark.parametrize("header", ["", '"other"', "3-5f2b", 'W/"3-5f2b', "*, *", '"3-5F2B"'])
def test_what_is_another_tag_or_none_is_not_known(header: str) -> None:
    assert not Known.of(header).has('W/"3-5f2b"')


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=20", 20),
        ("WAIT = 20", 20),
        ('wait="20"', 20),
        ("respond-async, wait=20", 20),
        ('x="a, wait=1", wait=20;strict', 20),
        ("wait=20, wait=1", 20),
        ("wait=0", 0),
        ("wait=999999999", 999999999),
    ],
)
def test_a_preferred_wait_is_found(header: str, seconds: int) -> None:
    assert preferred_wait(header) == seconds


@pytest.mark.parametrize(
    "header",
    [
        "",
        "respond-async",
        "wait",
        "wait=",
        "wait=soon",
        "wait=-1",
        "wait=1.5",
        "wait=x, wait=5",
        "awaits=5",
        'x="wait=5"',
        'wait="5',
        "wait=1234567890",
        ";wait=5",
        '"' * 200,
    ],
)
def test_what_is_no_wait_is_ignored(header: str) -> None:
    assert preferred_wait(header) is None
