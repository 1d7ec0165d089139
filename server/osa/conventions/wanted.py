"""Which items count in a retry of failed items: those that failed before, and no other."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Self

from osa.conventions.items import Item
from osa.conventions.stored import identity, source_key


class Wanted:
    """A set of identities. They are compared as they are stored, by their keys."""

    def __init__(self, keys: Collection[str]) -> None:
        # As bytes: of hundreds of thousands each takes half the room.
        self._keys = frozenset(bytes.fromhex(key) for key in keys)

    @classmethod
    def of(cls, source_ids: Iterable[str]) -> Self:
        return cls([source_key(identity(source_id)) for source_id in source_ids])

    @classmethod
    def read(cls, path: Path) -> Self:
        """From a file with a key on each line."""
        return cls(path.read_text(encoding="ascii").split())

    def __contains__(self, source_id: str) -> bool:
        return bytes.fromhex(source_key(identity(source_id))) in self._keys

    def __len__(self) -> int:
        return len(self._keys)

    def of_these(self, items: Iterable[Item], workdir: Path) -> list[Item]:
        """The items that count. What the others have written below `workdir` is removed, as a
        commit would have taken it away."""
        kept: list[Item] = []
        dropped: list[Item] = []
        for item in items:
            (kept if item.source_id in self else dropped).append(item)
        needed = {file.path for item in kept for file in item.files}
        own = workdir.resolve()
        for file in (file for item in dropped for file in item.files):
            if file.path not in needed and file.path.resolve().is_relative_to(own):
                file.path.unlink(missing_ok=True)
        return kept
