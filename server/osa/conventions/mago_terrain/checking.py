"""What the program left, looked at before it is believed: `layer.json` is written before the first
tile, so it proves nothing, and its promises are many."""

from __future__ import annotations

import json
import math
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osa.conventions.mago_terrain.failures import ToolFailed
from osa.conventions.terrain_mesh.archive import LAYER
from osa.conventions.terrain_mesh.tileset import MAX_TILES
from osa.conventions.terrain_mesh.tiling import MAX_ZOOM, Level, Tile

_MAX_LAYER_BYTES = 64 * 1024**2
_MAX_TILE_BYTES = 64 * 1024**2
_HEADER = struct.Struct("<3d2f3d1d3dI")
#: From where a number of a vertex needs four bytes.
_WIDE = 65_536
_GZIP = b"\x1f\x8b"
#: What the program writes where nobody has said anything.
_PLACEHOLDER = "insert "


class NotATile(Exception):
    """What is wrong with the bytes."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What `layer.json` says."""

    text: dict[str, Any]
    #: All that are promised, each once, level by level.
    tiles: Sequence[Tile]
    #: west, south, east, north in degrees.
    bounds: list[float]


def read_layer(folder: Path, *, title: str) -> Layer:
    """Raises ToolFailed when it is not there, or is not what a globe can read."""
    try:
        content = read_regular(folder / LAYER, max_bytes=_MAX_LAYER_BYTES)
        text = json.loads(content)
        if not isinstance(text, dict):
            raise ValueError("it is no object")
        levels = list(_levels(text))
        bounds = [float(edge) for edge in text["bounds"]]
        if len(bounds) != 4 or not all(map(math.isfinite, bounds)):
            raise ValueError("its bounds are not four numbers")
    except FileNotFoundError:
        raise ToolFailed(f"mago-3d-terrainer left no {LAYER}.") from None
    except KeyError as exc:
        raise ToolFailed(f"The {LAYER} of mago-3d-terrainer does not say {exc}.") from exc
    except (OSError, ValueError, TypeError, RecursionError) as exc:
        raise ToolFailed(f"The {LAYER} of mago-3d-terrainer is broken: {_why(exc)}.") from exc
    promised = sum(level.count for level in levels)
    if not 1 <= promised <= MAX_TILES:
        raise ToolFailed(
            f"mago-3d-terrainer made {promised} tiles; 1 to {MAX_TILES} are kept.",
            hint="Ask for a smaller `max_depth`.",
        )
    # Ranges may overlap.
    tiles = {(tile.zoom, tile.x, tile.y): tile for level in levels for tile in level.tiles()}
    return Layer(
        text=_named(text, title), tiles=[tiles[place] for place in sorted(tiles)], bounds=bounds
    )


def _levels(text: dict[str, Any]) -> Iterator[Level]:
    if text.get("format") != "quantized-mesh-1.0":
        raise ValueError(f"its format is {text.get('format')!r}")
    available = text["available"]
    if not isinstance(available, list) or len(available) > MAX_ZOOM + 1:
        raise ValueError("what is available is not told by level")
    for zoom, ranges in enumerate(available):
        for each in ranges:
            edges = [each[name] for name in ("startX", "startY", "endX", "endY")]
            if not all(type(edge) is int for edge in edges):
                raise ValueError(f"a range of level {zoom} is not whole numbers")
            start_x, start_y, end_x, end_y = edges
            if not (0 <= start_x <= end_x < 2 ** (zoom + 1) and 0 <= start_y <= end_y < 2**zoom):
                raise ValueError(f"a range of level {zoom} is outside the globe")
            yield Level(zoom=zoom, start_x=start_x, start_y=start_y, end_x=end_x, end_y=end_y)


def _named(text: dict[str, Any], title: str) -> dict[str, Any]:
    """With our title, and without the program's reminders to say something: viewers show them."""
    kept = {
        name: value
        for name, value in text.items()
        if not (isinstance(value, str) and value.startswith(_PLACEHOLDER))
    }
    return {**kept, "name": title}


def read_tile(folder: Path, tile: Tile) -> bytes:
    """The tile, not packed; raises ToolFailed when it is missing or cannot be read."""
    try:
        content = read_regular(folder / tile.name, max_bytes=_MAX_TILE_BYTES)
        if content.startswith(_GZIP):
            content = _unpacked(content)
        check_tile(content)
    except FileNotFoundError:
        raise ToolFailed(
            f"mago-3d-terrainer promises the tile {tile.name} and did not make it."
        ) from None
    except (OSError, NotATile) as exc:
        raise ToolFailed(
            f"The tile {tile.name} that mago-3d-terrainer made is broken: {_why(exc)}."
        ) from exc
    return content


def read_regular(path: Path, *, max_bytes: int) -> bytes:
    """The content of a regular file; no link is followed. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        content = stream.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(f"it is larger than {max_bytes} bytes")
    return content


def _why(exc: Exception) -> str:
    """Without the path, which is ours."""
    return str(getattr(exc, "strerror", None) or exc)


def _unpacked(content: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(content, _MAX_TILE_BYTES)
    except zlib.error as exc:
        raise NotATile(f"its gzip is broken: {exc}") from exc
    if not unpacker.eof:
        raise NotATile("its gzip does not end")
    return unpacked


def check_tile(content: bytes) -> None:
    """Whether a reader of quantized-mesh 1.0 can use it; raises NotATile."""
    import numpy

    if len(content) < _HEADER.size:
        raise NotATile(f"it has {len(content)} bytes, and no header")
    *numbers, count = _HEADER.unpack_from(content)
    if not all(map(math.isfinite, numbers)) or numbers[3] > numbers[4] or not 3 <= count < 1 << 24:
        raise NotATile("its header is not in order")
    at = _HEADER.size + 3 * 2 * count
    size = 2 if count <= _WIDE else 4
    if size == 4:
        at += -at % 4

    def numbers_at(at: int, many: int) -> tuple[Any, int]:
        if at + many * size > len(content):
            raise NotATile("it ends too early")
        return numpy.frombuffer(content, f"<u{size}", many, at), at + many * size

    def count_at(at: int) -> tuple[int, int]:
        if at + 4 > len(content):
            raise NotATile("it ends too early")
        return struct.unpack_from("<I", content, at)[0], at + 4

    triangles, at = count_at(at)
    codes, at = numbers_at(at, 3 * triangles)
    codes = codes.astype("int64")
    fresh = codes == 0
    found = numpy.cumsum(fresh) - fresh - codes
    if not triangles or found.min() < 0 or found.max() >= count:
        raise NotATile("its triangles name no vertices")
    for _ in range(4):
        many, at = count_at(at)
        edge, at = numbers_at(at, many)
        if many and int(edge.max()) >= count:
            raise NotATile("an edge names no vertex")
    while at < len(content):
        length, after = count_at(at + 1)
        at = after + length
    if at > len(content):
        raise NotATile("an extension ends too early")
