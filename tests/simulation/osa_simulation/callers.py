"""What callers of the API do in a simulated world, and what they may be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from osa.server.errors import IngestionAlreadyEnded, NotFound, OsaError, Unavailable
from osa.server.model import (
    CleanupFilter,
    Ingestion,
    IngestionQuery,
    OnConflict,
    Principal,
    RetryRequest,
    RetryScope,
    Scope,
    StartRequest,
    Status,
)
from osa_simulation.stage import EXCLUSIVE, PLAIN
from osa_simulation.witness import Seen, Violation

if TYPE_CHECKING:
    from osa_simulation.world import World

PRINCIPALS = tuple(
    Principal(token_id=f"token-{tenant}", token_name=tenant, tenant=tenant, scopes=frozenset(Scope))
    for tenant in ("default", "elsewhere")
)
#: How often a caller sends a request again that was not answered.
_TRIES = 3


@dataclass(frozen=True)
class Sent:
    """A start that was sent with an idempotency key."""

    principal: Principal
    request: StartRequest
    key: str


class Callers:
    """Each method sends one request, drawn by lot."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._service = world.house.service
        self._chance = world.chance
        self._sent: list[Sent] = []
        self._shown: list[tuple[Principal, str, frozenset[str]]] = []
        self._keys = 0

    def _some(self, *, done: bool | None = None) -> Seen | None:
        """An ingestion that is there, or now and then one that was."""
        witness = self._world.witness
        found = [one for one in witness.seen.values() if done is None or one.done == done]
        if witness.gone and self._chance.random() < 0.05:
            found = list(witness.gone.values())
        return self._chance.choice(found) if found else None

    def _principal(self, one: Seen | None = None) -> Principal:
        if one is None:
            return PRINCIPALS[self._chance.random() < self._world.habits.second_tenant]
        if self._chance.random() < 0.03:
            return self._chance.choice(PRINCIPALS)
        return next(p for p in PRINCIPALS if p.tenant == one.tenant)

    def _send(
        self, what: str, call: Callable[[], Any], *, again: bool, may_delete: Any = None
    ) -> None:
        """A request in a life of its own; `again` when it may be repeated without harm."""
        world = self._world

        def deed() -> None:
            actor = world.scheduler.current
            if may_delete is not None and actor is not None:
                world.witness.may_delete[actor] = may_delete
            for _ in range(_TRIES if again else 1):
                try:
                    said = call()
                except Unavailable:
                    world.refused("Unavailable")
                    continue
                except OsaError as exc:
                    world.refused(type(exc).__name__)
                    return
                world.note(f"answer: {said}")
                return

        world.note(what, who="caller")
        world.spawn(what.split(" ", 1)[0], "api", deed)

    def start(self) -> None:
        chance, habits = self._chance, self._world.habits
        if self._sent and chance.random() < 0.3:
            sent = chance.choice(self._sent)
            if chance.random() < 0.15:
                request = self._request(sent.request.metadata["key"])
                sent = Sent(sent.principal, request, sent.key)
        else:
            self._keys += 1
            key = f"key-{self._keys}"
            sent = Sent(self._principal(), self._request(key), key)
            if chance.random() < habits.keys:
                self._sent.append(sent)
            else:
                sent = Sent(sent.principal, self._request(None), "")
        self._start(sent)
        contested = sent.request.on_conflict is not OnConflict.FAIL or (
            sent.request.convention_id == EXCLUSIVE or sent.request.concurrency_key
        )
        if contested and chance.random() < 0.3:
            # Somebody else wants the same at the same moment.
            request = replace(sent.request, metadata={}, external_id=None)
            self._start(Sent(sent.principal, request, ""))

    def _start(self, sent: Sent) -> None:
        request = sent.request
        what = (
            f"start {request.convention_id} {dict(request.parameters)} as {sent.principal.tenant}"
            f" key={sent.key or None} {self._told(request)}"
        )

        def call() -> str:
            started = self._service.ingestions.start(
                sent.principal, request, idempotency_key=sent.key or None
            )
            ingestion = started.ingestion
            self._true(ingestion, exact=not started.replayed)
            how = "replayed" if started.replayed else "attached" if started.attached else "started"
            return f"{how} {self._world.witness.name(ingestion.id)}"

        self._send(what, call, again=bool(sent.key))

    def _request(self, key: str | None) -> StartRequest:
        chance, habits = self._chance, self._world.habits
        contested = chance.random() < habits.contested
        return StartRequest(
            convention_id=EXCLUSIVE if contested and chance.random() < 0.6 else PLAIN,
            parameters={"source": chance.choice("abc"), "size": chance.choice(habits.sizes)},
            batch_size=chance.randint(1, 4),
            limit=chance.randint(1, 5) if chance.random() < 0.2 else None,
            external_id=f"x{chance.randint(1, 2)}" if chance.random() < 0.05 else None,
            metadata={} if key is None else {"key": key},
            concurrency_key=chance.choice(["k", "l"])
            if contested and chance.random() < 0.6
            else None,
            on_conflict=chance.choice(tuple(OnConflict)) if contested else OnConflict.FAIL,
            priority=chance.choice((0, 0, 0, -5, 5)),
            deadline_seconds=chance.choice((1, 10, 60, 600))
            if chance.random() < habits.deadlines
            else None,
            max_failed_items=chance.choice((0, 0, 1, 3, None)),
            stop_early=chance.random() < 0.2,
        )

    def _told(self, request: StartRequest) -> str:
        told = {
            "limit": request.limit,
            "concurrency_key": request.concurrency_key,
            "on_conflict": None
            if request.on_conflict is OnConflict.FAIL
            else str(request.on_conflict),
            "priority": request.priority or None,
            "deadline_seconds": request.deadline_seconds,
            "max_failed_items": request.max_failed_items or None,
            "stop_early": request.stop_early or None,
        }
        return " ".join(f"{name}={value}" for name, value in told.items() if value is not None)

    def cancel(self) -> None:
        one = self._some(done=None if self._chance.random() < 0.1 else False)
        if one is None:
            return
        force = self._chance.random() < 0.25
        grace = self._chance.choice((0, 1, 5, 30, 120))
        principal = self._principal(one)

        def call() -> str:
            try:
                found = self._service.ingestions.cancel(
                    principal, one.id, reason=None, grace_seconds=grace, force=force
                )
            except IngestionAlreadyEnded:
                if one.status not in (Status.SUCCEEDED, Status.FAILED):
                    raise Violation(f"{one.name} is {one.status}: it has not ended.") from None
                raise
            self._true(found, exact=True)
            if found.status not in (Status.CANCELING, Status.CANCELED):
                raise Violation(f"{one.name} is {found.status} by the answer to a cancel.")
            if force and found.status is not Status.CANCELED:
                raise Violation(f"{one.name} is {found.status} after a cancel by force.")
            return str(found.status)

        self._send(f"cancel {one.name} grace={grace} force={force}", call, again=True)

    def drop(self, one: Seen) -> None:
        """Cancel what waits."""
        principal = next(p for p in PRINCIPALS if p.tenant == one.tenant)

        def call() -> str:
            found = self._service.ingestions.cancel(principal, one.id, reason=None, grace_seconds=0)
            return str(found.status)

        self._send(f"drop {one.name}", call, again=True)

    def retry(self) -> None:
        one = self._some(done=None if self._chance.random() < 0.1 else True)
        if one is None:
            return
        scope = self._chance.choice(tuple(RetryScope))
        principal = self._principal(one)
        key = f"retry-{one.name}" if self._chance.random() < self._world.habits.keys else None

        def call() -> str:
            started = self._service.retries.retry(
                principal, one.id, RetryRequest(scope=scope), idempotency_key=key
            )
            self._true(started.ingestion, exact=True)
            return f"retried as {self._world.witness.name(started.ingestion.id)}"

        self._send(f"retry {one.name} {scope} key={key}", call, again=True)

    def delete(self) -> None:
        one = self._some(done=None if self._chance.random() < 0.3 else True)
        if one is None:
            return
        principal = self._principal(one)

        def call() -> str:
            self._service.deletions.delete(principal, one.id)
            if one.id in self._world.witness.seen:
                raise Violation(f"{one.name} was deleted by the answer, and is there.")
            return "deleted"

        self._send(f"delete {one.name}", call, again=False, may_delete=lambda other: other is one)

    def show(self) -> None:
        """The first half of a cleanup."""
        chance = self._chance
        ended = [status for status in Status if status.done]
        wanted = CleanupFilter(
            older_than_seconds=chance.choice((None, 0, 60)),
            statuses=frozenset(chance.sample(ended, chance.randint(1, 3))),
            keep_last=chance.choice((None, None, 1)),
        )
        principal = self._principal()

        def call() -> str:
            cleanup = self._service.cleanups.select(principal, wanted)
            shown = self._members(cleanup.id)
            active = [one.name for one in self._world.witness.active if one.id in shown]
            if active or len(shown) != cleanup.match_count:
                raise Violation(f"A cleanup of {cleanup.match_count} shows {shown}; {active}.")
            self._shown.append((principal, cleanup.id, shown))
            return f"would delete {[self._world.witness.name(id) for id in sorted(shown)]}"

        self._send(f"show {wanted}", call, again=True)

    def _members(self, token: str | None) -> frozenset[str]:
        rows = self._world.stage.database.raw.execute(
            "SELECT ingestion_id FROM cleanup_member WHERE cleanup_id = ?", (token,)
        )
        return frozenset(row[0] for row in rows)

    def clean_up(self) -> None:
        """The second half: what was shown."""
        if not self._shown:
            return
        principal, token, shown = self._shown.pop(self._chance.randrange(len(self._shown)))

        def call() -> str:
            self._service.cleanups.delete(principal, token, None)
            witness = self._world.witness
            left = [witness.name(id) for id in shown if id in witness.seen]
            if left:
                raise Violation(f"A cleanup has left {left}, which it had shown.")
            return "cleaned up"

        self._send("clean up", call, again=False, may_delete=lambda other: other.id in shown)

    def read(self) -> None:
        one = self._some()
        principal = self._principal(one)
        reading = self._service.reading
        kind = self._chance.choice(("get", "list", "events", "items"))

        def call() -> str:
            if kind == "list" or one is None:
                page = reading.list(principal, IngestionQuery(), cursor=None, per_page=50)
                for found in page.items:
                    self._true(found, exact=True)
                there = [
                    other
                    for other in self._world.witness.seen.values()
                    if other.tenant == principal.tenant
                ]
                if len(there) != len(page.items):
                    raise Violation(f"A list of {len(page.items)}, but {len(there)} are there.")
                return f"{len(page.items)}"
            try:
                if kind == "get":
                    found = reading.get(principal, one.id)
                    self._true(found, exact=True)
                    return str(found.status)
                if kind == "events":
                    after = self._chance.randint(0, max(0, one.last_event))
                    events = reading.events(principal, one.id, after=after, per_page=3)
                    numbers = [event.number for event in events.items]
                    if numbers != list(range(after + 1, after + 1 + len(numbers))):
                        raise Violation(f"Events {numbers} after {after}.")
                    return f"{numbers}"
                items = reading.items(
                    principal, one.id, outcomes=frozenset(), cursor=None, per_page=50
                )
                return f"{len(items.items)} items"
            except NotFound:
                if one.id in self._world.witness.seen and one.tenant == principal.tenant:
                    raise Violation(f"{one.name} is there, and was not found.") from None
                raise

        self._send(f"read {kind} of {one.name if one else 'all'}", call, again=True)

    def _true(self, told: Ingestion, *, exact: bool) -> None:
        """What a caller is told of an ingestion was so at that moment."""
        one = self._world.witness.seen.get(told.id)
        if one is None:
            raise Violation(f"{told.id} was told of, and is not there.")
        counts = told.counts
        if counts.seen != sum(one.counts.values()) and exact:
            raise Violation(f"{one.name}: {counts.seen} seen by the answer, {one.counts} are.")
        if exact and (told.status, told.last_event) != (one.status, one.last_event):
            raise Violation(
                f"{one.name}: {told.status} at event {told.last_event} by the answer, but"
                f" {one.status} at {one.last_event}."
            )
        percent = told.progress.percent
        if percent is not None and (percent >= 100) != (told.status is Status.SUCCEEDED):
            raise Violation(f"{one.name}: {percent} percent, and {told.status}.")
