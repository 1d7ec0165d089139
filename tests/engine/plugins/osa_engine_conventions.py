"""Conventions that only the engine's tests need."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from osa.conventions import (
    Batch,
    Context,
    Convention,
    File,
    Item,
    NoParams,
    Params,
    Progress,
    Stopped,
)


def _versioned(context: Context[NoParams]) -> Iterator[Batch]:
    yield Batch(items=[Item.record("only")], cursor={})


#: As a package that was upgraded between two starts of a process.
versioned = Convention(
    id="test-versioned",
    title="Has a version",
    ingest=_versioned,
    version=os.environ.get("TEST_VERSION", "1.0.0"),
    source_required=False,
)


class HostileParams(Params):
    """What it does."""

    kind: Literal[
        "environment",
        "foreign_file",
        "no_such_file",
        "stops",
        "memory",
        "sleeps",
        "all_skipped",
        "boasts",
    ]


def _hostile(context: Context[HostileParams]) -> Iterator[Batch]:
    match context.params.kind:
        case "environment":
            yield Batch(
                items=[Item.record("it", metadata={"environ": dict(os.environ)})], cursor={}
            )
        case "foreign_file":
            file = File.of(Path(__file__), name="stolen.py", media_type="text/plain")
            yield Batch(items=[Item.record("it", files=[file])], cursor={})
        case "no_such_file":
            path = context.workdir / "there.txt"
            path.write_text("soon gone")
            file = File.of(path, name="there.txt", media_type="text/plain")
            path.unlink()
            yield Batch(items=[Item.record("it", files=[file])], cursor={})
        case "stops":
            raise Stopped
        case "memory":
            # Written to, so that it is resident.
            held = [bytearray(b"x" * 8 * 1024**2) for _ in range(64)]
            while held:
                time.sleep(0.05)
        case "sleeps":
            while True:
                time.sleep(0.05)
        case "boasts":
            while True:
                context.checkpoint()
                context.report(Progress(completed=2**70))
                time.sleep(0.05)
        case "all_skipped":
            for number in range(5):
                skipped = Item.skipped(f"passed-{number}", kind="known", detail="Known.")
                yield Batch(items=[skipped], cursor={"next": number + 1})
            yield Batch(items=[Item.record("the last")], cursor={"next": 6})


hostile = Convention(
    id="test-hostile",
    title="Does what it must not",
    params=HostileParams,
    ingest=_hostile,
    source_required=False,
)


class RemembersParams(Params):
    """What it writes, or what it looks for."""

    write: int = 0
    prefix: str = ""
    look: str | None = None
    threads: int = 1


def _remembers(context: Context[RemembersParams]) -> Iterator[Batch]:
    params = context.params
    if params.look is None:
        items = [
            Item.record(f"{params.prefix}{number}", title=f"№ {number}", metadata={"n": number})
            for number in range(params.write)
        ]
        for start in range(0, len(items), context.batch_size):
            yield Batch(items=items[start : start + context.batch_size], cursor={"next": start})
        return
    with ThreadPoolExecutor(params.threads) as pool:
        looks = [
            pool.submit(lambda: list(context.archive.records(prefix=params.look or "")))
            for _ in range(params.threads)
        ]
        ones = [context.archive.record(f"{params.look}{number}") for number in (7, 1_000_000)]
        all_seen = [look.result() for look in looks]
    seen = {
        "agree": all(each == all_seen[0] for each in all_seen),
        "in_order": [held.key for held in all_seen[0]] == sorted(h.key for h in all_seen[0]),
        "found": {held.source_id: [held.title, held.metadata["n"]] for held in all_seen[0]},
        "ones": [one and [one.source_id, one.version, one.updated_at.year > 2000] for one in ones],
    }
    yield Batch(items=[Item.record("seen", metadata=seen)], cursor={})


#: Looks at what the archive holds.
remembers = Convention(
    id="test-remembers",
    title="Looks back",
    ingest=_remembers,
    params=RemembersParams,
    source_required=False,
)
