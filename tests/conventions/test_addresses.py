"""Which URIs are read: judged by their text alone, before anything is queued."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osa.conventions.addresses import AllowList, check_uri, is_public, parse_host, shown
from osa.conventions.failures import SourceRefused

PRIVATE = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0X7F.0x0.0x0.0x1/",
    "http://127.0.0.1./",
    "http://127。0。0。1/",
    "http://１２７.0.0.1/",
    "http://①②⑦.0.0.1/",
    "http://%31%32%37.0.0.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://10.0.0.1/",
    "http://100.64.1.1/",
    "http://168.63.129.16/",
    "http://169.254.169.254/latest/meta-data/",
    "http://172.16.0.1/",
    "http://192.168.1.1:8080/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:1::1]/",
    "http://[2a00:1450::5efe:10.0.0.1]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://localhost/",
    "http://LOCALHOST:80/",
    "http://localhost./",
    "http://a.localhost/",
    "http://localhost.localdomain/",
    "http://ｌocalhost/",
]
MALFORMED = [
    "",
    "data.example/file.nc",
    "ftp://data.example/",
    "gopher://data.example/",
    "file:///etc/passwd",
    "FILE:///etc/passwd",
    "javascript:alert(1)",
    "http://",
    "http:///path",
    "http://user@data.example/",
    "http://user:secret@data.example/",
    "http://@data.example/",
    "http://data.example\\@127.0.0.1/",
    "http://data.example/a b",
    "http://data.example/\n",
    "http://data.example/\x00",
    " http://data.example/",
    "http://data.example\t/",
    "http://data..example/",
    "http://-data.example/",
    "http://da%74a.example/",
    "http://data.example:0/",
    "http://data.example:99999/",
    "http://data.example:x/",
    "http://1.2.3.4.5/",
    "http://256.1.1.1/",
    "http://1.2.3.09/",
    "http://4294967296/",
    "http://a.1/",
    "http://[::1/",
    "http://[v1.x]/",
    "http://\ud800.example/",
    "http://data.example/\ud800",
    "http://data.example/?\udfff",
    "http://xn--a/",
    "https://xn--a.example/file.nc",
    "http://data.example/" + "a" * 9000,
]
PUBLIC = [
    "http://data.example/file.nc",
    "https://data.example:8443/thredds/dodsC/a.nc?x[0:1:2]#part",
    "https://data.example./x",
    "HTTPS://DATA.EXAMPLE/",
    "http://8.8.8.8/",
    "http://134744072/",
    "http://[2a00:1450:4001:81b::200e]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[64:ff9b::808:808]/",
    "https://blåbær.example/æ",
    "https://xn--blbr-roah.example/",
    "https://a_b.data.example/",
]


@pytest.mark.parametrize("uri", PRIVATE)
def test_an_address_inside_is_refused_in_every_spelling(uri: str) -> None:
    with pytest.raises(SourceRefused):
        check_uri(uri)


@pytest.mark.parametrize("uri", MALFORMED)
def test_what_is_no_plain_web_address_is_refused(uri: str) -> None:
    with pytest.raises(SourceRefused):
        check_uri(uri)


@pytest.mark.parametrize("uri", PUBLIC)
def test_a_public_address_passes(uri: str) -> None:
    check_uri(uri)


@pytest.mark.parametrize(
    ("entry", "uri"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080/"),
        ("127.0.0.1", "http://2130706433/"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("127.0.0.1:80", "http://127.0.0.1/"),
        ("10.1.0.0/16", "http://10.1.2.3/"),
        ("10.1.0.0/16", "http://[::ffff:10.1.2.3]/"),
        ("[::1]:8080", "http://[::1]:8080/"),
        ("::1", "http://[0:0::1]/"),
        ("localhost", "http://LocalHost./"),
        ("thredds.localhost:443", "https://thredds.localhost/"),
    ],
)
def test_a_listed_host_passes(entry: str, uri: str) -> None:
    check_uri(uri, allowed_hosts=(entry,))


@pytest.mark.parametrize(
    ("entry", "uri"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8081/"),
        ("127.0.0.1:8080", "http://127.0.0.1/"),
        ("10.1.0.0/16", "http://10.2.0.1/"),
        ("localhost", "http://a.localhost/"),
        ("localhost", "http://127.0.0.1/"),
        ("127.0.0.1", "http://user@127.0.0.1/"),
    ],
)
def test_a_listed_host_lets_nothing_else_pass(entry: str, uri: str) -> None:
    with pytest.raises(SourceRefused):
        check_uri(uri, allowed_hosts=(entry,))


@pytest.mark.parametrize("entry", ["", "a b", "10.0.0.0/99", "host:port", "host:0", "http://a/"])
def test_a_broken_entry_of_the_allow_list_is_an_error_of_the_configuration(entry: str) -> None:
    with pytest.raises(ValueError, match="allowed host"):
        AllowList.of([entry])


def test_file_uris_pass_only_where_they_are_allowed() -> None:
    check_uri("file:///data/a.nc", file_allowed=True)
    check_uri("file://localhost/data/a.nc", file_allowed=True)
    for uri in (
        "file://server/data/a.nc",
        "file://xn--a/a.nc",
        "file:a.nc",
        "file:///a%00b",
        "file:///a?x=1",
    ):
        with pytest.raises(SourceRefused):
            check_uri(uri, file_allowed=True)


def test_messages_show_neither_passwords_nor_queries() -> None:
    with pytest.raises(SourceRefused) as refused:
        check_uri("http://me:secret@data.example/a?token=hidden")
    assert "secret" not in refused.value.detail
    assert "hidden" not in refused.value.detail
    assert shown("https://data.example/a?token=hidden#x") == "https://data.example/a?…"


INSIDE = st.one_of(
    st.integers(0x7F000000, 0x7FFFFFFF),
    st.integers(0x0A000000, 0x0AFFFFFF),
    st.integers(0xA9FE0000, 0xA9FEFFFF),
    st.integers(0xAC100000, 0xAC1FFFFF),
    st.integers(0xC0A80000, 0xC0A8FFFF),
    st.integers(0xE0000000, 0xFFFFFFFF),
)
SPELL = st.sampled_from(["{:d}", "0{:o}", "{:#x}", "0x000{:x}", "00{:o}"])


@given(value=INSIDE, parts=st.integers(1, 4), spells=st.tuples(SPELL, SPELL, SPELL, SPELL))
def test_numbers_are_read_as_the_c_library_reads_them(
    value: int, parts: int, spells: tuple[str, str, str, str]
) -> None:
    leading = [(value >> shift) & 0xFF for shift in (24, 16, 8)][: parts - 1]
    last = value & ((1 << 8 * (5 - parts)) - 1)
    host = ".".join(
        spell.format(number) for spell, number in zip(spells, [*leading, last], strict=False)
    )
    assert parse_host(host) == IPv4Address(value)
    with pytest.raises(SourceRefused):
        check_uri(f"http://{host}/")


@given(st.ip_addresses())
def test_nothing_is_public_that_the_standard_library_calls_private(address: object) -> None:
    parsed = ip_address(str(address))
    if is_public(parsed):
        inner = getattr(parsed, "ipv4_mapped", None) or parsed
        assert not inner.is_private or str(parsed).startswith("64:ff9b:")
        assert not inner.is_multicast


@given(st.text(max_size=40))
def test_any_text_is_judged_and_never_breaks_the_judge(text: str) -> None:
    for uri in (text, f"http://{text}/", f"http://h/{text}", f"http://[{text}]/"):
        try:
            check_uri(uri)
        except SourceRefused as refused:
            assert refused.detail.isprintable() or "\n" not in refused.detail
