"""From the posts of a tile to a mesh that follows them, and meets its neighbors without a gap.

Nowhere is it further off than `max_error`. Inside, a greedy triangulation (Delatin). On an edge,
what both neighbors find alike: they see the same posts of it and nothing else, choose the same few
of them, and put what else they have there on the straight lines between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from osa.conventions.terrain_mesh.tiling import Tile

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Metres; how far a straight line between two posts is below the globe needs no more.
_RADIUS = 6_371_000.0
#: Which part of the error the inside may have, and which the edges: where they meet, they add up.
_INSIDE, _EDGE = 0.75, 0.25


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """Vertices are posts: column, row (from the south-west corner) and height in metres.

    Triangles are counter-clockwise seen from above.
    """

    columns: NDArray[Any]
    rows: NDArray[Any]
    heights: NDArray[Any]
    triangles: NDArray[Any]


def mesh_of(tile: Tile, heights: NDArray[Any], max_error: float) -> Mesh:
    """The mesh of a square of heights, row 0 in the south."""
    import numpy
    from pydelatin import Delatin

    size = len(heights)
    bent = heights - _bend(tile, size)
    # Delatin counts rows from the bottom of what it is given from the top.
    flat = (bent - bent.mean())[::-1].astype("float32")
    made = Delatin(numpy.ascontiguousarray(flat), max_error=_INSIDE * max_error)
    points = numpy.rint(made.vertices[:, :2]).astype("int64")
    edges = _Edges(points, made.triangles.astype("int64"), size)
    own = heights.copy()
    for side in _sides(size):
        bend = _bend_of_edge(tile, side, size)
        line = heights[side.rows, side.columns] - bend
        kept = _simplified(line, _EDGE * max_error)
        edges.insert(side, kept)
        own[side.rows, side.columns] = numpy.interp(numpy.arange(size), kept, line[kept]) + bend
        # Not only nearly: what both neighbors keep is what both were given.
        at = side.rows[kept], side.columns[kept]
        own[at] = heights[at]
    columns, rows, triangles = edges.mesh()
    return Mesh(columns=columns, rows=rows, heights=own[rows, columns], triangles=triangles)


@dataclass(frozen=True, kw_only=True)
class _Side:
    """The posts of one edge, from the south or from the west."""

    rows: NDArray[Any]
    columns: NDArray[Any]
    meridian: bool


def _sides(size: int) -> Iterator[_Side]:
    import numpy

    along, first = numpy.arange(size), numpy.zeros(size, dtype="int64")
    last = first + size - 1
    yield _Side(rows=along, columns=first, meridian=True)
    yield _Side(rows=along, columns=last, meridian=True)
    yield _Side(rows=first, columns=along, meridian=False)
    yield _Side(rows=last, columns=along, meridian=False)


def _bend(tile: Tile, size: int) -> NDArray[Any]:
    """How far the globe falls away from a plane at the middle of the tile, in metres: a triangle is
    flat, and at coarse levels it is the globe that it must follow."""
    import numpy

    west, south, east, north = tile.bounds
    latitudes = numpy.radians(numpy.linspace(south, north, size))[:, numpy.newaxis]
    away = numpy.radians(numpy.linspace(west, east, size) - (west + east) / 2)[numpy.newaxis, :]
    middle = numpy.radians((south + north) / 2)
    return _RADIUS / 2 * ((away * numpy.cos(latitudes)) ** 2 + (latitudes - middle) ** 2)  # type: ignore[no-any-return]


def _bend_of_edge(tile: Tile, side: _Side, size: int) -> NDArray[Any]:
    """The same along an edge, from what both its neighbors know: where it is on the globe."""
    import numpy

    step = numpy.radians(180.0 / 2**tile.zoom / (size - 1))
    shrunk = 1.0
    if not side.meridian:
        # By the number of the row of posts, so that rounding is the same for both neighbors.
        row = tile.y * (size - 1) + int(side.rows[0])
        shrunk = numpy.cos(row * step - numpy.pi / 2)
    return _RADIUS / 2 * (numpy.arange(size) * step * shrunk) ** 2  # type: ignore[no-any-return]


def _simplified(line: NDArray[Any], max_error: float) -> NDArray[Any]:
    """The positions to keep so that straight lines between them are nowhere further off (Douglas
    and Peucker)."""
    import numpy

    kept = {0, len(line) - 1}
    waiting = [(0, len(line) - 1)]
    while waiting:
        low, high = waiting.pop()
        if high - low < 2:
            continue
        between = numpy.arange(low + 1, high)
        straight = line[low] + (line[high] - line[low]) * (between - low) / (high - low)
        off = numpy.abs(line[low + 1 : high] - straight)
        worst = int(off.argmax())
        if off[worst] > max_error:
            middle = low + 1 + worst
            kept.add(middle)
            waiting += [(low, middle), (middle, high)]
    return numpy.array(sorted(kept))


class _Edges:
    """A triangulation that takes further vertices on its edges."""

    def __init__(self, points: NDArray[Any], triangles: NDArray[Any], size: int) -> None:
        import numpy

        #: What came in, changed only where a triangle is split, and what comes on top.
        self._points = points
        self._triangles = triangles.copy()
        self._new_points: list[tuple[int, int]] = []
        self._new_triangles: list[list[int]] = []
        last = size - 1
        rims = [points[:, 0] == 0, points[:, 0] == last, points[:, 1] == 0, points[:, 1] == last]
        on_rim = numpy.flatnonzero(numpy.logical_or.reduce(rims))
        self._numbers = {(int(points[at, 0]), int(points[at, 1])): int(at) for at in on_rim}
        #: The triangle behind each piece of the rim.
        self._outer: dict[frozenset[int], int] = {}
        for turn in range(3):
            one, other = triangles[:, turn], triangles[:, (turn + 1) % 3]
            outer = numpy.logical_or.reduce([rim[one] & rim[other] for rim in rims])
            for number in numpy.flatnonzero(outer):
                self._outer[frozenset((int(one[number]), int(other[number])))] = int(number)

    def insert(self, side: _Side, positions: NDArray[Any]) -> None:
        """Make sure that these posts of an edge are vertices: the triangle behind each gap becomes
        a fan."""
        points = [(int(x), int(y)) for x, y in zip(side.columns, side.rows, strict=True)]
        wanted = {int(position) for position in positions}
        last: int | None = None
        missing: list[int] = []
        for position, point in enumerate(points):
            number = self._numbers.get(point)
            if number is not None:
                if last is not None and missing:
                    self._split(last, number, missing)
                last, missing = number, []
            elif position in wanted:
                missing.append(self._added(point))

    def _added(self, point: tuple[int, int]) -> int:
        self._new_points.append(point)
        number = len(self._points) + len(self._new_points) - 1
        self._numbers[point] = number
        return number

    def _split(self, one: int, other: int, between: list[int]) -> None:
        number = self._outer.pop(frozenset((one, other)))
        triangle = self._triangle(number)
        (top,) = set(triangle) - {one, other}
        start, end = next(turn for turn in _turns(triangle) if set(turn) == {one, other})
        path = [one, *between, other] if start == one else [other, *between[::-1], one]
        for low, high in pairwise(path):
            place = self._put([low, high, top], number if low == start else None)
            self._outer[frozenset((low, high))] = place
            if high == end and frozenset((end, top)) in self._outer:
                self._outer[frozenset((end, top))] = place

    def _triangle(self, number: int) -> list[int]:
        if number < len(self._triangles):
            return [int(corner) for corner in self._triangles[number]]
        return self._new_triangles[number - len(self._triangles)]

    def _put(self, triangle: list[int], number: int | None) -> int:
        """In the place of another, or as a new one; its number."""
        if number is None:
            self._new_triangles.append(triangle)
            return len(self._triangles) + len(self._new_triangles) - 1
        if number < len(self._triangles):
            self._triangles[number] = triangle
        else:
            self._new_triangles[number - len(self._triangles)] = triangle
        return number

    def mesh(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Columns and rows of the vertices, and the triangles."""
        import numpy

        new_points = numpy.array(self._new_points, dtype="int64").reshape(-1, 2)
        new_triangles = numpy.array(self._new_triangles, dtype="int64").reshape(-1, 3)
        points = numpy.concatenate([self._points, new_points])
        return points[:, 0], points[:, 1], numpy.concatenate([self._triangles, new_triangles])


def _turns(triangle: list[int]) -> tuple[tuple[int, int], ...]:
    a, b, c = triangle
    return (a, b), (b, c), (c, a)
