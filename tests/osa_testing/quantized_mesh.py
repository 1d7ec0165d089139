"""A strict reader of quantized-mesh 1.0 tiles: what the specification says, and no more.

https://github.com/CesiumGS/quantized-mesh. It shares no code with the writer.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

LARGEST = 32767
_A, _B = 6378137.0, 6356752.314245179


class NotATile(AssertionError):
    """The first thing that is wrong with the bytes."""


@dataclass(frozen=True)
class Decoded:
    """A tile: positions from 0 to 32767, heights in metres, triangles, edges, normals."""

    u: Any
    v: Any
    quantized: Any
    heights: Any
    triangles: Any
    #: west, south, east, north
    edges: tuple[Any, Any, Any, Any]
    lowest: float
    highest: float
    normals: Any | None
    #: Earth-centred, in metres.
    positions: Any
    horizon: Any

    @property
    def step(self) -> float:
        """By how much rounding to 15 bits may move a height."""
        return (self.highest - self.lowest) / LARGEST / 2


def read(content: bytes, bounds: tuple[float, float, float, float]) -> Decoded:
    """The tile between `bounds` (west, south, east, north in degrees). Raises NotATile."""
    stream = _Stream(content)
    center = np.array(stream.take("<3d"))
    lowest, highest = stream.take("<2f")
    sphere, (radius,) = np.array(stream.take("<3d")), stream.take("<d")
    horizon = np.array(stream.take("<3d"))
    numbers = [*center, lowest, highest, *sphere, radius, *horizon]
    check(all(map(math.isfinite, numbers)), "the header has a number that is none")
    check(lowest <= highest and radius > 0, "the header's heights or radius are not in order")
    (count,) = stream.take("<I")
    check(4 <= count < 1 << 24, f"{count} vertices")
    u, v, h = (_unzigzag(stream.array("<u2", count)) for _ in range(3))
    for values in (u, v, h):
        check(values.min() >= 0 and values.max() <= LARGEST, "a position is outside 0..32767")
    check(len(np.unique(u * (LARGEST + 1) + v)) == count, "a vertex is there twice")
    index = "<u2" if count <= 65_536 else "<u4"
    stream.align(2 if index == "<u2" else 4)
    (triangle_count,) = stream.take("<I")
    codes = stream.array(index, 3 * triangle_count)
    triangles = _from_high_water(codes, count).reshape(-1, 3)
    _check_triangles(u, v, triangles)
    edges = tuple(stream.array(index, stream.take("<I")[0]).astype(int) for _ in range(4))
    sides = ((u, 0, v), (v, 0, u), (u, LARGEST, v), (v, LARGEST, u))
    for edge, (across, at, along) in zip(edges, sides, strict=True):
        check(set(edge.tolist()) == set(np.flatnonzero(across == at).tolist()), "an edge is wrong")
        check(bool((np.diff(along[edge]) > 0).all()), "an edge is not in order")
        check(along[edge[0]] == 0 and along[edge[-1]] == LARGEST, "a corner is missing")
    heights = lowest + (highest - lowest) * h / LARGEST
    west, south, east, north = bounds
    longitudes = west + (east - west) * u / LARGEST
    latitudes = south + (north - south) * v / LARGEST
    positions = ecef(longitudes, latitudes, heights)
    check(
        bool((np.linalg.norm(positions - sphere, axis=1) <= radius * (1 + 1e-9) + 0.01).all()),
        "a vertex is outside the bounding sphere",
    )
    normals = None
    while not stream.ended:
        kind, length = stream.take("<BI")
        check(kind == 1 and normals is None, f"extension {kind}")
        check(length == 2 * count, "normals are not two bytes each")
        normals = _from_octahedral(stream.array("u1", length).reshape(-1, 2))
        up = ecef(longitudes, latitudes, heights * 0) / np.array([_A**2, _A**2, _B**2])
        check(bool(((normals * up).sum(axis=1) > 0).all()), "a normal points into the ground")
    return Decoded(u, v, h, heights, triangles, edges, lowest, highest, normals, positions, horizon)


def ecef(longitudes: Any, latitudes: Any, heights: Any) -> Any:
    """Earth-centred positions on WGS 84."""
    east, north = np.radians(longitudes), np.radians(latitudes)
    squared = (_A**2 - _B**2) / _A**2
    normal = _A / np.sqrt(1 - squared * np.sin(north) ** 2)
    x = (normal + heights) * np.cos(north) * np.cos(east)
    y = (normal + heights) * np.cos(north) * np.sin(east)
    return np.stack([x, y, (normal * (1 - squared) + heights) * np.sin(north)], axis=-1)


def gap(points: Any, line: Any) -> float:
    """How far the furthest of some points is from a line through others, in metres."""
    starts, along = line[:-1], np.diff(line, axis=0)
    lengths = (along**2).sum(axis=1)
    # At a pole a whole edge is one place.
    part = ((points[:, np.newaxis] - starts) * along).sum(axis=2) / np.where(lengths, lengths, 1)
    nearest = starts + np.clip(part, 0, 1)[:, :, np.newaxis] * along
    distances = np.linalg.norm(points[:, np.newaxis] - nearest, axis=2)
    return float(distances.min(axis=1).max())


def check(good: bool, wrong: str) -> None:
    """Raise NotATile with what is wrong."""
    if not good:
        raise NotATile(wrong)


class _Stream:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    @property
    def ended(self) -> bool:
        return self._at == len(self._content)

    def take(self, form: str) -> tuple[Any, ...]:
        size = struct.calcsize(form)
        check(self._at + size <= len(self._content), "it ends too early")
        found = struct.unpack_from(form, self._content, self._at)
        self._at += size
        return found

    def array(self, form: str, count: int) -> Any:
        size = np.dtype(form).itemsize * count
        check(self._at + size <= len(self._content), "it ends too early")
        found = np.frombuffer(self._content, form, count, self._at)
        self._at += size
        return found.astype(np.int64)

    def align(self, to: int) -> None:
        self._at += -self._at % to


def _unzigzag(values: Any) -> Any:
    return np.cumsum((values >> 1) ^ -(values & 1))


def _from_high_water(codes: Any, count: int) -> Any:
    new = codes == 0
    found = np.cumsum(new) - new - codes
    check(bool(((found >= 0) & (found < count)).all()), "a triangle names no vertex")
    check(int(new.sum()) == count, "a vertex is in no triangle")
    return found


def _check_triangles(u: Any, v: Any, triangles: Any) -> None:
    """Counter-clockwise, none twice, and together exactly the tile."""
    a, b, c = triangles.T
    areas = (u[b] - u[a]) * (v[c] - v[a]) - (u[c] - u[a]) * (v[b] - v[a])
    check(bool((areas > 0).all()), "a triangle is flat or turns clockwise")
    check(int(areas.sum()) == 2 * LARGEST**2, "the triangles are not the tile")
    starts, ends = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()
    turns, back = starts * len(u) + ends, ends * len(u) + starts
    check(len(np.unique(turns)) == len(turns), "two triangles are on one side of an edge")
    alone = ~np.isin(turns, back)
    p, q = starts[alone], ends[alone]
    rim = [(w[p] == w[q]) & np.isin(w[p], (0, LARGEST)) for w in (u, v)]
    check(bool((rim[0] | rim[1]).all()), "there is a hole")


def _from_octahedral(pairs: Any) -> Any:
    flat = pairs / 255 * 2 - 1
    x, y = flat[:, 0], flat[:, 1]
    z = 1 - np.abs(x) - np.abs(y)
    folded_x = np.where(z < 0, (1 - np.abs(y)) * np.where(x < 0, -1, 1), x)
    folded_y = np.where(z < 0, (1 - np.abs(x)) * np.where(y < 0, -1, 1), y)
    found = np.stack([folded_x, folded_y, z], axis=1)
    return found / np.linalg.norm(found, axis=1, keepdims=True)
