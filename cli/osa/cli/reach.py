"""The way to a server: name, connection, certificate, and whether it is one of ours."""

from __future__ import annotations

import socket
import ssl
import time
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

from osa.cli.errors import IngestionError
from osa.cli.findings import Finding, failed, show_ms
from osa.cli.output import JsonObject
from osa.cli.problems import ExitCode
from osa.cli.times import show_seconds

#: What a single answer may take.
SECONDS = 10.0
#: What ends within this time is worth a word.
SOON = 14 * 86400.0


def look_at_network(server: str) -> Iterator[Finding]:
    """The name, the connection, the certificate; ends with the first that failed."""
    parts = urlsplit(server)
    host, port = parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme]
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(host):
        # What is behind it is the proxy's to find; its address may hold a password.
        through = urlsplit(proxy if "://" in proxy else f"//{proxy}").hostname
        yield Finding(check="network", state="ok", text=f"through the proxy {through}")
        return
    started = time.monotonic()
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        yield Finding(
            check="network",
            state="failed",
            text=f"{host} is not the name of a machine here: {exc}.",
            action="Check the address (--server, OSA_SERVER, osa.toml) and the name service.",
            code=ExitCode.UNAVAILABLE,
        )
        return
    resolved, address = time.monotonic(), str(found[0][4][0])
    where = host if host == address else f"{host} ({address})"
    try:
        line = socket.create_connection((host, port), timeout=SECONDS)
    except OSError as exc:
        yield Finding(
            check="network",
            state="failed",
            text=f"nobody listens at {where}, port {port}: {exc.strerror or exc}.",
            action="Check the address; on this machine `osa serve` starts a server.",
            code=ExitCode.UNAVAILABLE,
        )
        return
    with line:
        told = f"{show_ms(resolved - started)} for the name, {show_ms(time.monotonic() - resolved)}"
        yield Finding(check="network", state="ok", text=f"{told} for a connection")
        if parts.scheme == "https":
            yield _tls(line, host)
    if parts.scheme == "http" and not _is_this_machine(line_address=address):
        yield Finding(
            check="tls",
            state="warning",
            text="over http everyone on the way can read the token.",
            action="Use https.",
        )


def _tls(line: socket.socket, host: str) -> Finding:
    import httpx

    try:
        with httpx.create_ssl_context().wrap_socket(line, server_hostname=host) as secure:
            certificate, version = secure.getpeercert() or {}, secure.version()
    except (OSError, ValueError) as exc:
        if getattr(exc, "reason", None) == "WRONG_VERSION_NUMBER":
            # Not a word of TLS: what a server answers that speaks plain HTTP.
            return Finding(
                check="tls",
                state="failed",
                text=f"{host} does not speak TLS at this port.",
                action="Check the address: another port, or http:// instead of https://?",
                code=ExitCode.UNAVAILABLE,
            )
        reason = getattr(exc, "verify_message", None) or exc
        return Finding(
            check="tls",
            state="failed",
            text=f"the certificate of {host} does not do: {reason}.",
            action="Check the address, the certificate, and the clock of this machine.",
            code=ExitCode.UNAVAILABLE,
        )
    ends = str(certificate.get("notAfter", ""))
    left = ssl.cert_time_to_seconds(ends) - time.time() if ends else SOON
    return Finding(
        check="tls",
        state="warning" if left < SOON else "ok",
        text=f"{version}; the certificate ends in {show_seconds(left)}",
        action="Renew the certificate of the server." if left < SOON else None,
    )


def _is_this_machine(*, line_address: str) -> bool:
    return line_address.startswith("127.") or line_address == "::1"


def look_at_server(server: str) -> tuple[Finding, JsonObject]:
    """Whether it would accept a start, and what it said."""
    from osa.cli.ingestion import get_readiness

    started = time.monotonic()
    try:
        answer = get_readiness(server=server, timeout=SECONDS)
    except IngestionError as exc:
        return failed("server", exc), {}
    took = show_ms(time.monotonic() - started)
    text = f"ready, osa {answer.get('version')}, answered in {took}"
    return Finding(check="server", state="ok", text=text), answer
