"""Where a source knows its heights from all sides.

In the outer half of its outermost pixels a source has neighbors on one side only, and what is
found between pixels there is a guess: up to half a metre beside the truth, on real terrain, along
every seam. Where another source knows better, it is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osa.conventions.geotiff.layout import Layout, Window
from osa.conventions.merge_terrain.grid import Placed

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Pixels from one exact position to the next; those between are off by thousandths of a pixel.
_EVERY = 32
#: In pixels of the source: on its outermost pixel is not beyond it.
_FORGIVEN = 1e-6


def supported(placed: Placed, target: Layout, crs: Any, window: Window) -> NDArray[Any]:
    """Which pixels of a window of the result lie between the centres of the source's pixels."""
    import numpy

    columns, rows = _positions(placed, target, crs, window)
    model = placed.model
    with numpy.errstate(invalid="ignore"):
        across = (columns >= -_FORGIVEN) & (columns <= model.width - 1 + _FORGIVEN)
        down = (rows >= -_FORGIVEN) & (rows <= model.height - 1 + _FORGIVEN)
    inside: NDArray[Any] = across & down
    return inside


def _positions(
    placed: Placed, target: Layout, crs: Any, window: Window
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Columns and rows of the source, counted from the centre of its first pixel. Arrays of one
    row and of one column, where nothing is bent."""
    import numpy

    a, _, c, _, e, f = target.transform
    d_a, d_b, d_c, d_d, d_e, d_f = placed.model.transform
    across = c + (window.column + numpy.arange(window.width) + 0.5) * a
    down = f + (window.row + numpy.arange(window.height) + 0.5) * e
    if placed.same_crs and placed.model.upright:
        columns = (across - d_c) / d_a - 0.5
        rows = (down - d_f) / d_e - 0.5
        return columns[numpy.newaxis, :], rows[:, numpy.newaxis]
    import pyproj

    nodes_x, nodes_y = _nodes(window.width), _nodes(window.height)
    x, y = numpy.meshgrid(
        c + (window.column + nodes_x + 0.5) * a, f + (window.row + nodes_y + 0.5) * e
    )
    back = pyproj.Transformer.from_crs(crs, placed.model.crs, always_xy=True)
    x, y = back.transform(x, y, errcheck=False)
    determinant = d_a * d_e - d_b * d_d
    columns = (d_e * (x - d_c) - d_b * (y - d_f)) / determinant - 0.5
    rows = (d_a * (y - d_f) - d_d * (x - d_c)) / determinant - 0.5
    return (
        _between(columns, nodes_x, nodes_y, window),
        _between(rows, nodes_x, nodes_y, window),
    )


def _nodes(length: int) -> NDArray[Any]:
    import numpy

    return numpy.linspace(0, length - 1, max(2, -(-length // _EVERY) + 1))


def _between(
    values: NDArray[Any], nodes_x: NDArray[Any], nodes_y: NDArray[Any], window: Window
) -> NDArray[Any]:
    import numpy

    wide = numpy.stack([numpy.interp(numpy.arange(window.width), nodes_x, row) for row in values])
    at = numpy.interp(numpy.arange(window.height), nodes_y, numpy.arange(len(nodes_y)))
    low = numpy.minimum(at.astype("int64"), len(nodes_y) - 2)
    part = (at - low)[:, numpy.newaxis]
    return wide[low] * (1 - part) + wide[low + 1] * part  # type: ignore[no-any-return]
