"""A mesh as the bytes of a quantized-mesh 1.0 tile.

Written here, in double precision throughout: an encoder of single precision moves posts off the
edges of tiles from level 12 on, and with them the seams.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from osa.conventions.terrain_mesh.meshing import Mesh
from osa.conventions.terrain_mesh.tiling import Tile

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEDIA_TYPE = "application/vnd.quantized-mesh"

#: WGS 84.
_A, _B = 6378137.0, 6356752.314245179
_LARGEST = 32767
#: From where a number of a vertex needs four bytes.
_WIDE = 65_536
_NORMALS = 1
#: In radii of the Earth: a point that is beyond the horizon only for who is behind the Earth.
_FAR = 1e6


def encode(tile: Tile, mesh: Mesh, *, size: int, around: NDArray[Any] | None = None) -> bytes:
    """The tile. `around`: its heights with one post more on each side, to add vertex normals."""
    import numpy

    order, triangles = _by_first_use(mesh.triangles)
    columns, rows = mesh.columns[order], mesh.rows[order]
    lowest, highest = numpy.float32(mesh.heights.min()), numpy.float32(mesh.heights.max())
    # What readers compute heights from are these two, as rounded as they are.
    span = float(highest) - float(lowest)
    part = (mesh.heights[order] - float(lowest)) / span if span > 0 else numpy.zeros(len(order))
    numbers = [
        numpy.rint(columns * _LARGEST / (size - 1)),
        numpy.rint(rows * _LARGEST / (size - 1)),
        numpy.clip(numpy.rint(part * _LARGEST), 0, _LARGEST),
    ]
    west, south, east, north = tile.bounds
    positions = to_ecef(
        west + (east - west) * columns / (size - 1),
        south + (north - south) * rows / (size - 1),
        float(lowest) + span * numbers[2] / _LARGEST,
    )
    index = "<u2" if len(order) <= _WIDE else "<u4"
    parts = [_header(positions, float(lowest), float(highest)), struct.pack("<I", len(order))]
    parts += [_zigzag(values.astype("int64")) for values in numbers]
    if index == "<u4" and (done := sum(map(len, parts)) % 4):
        parts.append(b"\0" * (4 - done))
    parts += [struct.pack("<I", len(triangles)), _high_water(triangles).astype(index).tobytes()]
    last = size - 1
    for at, along in (
        (columns == 0, rows),
        (rows == 0, columns),
        (columns == last, rows),
        (rows == last, columns),
    ):
        edge = numpy.flatnonzero(at)
        edge = edge[numpy.argsort(along[edge], kind="stable")]
        parts += [struct.pack("<I", len(edge)), edge.astype(index).tobytes()]
    if around is not None:
        normals = _octahedral(_normals(tile, around)[rows, columns])
        parts += [struct.pack("<BI", _NORMALS, normals.size), normals.tobytes()]
    return b"".join(parts)


def to_ecef(
    longitudes: NDArray[Any], latitudes: NDArray[Any], heights: NDArray[Any]
) -> NDArray[Any]:
    """Earth-centred coordinates in metres, along the last axis, from degrees and metres."""
    import numpy

    east, north = numpy.radians(longitudes), numpy.radians(latitudes)
    squared = 1 - (_B / _A) ** 2
    across = _A / numpy.sqrt(1 - squared * numpy.sin(north) ** 2)
    return numpy.stack(
        [
            (across + heights) * numpy.cos(north) * numpy.cos(east),
            (across + heights) * numpy.cos(north) * numpy.sin(east),
            (across * (1 - squared) + heights) * numpy.sin(north),
        ],
        axis=-1,
    )


def _by_first_use(triangles: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The vertices in the order in which triangles name them, and the triangles in their new
    numbers: the code of the triangles can say nothing else."""
    import numpy

    used, first, inverse = numpy.unique(triangles.ravel(), return_index=True, return_inverse=True)
    order = numpy.argsort(first, kind="stable")
    rank = numpy.empty_like(order)
    rank[order] = numpy.arange(len(order))
    return used[order], rank[inverse].reshape(-1, 3)


