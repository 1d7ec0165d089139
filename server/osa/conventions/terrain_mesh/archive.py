"""A whole tile set, as two files of a record.

A merge may make a hundred thousand tiles, and a record has files, not folders. So `terrain.zip`
holds all of them as `{z}/{x}/{y}.terrain`, with `layer.json` beside them: unpacked into a folder,
it is what a web server serves to a globe. The entries are stored, not deflated, so that one tile is
a range of bytes of the archive; they have no times and one order, so that the same raster makes the
same bytes. `layer.json` is also a file of its own: to see what there is, nobody needs the archive.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from osa.conventions.items import File
from osa.conventions.local_files import room_on_disk
from osa.conventions.terrain_mesh.tiling import Tile

LAYER = "layer.json"
ARCHIVE = "terrain.zip"

_EPOCH = (1980, 1, 1, 0, 0, 0)


class TileArchive:
    """Takes the tiles, in the order in which they are to be kept."""

    def __init__(self, target: zipfile.ZipFile) -> None:
        self._target = target
        #: The files of the record, once all tiles are in.
        self.files: Sequence[File] = ()

    def add(self, tile: Tile, content: bytes) -> None:
        self._target.writestr(_entry(tile.name), content)


@contextmanager
def writing(folder: Path, layer: Mapping[str, Any]) -> Iterator[TileArchive]:
    """Write `layer.json` and `terrain.zip` into `folder`. What ends it early leaves neither.

    Raises StorageFull.
    """
    text = json.dumps(layer, indent=1, ensure_ascii=True).encode()
    archive, described = folder / ARCHIVE, folder / LAYER
    try:
        with room_on_disk(archive):
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
                target.writestr(_entry(LAYER), text)
                tiles = TileArchive(target)
                yield tiles
            described.write_bytes(text)
    except BaseException:
        archive.unlink(missing_ok=True)
        described.unlink(missing_ok=True)
        raise
    tiles.files = (
        File.of(described, name=LAYER, media_type="application/json"),
        File.of(archive, name=ARCHIVE, media_type="application/zip"),
    )


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=_EPOCH)
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    return entry
