"""Which URIs and which network addresses may be read.

A URI is judged twice: `check_uri` looks at its text alone, when an ingestion is started; the
connection looks at the address that the name resolves to, and connects to that very address. Both
end in `is_public`, an explicit table: what `ipaddress` calls global changes with the version of
Python, and it takes multicast, NAT64 and IPv4-compatible addresses for public ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TYPE_CHECKING, Self

from osa.conventions.failures import SourceRefused

if TYPE_CHECKING:
    import httpx

Address = IPv4Address | IPv6Address
#: A host as it is compared: a literal address, or a lower-case ASCII name without a trailing dot.
Host = Address | str

MAX_URI_CHARS = 8192
PORTS = {"http": 80, "https": 443}

_NOT_PUBLIC_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        # The host agent of a large cloud: inside the machine's network, outside every private
        # range.
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "3fff::/20")
)
_NAT64 = IPv6Network("64:ff9b::/96")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
#: Whitespace, control characters, and the backslash that browsers read as a slash.
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ud800-\udfff]")


def is_public(address: Address) -> bool:
    """Whether the address belongs to the public internet, also when it carries an IPv4 address
    inside (v4-mapped, 6to4, NAT64, ISATAP)."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    inner = _embedded(address)
    if inner is not None and not is_public(inner):
        return False
    if address.ipv4_mapped is not None or address in _NAT64:
        return True
    return address in _PUBLIC_V6 and not any(address in network for network in _NOT_PUBLIC_V6)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    bits = int(address)
    isatap = (bits >> 32) & 0xFFFF_FFFF in (0x0000_5EFE, 0x0200_5EFE)
    if address in _NAT64 or isatap:
        return IPv4Address(bits & 0xFFFF_FFFF)
    return None


def parse_host(text: str) -> Host:
    """The host of a URI, in the one form it is compared in.

    Numbers are read as the C library reads them (`127.1`, `0177.0.0.1`, `0x7f000001`,
    `2130706433`), so that no spelling of an address passes for a name. Raises SourceRefused for
    what is neither an address nor a name.
    """
    if ":" in text:
        try:
            address = IPv6Address(text)
        except ValueError:
            address = None
        if address is None or address.scope_id is not None:
            raise SourceRefused(f"The host [{text}] is not an IPv6 address without a zone.")
        return address
    name = text.lower().removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4(labels, text)
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise SourceRefused(f"The host {text!r} is not a host name.")
    return name


def _ipv4(labels: Sequence[str], text: str) -> IPv4Address:
    try:
        if not all(_NUMBER.fullmatch(label) for label in labels):
            raise ValueError("a part is not a number")
        numbers = [
            int(label[2:] or "0", 16) if label.startswith("0x") else int(label, _base(label))
            for label in labels
        ]
        *leading, last = numbers
        if len(numbers) > 4 or any(not 0 <= number < 256 for number in leading):
            raise ValueError("not four bytes")
        if last >= 256 ** (4 - len(leading)):
            raise ValueError("the last number is too large")
    except ValueError as exc:
        raise SourceRefused(f"The host {text!r} is not an IPv4 address.") from exc
    shifts = (24, 16, 8)
    return IPv4Address(
        sum(number << shift for number, shift in zip(leading, shifts, strict=False)) + last
    )


def _base(digits: str) -> int:
    return 8 if len(digits) > 1 and digits.startswith("0") else 10


@dataclass(frozen=True)
class AllowList:
    """Hosts that may be read although they are not public: on-site servers, and tests on
    loopback."""

    hosts: frozenset[tuple[Host, int | None]] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[str]) -> Self:
        """Read entries of the form `host`, `host:port`, `[v6]:port`, or a network (`10.1.0.0/16`).

        Raises ValueError for an entry that is none of these.
        """
        hosts: set[tuple[Host, int | None]] = set()
        networks: list[IPv4Network | IPv6Network] = []
        for entry in entries:
            try:
                if "/" in entry:
                    networks.append(ip_network(entry, strict=False))
                else:
                    hosts.add(_host_and_port(entry))
            except (ValueError, SourceRefused) as exc:
                raise ValueError(
                    f"The allowed host {entry!r} is not host, host:port or a network: {exc}"
                ) from exc
        return cls(hosts=frozenset(hosts), networks=tuple(networks))

    def names(self, host: Host, port: int) -> bool:
        """Whether the host itself is listed; a listed name may resolve to any address."""
        if (host, None) in self.hosts or (host, port) in self.hosts:
            return True
        return not isinstance(host, str) and self._in_networks(host)

    def allows(self, address: Address, port: int) -> bool:
        """Whether a connection to the address may be made, as a public or as a listed one."""
        return is_public(address) or self.names(address, port)

    def _in_networks(self, address: Address) -> bool:
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self.networks)


