"""The merge itself: window by window, source by source, each seen through a warped view.

Not `rasterio.merge`: 1.4.4 gives wrong pixels for the most common nodata of float32 rasters.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from osa.conventions.failures import ParametersInvalid, SourceInvalid
from osa.conventions.geotiff.crs import to_raster_crs
from osa.conventions.geotiff.layout import Layout, Window
from osa.conventions.geotiff.options import FARTHEST
from osa.conventions.geotiff.warping import WARP_MB
from osa.conventions.merge_terrain.grid import Placed, Plan
from osa.conventions.merge_terrain.models import blamed, open_raster
from osa.conventions.merge_terrain.parameters import MergeTerrainParams
from osa.conventions.merge_terrain.supports import supported

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Views that are open at the same time; a row of windows seldom meets more sources.
_OPEN = 32


@contextmanager
def merged(
    plan: Plan, params: MergeTerrainParams, checkpoint: Callable[[], None]
) -> Iterator[Callable[[Window], NDArray[Any]]]:
    """A function that gives the merged pixels of a window. Raises SourceInvalid when a source
    cannot be read, ParametersInvalid when a height does not fit the result."""
    import numpy

    sources = plan.sources if params.method != "last" else plan.sources[::-1]
    with _Views(plan.target, params) as views:

        def read(window: Window) -> NDArray[Any]:
            heights = _Heights(window, params)
            parts = [(placed, _common(placed.window, window)) for placed in sources]
            meeting = [(placed, part) for placed, part in parts if part is not None]
            careful = len(meeting) > 1 and params.resampling != "nearest"
            guesses = []
            for placed, part in meeting:
                if heights.complete(part):
                    continue
                checkpoint()
                found = views.read(placed, part)
                if careful:
                    inside = supported(placed, plan.target, plan.crs, part)
                    if not inside.all():
                        guesses.append((part, numpy.where(inside, numpy.nan, found)))
                        found = numpy.where(inside, found, numpy.nan)
                heights.add(part, found)
            heights.settle()
            for part, guess in guesses:
                heights.fill(part, guess)
            return heights.pixels(plan.target.nodata)

        yield read


def _common(one: Window, other: Window) -> Window | None:
    row, column = max(one.row, other.row), max(one.column, other.column)
    height = min(one.row + one.height, other.row + other.height) - row
    width = min(one.column + one.width, other.column + other.width) - column
    if height <= 0 or width <= 0:
        return None
    return Window(row=row, column=column, height=height, width=width)


class _Heights:
    """The heights of one window in the making; NaN where there is none."""

    def __init__(self, window: Window, params: MergeTerrainParams) -> None:
        import numpy

        self._window = window
        self._params = params
        self._method = "first" if params.method == "last" else params.method
        shape = (window.height, window.width)
        self._values = numpy.full(shape, numpy.nan, dtype=_working(params))
        self._sums = numpy.zeros(shape) if self._method == "mean" else None
        self._counts = numpy.zeros(shape, dtype="uint16") if self._method == "mean" else None

    def complete(self, part: Window) -> bool:
        """Whether another source can change nothing there."""
        import numpy

        return self._method == "first" and not numpy.isnan(self._values[self._at(part)]).any()

    def add(self, part: Window, found: NDArray[Any]) -> None:
        """Merge the heights of one more source in."""
        import numpy

        at = self._at(part)
        here = self._values[at]
        match self._method:
            case "first":
                self.fill(part, found)
            case "min":
                numpy.fmin(here, found, out=here)
            case "max":
                numpy.fmax(here, found, out=here)
            case _:
                assert self._sums is not None
                assert self._counts is not None
                there = ~numpy.isnan(found)
                numpy.add(self._sums[at], found, out=self._sums[at], where=there)
                self._counts[at] += there

    def settle(self) -> None:
        """Nothing more is added."""
        if self._sums is not None and self._counts is not None:
            some = self._counts > 0
            self._values[some] = self._sums[some] / self._counts[some]

    def fill(self, part: Window, found: NDArray[Any]) -> None:
        """Take what is found where there is nothing yet."""
        import numpy

        here = self._values[self._at(part)]
        numpy.copyto(here, found, where=numpy.isnan(here))

    def pixels(self, nodata: float | None) -> NDArray[Any]:
        """What is written. Raises ParametersInvalid."""
        import numpy

        values = self._values
        missing = numpy.isnan(values)
        limits = self._params.integer_limits
        if limits is not None:
            values = numpy.rint(values)
            if ((values < limits[0]) | (values > limits[1])).any():
                lowest, highest = numpy.nanmin(values), numpy.nanmax(values)
                raise ParametersInvalid(
                    f"Heights between {lowest:.0f} and {highest:.0f} do not fit "
                    f"{self._params.dtype}.",
                    hint="Give another `dtype`.",
                )
        assert nodata is not None
        if not math.isnan(nodata):
            if (values == values.dtype.type(nodata)).any():
                raise ParametersInvalid(
                    f"There are heights of {nodata:g}, the value that stands for missing ones.",
                    hint="Give another `nodata`.",
                )
            values[missing] = nodata
        return values.astype(self._params.dtype, copy=False)

    def _at(self, part: Window) -> tuple[slice, slice]:
        row, column = part.row - self._window.row, part.column - self._window.column
        return slice(row, row + part.height), slice(column, column + part.width)


class _Views:
    """Sources as they look in the grid of the result; those used last are kept open."""

    def __init__(self, target: Layout, params: MergeTerrainParams) -> None:
        self._target = target
        self._params = params
        self._open: OrderedDict[int, tuple[Any, ExitStack]] = OrderedDict()

    def __enter__(self) -> _Views:
        return self

    def __exit__(self, *_: object) -> None:
        while self._open:
            self._open.popitem()[1][1].close()

    def read(self, placed: Placed, window: Window) -> NDArray[Any]:
        """The heights of a source in a window of the result; NaN where it has none."""
        from rasterio.windows import Window as RasterWindow

        model = placed.model
        place = RasterWindow(window.column, window.row, window.width, window.height)
        with blamed(model.path, model.label):
            if placed.first_pixel is not None:
                found: NDArray[Any] = self._pixels(placed, window, placed.first_pixel)
            else:
                found = self._view(placed).read(1, window=place)
        # float64, as which rasterio gives nodata, does not hold 2⁶³ - 1: it gives none.
        if model.dtype in ("int64", "uint64") and (abs(found) > FARTHEST).any():
            raise SourceInvalid(
                f"{model.label} has {model.dtype} numbers beyond {FARTHEST:g}, which are no "
                "heights; a nodata value so large cannot be read.",
                hint="Write it as float32 or int32 (gdal_translate -ot Float32 -a_nodata …).",
            )
        if (model.scale, model.offset) != (1.0, 0.0):
            found = found * found.dtype.type(model.scale) + found.dtype.type(model.offset)
        return found

    def _pixels(self, placed: Placed, window: Window, first: tuple[int, int]) -> NDArray[Any]:
        """The same without a warp, whose arithmetic would leave a trace of 1e-10."""
        import numpy
        from rasterio.windows import Window as RasterWindow

        model = placed.model
        found = numpy.full((window.height, window.width), numpy.nan, dtype=_working(self._params))
        own = Window(row=first[0], column=first[1], height=model.height, width=model.width)
        part = _common(own, window)
        if part is None:
            return found
        place = RasterWindow(part.column - first[1], part.row - first[0], part.width, part.height)
        values = self._raster(placed).read(1, window=place)
        heights = values.astype(found.dtype)
        if model.nodata is not None and not math.isnan(model.nodata):
            heights[values == values.dtype.type(model.nodata)] = numpy.nan
        if heights.dtype.kind == "f":
            heights[numpy.isinf(heights)] = numpy.nan
        row, column = part.row - window.row, part.column - window.column
        found[row : row + part.height, column : column + part.width] = heights
        return found

    def _raster(self, placed: Placed) -> Any:
        model = placed.model
        return self._kept(
            placed, lambda: open_raster(model.path, driver=model.driver, label=model.label)
        )

    def _view(self, placed: Placed) -> Any:
        return self._kept(placed, lambda: self._warped(placed))

    def _kept(self, placed: Placed, make: Callable[[], Any]) -> Any:
        key = id(placed)
        if key in self._open:
            self._open.move_to_end(key)
            return self._open[key][0]
        while len(self._open) >= _OPEN:
            self._open.popitem(last=False)[1][1].close()
        with ExitStack() as stack:
            made = stack.enter_context(make())
            self._open[key] = made, stack.pop_all()
        return made

    @contextmanager
    def _warped(self, placed: Placed) -> Iterator[Any]:
        from rasterio.enums import Resampling
        from rasterio.vrt import WarpedVRT

        model, target = placed.model, self._target
        # The same object on both sides, where nothing moves: no rounding by a change of CRS.
        source_crs = target.raster_crs if placed.same_crs else to_raster_crs(model.crs)
        with (
            open_raster(model.path, driver=model.driver, label=model.label) as raster,
            WarpedVRT(
                raster,
                src_crs=source_crs,
                crs=target.raster_crs,
                transform=target.affine,
                width=target.width,
                height=target.height,
                resampling=Resampling[self._params.resampling],
                src_nodata=math.nan if model.nodata is None else model.nodata,
                nodata=math.nan,
                dtype=_working(self._params),
                tolerance=self._params.warp_error_threshold,
                warp_mem_limit=WARP_MB,
            ) as view,
        ):
            yield view


def _working(params: MergeTerrainParams) -> str:
    """What heights are computed in: float32 holds neither all of int32 nor of float64."""
    return "float64" if params.dtype in ("float64", "int32") else "float32"
