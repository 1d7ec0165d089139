"""What can be wrong between this machine and a working archive, looked at one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from osa.cli.errors import IngestionError
from osa.cli.findings import Finding, failed, show_ms
from osa.cli.output import JsonObject, show_size
from osa.cli.problems import CommandFailed, ExitCode
from osa.cli.reach import SECONDS, SOON, look_at_network, look_at_server
from osa.cli.session import Access
from osa.cli.times import read_time, show_age, show_seconds, show_time
from osa.cli.version import __version__

#: From here on the ages that are shown, and `--since 10m`, mislead.
_SKEW = 10.0
_SLOW_DATABASE = 1.0
_LONG_QUEUE = 900.0


def examine(server: str | None, token: str | None, tenant: str | None) -> Iterator[Finding]:
    """Look at everything, as far as one gets. Nothing is changed anywhere."""
    from osa.cli.config import choose_server, choose_tenant

    try:
        choice, acting_for = choose_server(server), choose_tenant(tenant)
    except CommandFailed as exc:
        yield Finding(
            check="config",
            state="failed",
            text=exc.message,
            action=exc.next_step,
            code=ExitCode.ERROR,
        )
        return
    text = f"server {choice.server}, from {choice.origin}"
    if acting_for is not None:
        text += f"; tenant {acting_for.name}, from {acting_for.origin}"
    yield Finding(check="config", state="ok", text=text)
    for finding in look_at_network(choice.server):
        yield finding
        if finding.state == "failed":
            return
    finding, readiness = look_at_server(choice.server)
    yield finding
    if finding.state == "failed":
        return
    yield from _inside(choice.server, token, acting_for.name if acting_for else None, readiness)


def _inside(
    server: str, token: str | None, tenant: str | None, readiness: JsonObject
) -> Iterator[Finding]:
    from osa.cli.config import choose_token
    from osa.cli.ingestion import get_caller

    try:
        chosen = choose_token(server, token)
    except CommandFailed as exc:
        yield Finding(
            check="token",
            state="failed",
            text=exc.message,
            action=exc.next_step,
            code=ExitCode.AUTH,
        )
        return
    access: Access = {"server": server, "token": chosen.value}
    if tenant is not None:
        access["tenant"] = tenant
    scopes: list[str] = []
    asked = datetime.now(UTC)
    try:
        caller = get_caller(**access, timeout=SECONDS, retries=0)
    except IngestionError as exc:
        if exc.status == 404:
            yield Finding(
                check="token",
                state="warning",
                text="the server is older than this question; what the token may do is not known.",
                action="Upgrade the server.",
            )
        else:
            yield failed("token", exc)
            return
    else:
        scopes = [str(scope) for scope in caller.get("scopes", ())]
        yield from _token(caller, scopes, chosen.origin)
        yield _clock(caller, asked)
        yield _versions(str(caller.get("server_version")))
    if "admin" in scopes:
        yield from _service({"server": server, "token": chosen.value})
    else:
        yield _workers(int(readiness.get("workers_alive", 0)))
    yield from _conventions(access)


def _token(caller: JsonObject, scopes: list[str], origin: str) -> Iterator[Finding]:
    whose = f"tenant {caller.get('tenant')}"
    if caller.get("home_tenant") != caller.get("tenant"):
        whose += f" (its own is {caller.get('home_tenant')})"
    yield Finding(
        check="token", state="ok", text=f"{caller.get('token_name')}, {whose}, from {origin}"
    )
    wanted = {"ingestions:read", "ingestions:write"} if "admin" not in scopes else set()
    lacking = wanted - set(scopes)
    yield Finding(
        check="scopes",
        state="warning" if lacking else "ok",
        text=", ".join(scopes) + (f"; not {', '.join(sorted(lacking))}" if lacking else ""),
        action="Ask for a token with that scope, if you need it." if lacking else None,
    )
    ends = read_time(caller.get("expires_at"))
    now = read_time(caller.get("server_time")) or datetime.now(UTC)
    left = (ends - now).total_seconds() if ends else None
    soon = left is not None and left < SOON
    yield Finding(
        check="expiry",
        state="warning" if soon else "ok",
        text="never" if left is None else f"the token ends in {show_seconds(left)}",
        action="Ask for a new token, and `osa login` with it." if soon else None,
    )


def _clock(caller: JsonObject, asked: datetime) -> Finding:
    there, now = read_time(caller.get("server_time")), datetime.now(UTC)
    if there is None:
        return Finding(check="clock", state="warning", text="the server does not tell its time.")
    # The answer was written somewhere between the question and now.
    off = max(0.0, (asked - there).total_seconds(), (there - now).total_seconds())
    if off < _SKEW:
        return Finding(
            check="clock", state="ok", text=f"within {show_seconds(_SKEW)} of each other"
        )
    word = "behind" if there > now else "ahead of"
    return Finding(
        check="clock",
        state="warning",
        text=f"this machine is {show_seconds(off)} {word} the server; ages are wrong by as much.",
        action="Set the clock by a time service, here or there.",
    )


def _versions(theirs: str) -> Finding:
    alike = theirs.split(".")[:2] == __version__.split(".")[:2]
    return Finding(
        check="versions",
        state="ok" if alike else "warning",
        text=f"server {theirs}, this osa {__version__}",
        action=None if alike else f"pip install 'osa-ingestion=={theirs}' brings the same.",
    )


def _service(access: Access) -> Iterator[Finding]:
    from osa.cli.ingestion import get_service_status

    try:
        status = get_service_status(**access, timeout=SECONDS, retries=0)
    except IngestionError as exc:
        yield failed("service", exc)
        return
    database, storage, queue = status["database"], status["storage"], status["queue"]
    slow = float(database["latency_seconds"]) > _SLOW_DATABASE
    yield Finding(
        check="database",
        state="warning" if slow else "ok",
        text=f"{database['kind']} {database['revision']}, "
        f"answered in {show_ms(float(database['latency_seconds']))}",
        action="Look at its load and its disk." if slow else None,
    )
    free, least = int(storage["free_bytes"]), int(storage["min_free_bytes"])
    yield Finding(
        check="storage",
        state="failed" if free < least else "warning" if free < 4 * least else "ok",
        text=f"{show_size(free)} of {show_size(storage['total_bytes'])} free; "
        f"below {show_size(least)} nothing is accepted",
        action="Make room: `osa ingestion cleanup --older-than 30d`." if free < 4 * least else None,
        code=ExitCode.ERROR,
    )
    workers = status["workers"]
    alive = [worker for worker in workers if worker.get("alive")]
    yield _workers(
        len(alive),
        f", {sum(int(worker['busy']) for worker in alive)} of "
        f"{sum(int(worker['slots']) for worker in alive)} slots busy",
    )
    for worker in workers:
        if not worker.get("alive"):
            heard = show_age(worker.get("heartbeat_at"), now=read_time(status.get("time")))
            yield Finding(
                check="workers",
                state="warning",
                text=f"{worker.get('id')} was last heard of {heard} ago",
                action="If it was not stopped on purpose, look why on its host.",
            )
    oldest, now = read_time(queue.get("oldest_queued_at")), read_time(status.get("time"))
    waits = (now - oldest).total_seconds() if oldest and now else 0.0
    yield Finding(
        check="queue",
        state="warning" if waits > _LONG_QUEUE else "ok",
        text=f"{queue['queued']} queued, {queue['running']} running, {queue['canceling']} canceling"
        + (f"; the first waits since {show_time(queue['oldest_queued_at'])}" if oldest else ""),
        action="More workers (`osa worker`) or slots; `osa ingestion explain ID` tells of one."
        if waits > _LONG_QUEUE
        else None,
    )


def _workers(alive: int, more: str = "") -> Finding:
    return Finding(
        check="workers",
        state="ok" if alive else "failed",
        text=f"{alive} alive{more}" if alive else "none is alive: what is queued stays queued.",
        action=None if alive else "Start one on a host of the archive with `osa worker`.",
        code=ExitCode.ERROR,
    )


def _conventions(access: Access) -> Iterator[Finding]:
    from osa.cli.ingestion import list_conventions

    try:
        found = list_conventions(**access, timeout=SECONDS, retries=0)
    except IngestionError as exc:
        yield failed("conventions", exc)
        return
    lacking = [each for each in found if not each.get("ingestable")]
    yield Finding(
        check="conventions",
        state="ok" if len(lacking) < len(found) else "warning",
        text=f"{len(found) - len(lacking)} of {len(found)} can be started",
        action=None if len(lacking) < len(found) else "Install one on the server.",
    )
    for each in lacking:
        extra = each.get("missing_extra")
        yield Finding(
            check="conventions",
            state="warning",
            text=f"{each['id']} cannot be started"
            + (f": the server lacks the extra {extra}." if extra else "."),
            action=f"If it is wanted, on the server: pip install 'osa-ingestion[{extra}]'"
            if extra
            else None,
        )