def _high_water(triangles: NDArray[Any]) -> NDArray[Any]:
    """Each number as its distance below the next one that was not used yet."""
    import numpy

    flat = triangles.ravel()
    before = numpy.concatenate([[0], numpy.maximum.accumulate(flat)[:-1] + 1])
    return before - flat  # type: ignore[no-any-return]


def _zigzag(values: NDArray[Any]) -> bytes:
    """Differences to the value before, small ones of both signs as small numbers."""
    import numpy

    steps = numpy.diff(values, prepend=0)
    return ((steps << 1) ^ (steps >> 63)).astype("<u2").tobytes()


def _header(positions: NDArray[Any], lowest: float, highest: float) -> bytes:
    import numpy

    middle = (positions.min(axis=0) + positions.max(axis=0)) / 2
    radius = float(numpy.sqrt(((positions - middle) ** 2).sum(axis=1)).max())
    horizon = _horizon(positions, middle)
    return struct.pack("<3d2f3d1d3d", *middle, lowest, highest, *middle, radius, *horizon)


def _horizon(positions: NDArray[Any], middle: NDArray[Any]) -> NDArray[Any]:
    """The horizon occlusion point, in radii of the ellipsoid: when it is below the horizon, so is
    all of the tile. For half a globe there is none, and it is far out instead of not a number.

    https://cesium.com/blog/2013/05/09/computing-the-horizon-occlusion-point/
    """
    import numpy

    radii = numpy.array([_A, _A, _B])
    scaled, towards = positions / radii, middle / radii
    towards = towards / numpy.linalg.norm(towards)
    lengths = numpy.linalg.norm(scaled, axis=1)
    directions = scaled / lengths[:, numpy.newaxis]
    lengths = numpy.maximum(lengths, 1.0)
    cosine = directions @ towards
    sine = numpy.linalg.norm(numpy.cross(directions, towards), axis=1)
    denominator = cosine / lengths - sine * numpy.sqrt(lengths**2 - 1) / lengths
    smallest = float(denominator.min())
    return towards * (min(_FAR, 1 / smallest) if smallest > 0 else _FAR)  # type: ignore[no-any-return]


def _normals(tile: Tile, around: NDArray[Any]) -> NDArray[Any]:
    """Of each post, from the posts around it, which are the same for the neighbor: no seam in the
    light."""
    import numpy

    size = len(around) - 2
    west, south, east, north = tile.bounds
    steps = numpy.arange(-1, size + 1) / (size - 1)
    longitudes, latitudes = numpy.meshgrid(
        west + (east - west) * steps, numpy.clip(south + (north - south) * steps, -90, 90)
    )
    positions = to_ecef(longitudes, latitudes, around)
    eastward = positions[1:-1, 2:] - positions[1:-1, :-2]
    northward = positions[2:, 1:-1] - positions[:-2, 1:-1]
    normals = numpy.cross(eastward, northward)
    lengths = numpy.linalg.norm(normals, axis=2)
    # At a pole all longitudes are one place.
    up = to_ecef(longitudes, latitudes, numpy.zeros_like(around))[1:-1, 1:-1]
    up /= numpy.array([_A**2, _A**2, _B**2])
    level = lengths < 1e-6 * max(1.0, float(lengths.max()))
    normals[level], lengths[level] = up[level], numpy.linalg.norm(up[level], axis=1)
    return normals / lengths[:, :, numpy.newaxis]  # type: ignore[no-any-return]


def _octahedral(normals: NDArray[Any]) -> NDArray[Any]:
    """Unit vectors in two bytes each."""
    import numpy

    flat = normals / numpy.abs(normals).sum(axis=1, keepdims=True)
    x, y = flat[:, 0], flat[:, 1]
    below = flat[:, 2] < 0
    folded_x = numpy.where(below, (1 - numpy.abs(y)) * numpy.where(x < 0, -1, 1), x)
    folded_y = numpy.where(below, (1 - numpy.abs(x)) * numpy.where(y < 0, -1, 1), y)
    pair = numpy.stack([folded_x, folded_y], axis=1)
    return numpy.rint((numpy.clip(pair, -1, 1) * 0.5 + 0.5) * 255).astype("uint8")  # type: ignore[no-any-return]
