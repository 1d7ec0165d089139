"""Impatient callers: they cancel what runs, retry what ended, two at once now and then, and delete
what is behind them, until each series is complete."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from osa.server.bootstrap import House
from osa.server.errors import (
    IngestionAlreadyEnded,
    IngestionAlreadyRetried,
    IngestionAlreadyRunning,
    IngestionNotFound,
    OsaError,
    Unavailable,
)
from osa.server.model import CleanupFilter, Counts, Principal, RetryRequest, Status
from osa.server.service.acceptance import Started
from osa.server.store.tables import cleanup_member, ingestion
from osa_testing.series import Member, Series

_LOOK_EVERY_SECONDS = 0.05
#: Of one series; what comes after them is left alone, so that it ends.
_MOST_MISHAPS = 4
_SEEN = [getattr(ingestion.c, name) for name in Counts.__dataclass_fields__]


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What a caller will do to an ingestion."""

    #: Cancel once so much was seen; None for not at all.
    cancel_at: int | None = None
    grace_seconds: int = 60
    force: bool = False
    #: Ask a second time, by force.
    escalates: bool = False
    deadline_seconds: int | None = None


@dataclass(kw_only=True)
class _Case:
    """A series in hand."""

    series: Series
    fate: Fate
    #: What the items wait for to be good.
    mended: Path | None
    mishaps: int = 0
    canceled: bool = False
    tries: int = 0


