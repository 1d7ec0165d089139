"""Actors, of which one runs at a time, until it stops before its next transaction.

SQLite has one writer, and a transaction that reads sees one moment: whole transactions, one after
the other, in any order, are all that can happen on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from greenlet import GreenletExit, getcurrent, greenlet

if TYPE_CHECKING:
    from osa_simulation.workers import Process


class Actor:
    """Somebody who does one thing: a request, a heartbeat, a sweep, a slot."""

    __slots__ = ("calm", "dead", "deed", "kind", "name", "process", "thread", "waits_for")

    def __init__(
        self, name: str, kind: str, deed: Callable[[], None], process: Process | None
    ) -> None:
        self.name = name
        #: api, worker or sweeper, as transitions name them; `engine` for what makes none.
        self.kind = kind
        self.deed = deed
        self.process = process
        #: Nothing goes wrong for it that is not wrong already.
        self.calm = False
        self.dead = False
        #: What it is about to do.
        self.waits_for = "begin"
        self.thread = greenlet(deed)


class Scheduler:
    """Keeps the actors that are not yet through."""

    def __init__(self) -> None:
        self.actors: list[Actor] = []
        self.current: Actor | None = None

    def spawn(
        self,
        name: str,
        kind: str,
        deed: Callable[[], None],
        *,
        process: Process | None = None,
    ) -> Actor:
        actor = Actor(name, kind, deed, process)
        self.actors.append(actor)
        return actor

    def pause(self, before: str) -> None:
        """Called by an actor: whoever is next goes on, perhaps the same."""
        actor = self.current
        if actor is None:
            return
        if actor.dead:
            raise GreenletExit
        actor.waits_for = before
        getcurrent().parent.switch()

    def resume(self, actor: Actor) -> bool:
        """Let it go on to its next stop; True when it is through. What it raises is raised here."""
        self.current = actor
        try:
            actor.thread.switch()
        finally:
            self.current = None
            if actor.thread.dead:
                self.actors.remove(actor)
        return bool(actor.thread.dead)

    def kill(self, actor: Actor) -> None:
        """Nothing more of it happens."""
        actor.dead = True
        self.actors.remove(actor)
        if actor.thread:
            previous, self.current = self.current, actor
            try:
                actor.thread.throw(GreenletExit)
            finally:
                self.current = previous

    def close(self) -> None:
        for actor in list(self.actors):
            self.kill(actor)