def _host_and_port(entry: str) -> tuple[Host, int | None]:
    try:
        return ip_address(entry), None
    except ValueError:
        pass
    name, colon, port = entry.rpartition(":")
    if not colon:
        return parse_host(entry), None
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{port!r} is not a port")
    return parse_host(name.removeprefix("[").removesuffix("]")), int(port)


def shown(uri: str) -> str:
    """The URI for a message or a log: without user, query and fragment, where secrets are kept."""
    import httpx

    try:
        url = httpx.URL(uri).copy_with(userinfo=b"", fragment=None)
    except (httpx.InvalidURL, UnicodeError):
        return f"{uri[:80]!r}"
    return str(url.copy_with(query=None)) + ("?…" if url.query else "")


def _parsed(uri: str) -> httpx.URL:
    """Raises SourceRefused for what is no URI, and for a host that cannot be decoded."""
    import httpx

    try:
        url = httpx.URL(uri)
        url.host.encode()  # Punycode is decoded only here, and by everybody who reads the host
    except (httpx.InvalidURL, UnicodeError) as exc:
        raise SourceRefused(f"{uri[:80]!r} is not a URI: {exc}") from exc
    return url


def parse_http_uri(uri: str, allowed: AllowList) -> httpx.URL:
    """The URI, parsed by the parser that will also connect. Without network.

    Raises SourceRefused unless it is http or https, names a host, and that host is public as far as
    its spelling tells, or listed.
    """
    if len(uri) > MAX_URI_CHARS:
        raise SourceRefused(f"The URI has {len(uri)} characters; at most {MAX_URI_CHARS} are read.")
    if _FORBIDDEN.search(uri):
        raise SourceRefused(
            f"The URI {shown(uri)} holds a space, a control character or a backslash; "
            "percent-encode it."
        )
    url = _parsed(uri)
    if url.scheme not in PORTS:
        raise SourceRefused(f"The URI {shown(uri)} is not http or https.")
    if "@" in re.split(r"[/?#]", uri.partition("://")[2], maxsplit=1)[0]:
        raise SourceRefused(
            f"The URI {shown(uri)} carries a user name or a password before the host.",
            hint="Secrets do not belong into a URI: it is stored and shown.",
        )
    if not url.raw_host:
        raise SourceRefused(f"The URI {shown(uri)} has no host.")
    port = PORTS[url.scheme] if url.port is None else url.port
    if not 0 < port < 65536:
        raise SourceRefused(f"The URI {shown(uri)} has the port {port}, which does not exist.")
    host = parse_host(url.raw_host.decode("ascii"))
    if allowed.names(host, port):
        return url
    if isinstance(host, str):
        if host == "localhost" or host.endswith((".localhost", ".localdomain")):
            raise not_public(shown(uri))
    elif not is_public(host):
        raise not_public(shown(uri))
    return url


def not_public(where: str) -> SourceRefused:
    """The refusal of a host inside the service's own network. It does not tell the address: callers
    must not learn from it how names resolve in there."""
    return SourceRefused(
        f"{where} is not read: its address is not public.",
        hint="An administrator can allow an on-site server in the service's settings.",
    )


def check_uri(uri: str, *, allowed_hosts: Sequence[str] = (), file_allowed: bool = False) -> None:
    """Refuse a URI that can never be read, before anything is queued. Uses no network.

    `allowed_hosts`: see `AllowList.of`. `file:` URIs pass only if `file_allowed`; whether the file
    lies below an allowed folder is seen when it is read. Raises SourceRefused.
    """
    if uri[:5].lower() == "file:":
        if not file_allowed:
            raise SourceRefused(
                f"The URI {uri[:80]!r} is not read: files of the server's disk are not allowed.",
                hint="Upload the file instead.",
            )
        file_path(uri)
        return
    parse_http_uri(uri, AllowList.of(allowed_hosts))


def file_path(uri: str) -> str:
    """The absolute path that a `file:` URI names, percent-decoded. Raises SourceRefused."""
    if len(uri) > MAX_URI_CHARS or _FORBIDDEN.search(uri):
        raise SourceRefused(f"{uri[:80]!r} is too long, or holds a space or a control character.")
    url = _parsed(uri)
    if url.scheme != "file" or url.host not in ("", "localhost") or url.query or url.fragment:
        raise SourceRefused(f"{uri[:80]!r} is not of the form file:///folder/name.")
    if url.port is not None or url.userinfo or not url.path.startswith("/") or "\0" in url.path:
        raise SourceRefused(f"{uri[:80]!r} is not of the form file:///folder/name.")
    return url.path