@dataclass(kw_only=True)
class Callers:
    """A thread that looks at all series, and acts. `adopt` gives it one."""

    house: House
    principal: Principal
    seed: int = 1
    done: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    #: Numbers of events that went with what was deleted.
    events_deleted: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()
        self._cases: dict[str, _Case] = {}
        self._over = threading.Event()
        self._pair = ThreadPoolExecutor(2, thread_name_prefix="caller")
        self._cleanup: tuple[str, CleanupFilter, frozenset[str]] | None = None
        self._members: dict[str, Member] = {}
        self._broke: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="callers", daemon=True)
        self._thread.start()

    def fate(self, count: int, mishaps: int = 0) -> Fate:
        """A random one, for an ingestion of so many items."""
        chance = self._random
        kind = chance.random() if mishaps < _MOST_MISHAPS else 1.0
        if kind < 0.45:
            return Fate(
                cancel_at=chance.choice([0, chance.randrange(count)]),
                grace_seconds=chance.choice([0, 1, 60, 60]),
                force=chance.random() < 0.35,
                escalates=chance.random() < 0.2,
            )
        if kind < 0.6:
            return Fate(deadline_seconds=chance.randint(1, 4))
        return Fate()

    def adopt(self, series: Series, fate: Fate, *, mended: Path | None) -> None:
        with self._lock:
            self._members[series.last.id] = series.last
            self._cases[series.last.id] = _Case(series=series, fate=fate, mended=mended)

    @property
    def idle(self) -> bool:
        """Whether every series is complete. Raises what ended the thread."""
        if self._broke is not None:
            raise self._broke
        with self._lock:
            return not self._cases

    def close(self) -> None:
        self._over.set()
        self._thread.join(120)
        self._pair.shutdown()

    def _run(self) -> None:
        try:
            while not self._over.wait(_LOOK_EVERY_SECONDS):
                try:
                    self._look()
                except Unavailable:
                    self.done["looks that were put off"] += 1
        except BaseException as exc:  # noqa: BLE001 - `idle` raises it where it is seen
            self._broke = exc

    def _look(self) -> None:
        with self._lock:
            cases = dict(self._cases)
        columns = (ingestion.c.id, ingestion.c.status, *_SEEN)
        with self.house.database.read() as tx:
            rows = {
                row.id: row
                for number in range(0, len(cases), 500)
                for row in tx.execute(
                    select(*columns).where(ingestion.c.id.in_(list(cases)[number : number + 500]))
                )
            }
        for id, case in cases.items():
            row = rows[id]
            if Status(row.status).done:
                self._ended(case)
            elif case.fate.cancel_at is not None:
                self._maybe_cancel(case, sum(row[2:]))
        self._tidy()

    def _maybe_cancel(self, case: _Case, seen: int) -> None:
        fate = case.fate
        assert fate.cancel_at is not None
        if seen < fate.cancel_at or (case.canceled and not fate.escalates):
            return
        force = fate.force or case.canceled
        try:
            now = self.house.service.ingestions.cancel(
                self.principal,
                case.series.last.id,
                reason="a whim",
                grace_seconds=fate.grace_seconds,
                force=force,
            )
        except IngestionAlreadyEnded:
            self.done["cancels that came late"] += 1
            return
        self.done["cancels by force" if force else "cancels"] += 1
        if force and not now.done:
            self.complaints.append(f"{now.id}: {now.status} after a cancel by force")
        case.canceled = True

    def _ended(self, case: _Case) -> None:
        series = case.series
        if series.settle(self.house.database) is None:
            return
        scope = series.next_scope()
        if scope is None:
            with self._lock:
                del self._cases[series.last.id]
            return
        if case.mended is not None and (case.tries or self._random.random() < 0.7):
            # Mostly the bad are good at the second try.
            case.mended.touch()
        old = series.last.id
        fate = self.fate(len(series.planned), case.mishaps)
        new = self._retry(case, RetryRequest(scope=scope, overrides=_overrides(case, fate)))
        if new is None:
            return
        with self._lock:
            del self._cases[old]
            series.go_on(new, scope)
            case.fate, case.canceled = fate, False
            case.tries = 0
            case.mishaps += 1
            self._members[new] = series.last
            self._cases[new] = case
        self.done["retries"] += 1

    def _retry(self, case: _Case, request: RetryRequest) -> str | None:
        """The id of the retry; None when it has to wait."""
        old = case.series.last.id
        if case.tries and self._random.random() < 0.8:
            # It waits for its key, and need not ask all the time.
            return None
        case.tries += 1
        key = f"{old}/{case.tries}"
        chance = self._random.random()
        if chance < 0.6:
            answers = [self._ask(old, request, key)]
        else:
            both = (key, key if chance < 0.75 else f"{key}/other")
            barrier = threading.Barrier(2)
            asked = [
                self._pair.submit(self._ask, old, request, one, lambda: barrier.wait(30))
                for one in both
            ]
            answers = [one.result() for one in asked]
            self.done["retries by two at once"] += 1
        started = [one for one in answers if isinstance(one, Started)]
        refused = [one for one in answers if isinstance(one, IngestionAlreadyRetried)]
        ids = {one.ingestion.id for one in started}
        ids |= {str(one.context["ingestion_id"]) for one in refused}
        if len(ids) > 1 or len([one for one in started if not one.replayed]) > 1:
            self.complaints.append(f"{old}: retried twice, {answers}")
        if len(answers) == 2 and len(set(both)) == 2 and len(started) == 2:
            self.complaints.append(f"{old}: two were told that theirs is the retry, {answers}")
        self.done["retries that came second"] += len(refused)
        for one in answers:
            if isinstance(one, IngestionAlreadyRunning):
                self.done["retries that waited for a key"] += 1
            elif not isinstance(one, Started | IngestionAlreadyRetried | Unavailable):
                self.complaints.append(f"{old}: its retry was refused, {one!r}")
        return min(ids, default=None)

    def _ask(
        self, old: str, request: RetryRequest, key: str, gate: Callable[[], Any] = lambda: None
    ) -> Started | OsaError:
        gate()
        try:
            return self.house.service.retries.retry(
                self.principal, old, request, idempotency_key=key
            )
        except OsaError as exc:
            return exc

    def _tidy(self) -> None:
        """Now and then forget one that is behind us, or all that had ended at some moment."""
        with self._lock:
            current = set(self._cases)
        behind = [one for one in self._members.values() if one.id not in current]
        behind = [one for one in behind if not one.deleted]
        if behind and self._random.random() < 0.01:
            self._delete(self._random.choice(behind))
        if self._cleanup is not None:
            self._clean_up(*self._cleanup, current)
        elif len(behind) > 5 and self._random.random() < 0.005:
            wanted = CleanupFilter(
                statuses=frozenset({self._random.choice([Status.CANCELED, Status.FAILED])}),
                older_than_seconds=0,
            )
            cleanups = self.house.service.cleanups
            selected = cleanups.select(self.principal, wanted)
            with self.house.database.read() as tx:
                members = tx.execute(
                    select(cleanup_member.c.ingestion_id).where(
                        cleanup_member.c.cleanup_id == selected.id
                    )
                ).scalars()
                self._cleanup = selected.id, wanted, frozenset(members)

    def _delete(self, member: Member) -> None:
        try:
            self.house.service.deletions.delete(self.principal, member.id)
        except IngestionNotFound:
            self.complaints.append(f"{member.id}: was gone before it was deleted")
        self._gone(member)
        self.done["deletions"] += 1

    def _clean_up(
        self, token: str, wanted: CleanupFilter, ids: frozenset[str], current: set[str]
    ) -> None:
        if ids & current:
            # Not before each of them is retried, or was the last of its series.
            return
        cleanups = self.house.service.cleanups
        left = cleanups.delete(self.principal, token, wanted).remaining_count
        if left:
            return
        for id in ids:
            self._gone(self._members[id])
        self._cleanup = None
        self.done["cleanups"] += 1
        self.done["cleaned up"] += len(ids)

    def _gone(self, member: Member) -> None:
        if not member.deleted and member.ending is not None:
            self.events_deleted += member.ending.last_event
        member.deleted = True


def _overrides(case: _Case, fate: Fate) -> dict[str, Any]:
    return {"deadline_seconds": fate.deadline_seconds}
