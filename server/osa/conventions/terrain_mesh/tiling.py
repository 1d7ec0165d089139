"""The tiles of a globe: two at level 0, each four at the next; rows counted from the south (TMS).

A tile has `size` posts along each side, and those on its edges are its neighbor's too. The posts of
a level are every second post of the next, so levels agree wherever both have a post.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

#: Degrees along the side of a tile of level 0.
_ROOT = 180.0
MAX_ZOOM = 22
#: A post may be this much further apart than the pixels, relatively.
_FORGIVEN = 1e-6


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One tile, by its place."""

    zoom: int
    x: int
    y: int

    @property
    def name(self) -> str:
        """Its path below the tile set."""
        return f"{self.zoom}/{self.x}/{self.y}.terrain"

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """west, south, east, north in degrees."""
        side = _ROOT / 2**self.zoom
        west, south = self.x * side - 180.0, self.y * side - 90.0
        return west, south, west + side, south + side


@dataclass(frozen=True, kw_only=True)
class Level:
    """All tiles of one level: a rectangle."""

    zoom: int
    start_x: int
    start_y: int
    end_x: int
    end_y: int

    @property
    def count(self) -> int:
        return (self.end_x - self.start_x + 1) * (self.end_y - self.start_y + 1)

    def tiles(self) -> Iterator[Tile]:
        """In order of x, then y."""
        for x in range(self.start_x, self.end_x + 1):
            for y in range(self.start_y, self.end_y + 1):
                yield Tile(zoom=self.zoom, x=x, y=y)

    @property
    def available(self) -> list[dict[str, int]]:
        """As `layer.json` says it."""
        return [
            {
                "startX": self.start_x,
                "startY": self.start_y,
                "endX": self.end_x,
                "endY": self.end_y,
            }
        ]


def zoom_of(degrees: float, size: int) -> int:
    """The first level whose posts are as close as `degrees`."""
    wanted = _ROOT / (size - 1) / degrees
    return min(MAX_ZOOM, max(0, math.ceil(math.log2(wanted) - _FORGIVEN)))


def levels(bbox: Sequence[float], min_zoom: int, max_zoom: int) -> list[Level]:
    """The tiles that [west, south, east, north] touches. Level 0 is always both: viewers ask for
    both, and take no tile below one that is missing."""
    west, south, east, north = bbox
    found = []
    for zoom in range(min_zoom, max_zoom + 1):
        if zoom == 0:
            found.append(Level(zoom=0, start_x=0, start_y=0, end_x=1, end_y=0))
            continue
        side = _ROOT / 2**zoom
        columns, rows = 2 ** (zoom + 1), 2**zoom
        start_x = min(columns - 1, max(0, math.floor((west + 180) / side)))
        start_y = min(rows - 1, max(0, math.floor((south + 90) / side)))
        end_x = min(columns - 1, max(start_x, math.ceil((east + 180) / side) - 1))
        end_y = min(rows - 1, max(start_y, math.ceil((north + 90) / side) - 1))
        found.append(Level(zoom=zoom, start_x=start_x, start_y=start_y, end_x=end_x, end_y=end_y))
    return found


def layer(
    found: Sequence[Level], *, bbox: Sequence[float], title: str, normals: bool
) -> dict[str, Any]:
    """What `layer.json` says: where the tiles are, and which there are."""
    by_zoom = {level.zoom: level for level in found}
    last = max(by_zoom)
    return {
        "tilejson": "2.1.0",
        "name": title,
        "version": "1.0.0",
        "format": "quantized-mesh-1.0",
        "scheme": "tms",
        "projection": "EPSG:4326",
        "tiles": ["{z}/{x}/{y}.terrain"],
        "extensions": ["octvertexnormals"] if normals else [],
        "bounds": list(bbox),
        "minzoom": min(by_zoom),
        "maxzoom": last,
        "available": [
            by_zoom[zoom].available if zoom in by_zoom else [] for zoom in range(last + 1)
        ],
    }
