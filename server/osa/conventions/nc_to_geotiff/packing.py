"""From the numbers of a file to the numbers of a pixel: fill values, scale, offset, type.

CF §2.5.1 (missing data, valid range), §8.1 (packed data), and the `_Unsigned` of the NetCDF Users
Guide (attribute conventions).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osa.conventions.failures import ParametersInvalid
from osa.conventions.nc_to_geotiff.parameters import GeoTiffParams
from osa.conventions.nc_to_geotiff.variables import Variable, attributes, numbers, packed_by, text

if TYPE_CHECKING:
    from numpy import dtype as NumpyDtype
    from numpy.typing import NDArray

#: Fill values of the NetCDF library (netcdf.h). Types of one byte have none: all values are data.
_DEFAULT_FILLS: dict[str, float] = {
    "i2": -32767,
    "u2": 65535,
    "i4": -2147483647,
    "u4": 4294967295,
    "i8": -9223372036854775806,
    "u8": 18446744073709551614,
    "f4": 9.969209968386869e36,
    "f8": 9.969209968386869e36,
}
_BYTE_FILLS: dict[str, float] = {"i1": -127, "u1": 255}
#: GDAL is given the value of missing pixels as a double: above 2⁵³ those are not all integers, and
#: what it reads back of one is another.
_LARGEST_TOLD = 2**53


@dataclass(frozen=True, kw_only=True)
class Packing:
    """How raw numbers become pixels."""

    #: Type of the raw numbers, in native byte order, signedness as `_Unsigned` says.
    raw: NumpyDtype[Any]
    #: Type of the pixels.
    pixel: NumpyDtype[Any]
    #: Raw values that mean "missing".
    fills: tuple[float, ...]
    #: Raw values outside are missing; None where there is no such bound.
    valid_min: float | None
    valid_max: float | None
    scale: float
    offset: float
    #: Whether scale and offset are applied; else they stay in the band's metadata.
    unpack: bool
    #: Value of missing pixels; None where nothing can be missing.
    nodata: float | None

    def pixels(self, raw: NDArray[Any]) -> NDArray[Any]:
        """The raw numbers as pixels, of the same shape. Raises ParametersInvalid when a value does
        not fit the type that was asked for."""

        values = raw.astype(raw.dtype.newbyteorder("="), copy=False)
        if values.dtype != self.raw:
            values = values.view(self.raw)
        missing = self._missing(values)
        if self.unpack:
            values = values.astype("float64")
            values *= self.scale
            values += self.offset
        elif values.dtype == self.pixel and (missing is None or self._is_kept):
            if self._may_collide:
                self._check_collision(values, missing)
            return values
        pixels = values if values.dtype == self.pixel else self._cast(values, missing)
        if self._may_collide:
            self._check_collision(pixels, missing)
        if missing is not None:
            pixels = pixels if pixels.flags.writeable else pixels.copy()
            pixels[missing] = self.nodata
        return pixels

    def _cast(self, values: NDArray[Any], missing: NDArray[Any] | None) -> NDArray[Any]:
        """The values in the type of the pixels; missing ones are left at 0."""
        import numpy

        if self.pixel.kind in "iu":
            if values.dtype.kind == "f":
                values = numpy.rint(values)
            limits = numpy.iinfo(self.pixel)
            # 2⁶³ and 2⁶⁴ − 1 are no floating-point numbers: the bound itself must stay outside.
            above = (
                values >= float(limits.max) + 1 if values.dtype.kind == "f" else values > limits.max
            )
            outside = above | (values < limits.min)
        elif self.pixel.itemsize < values.dtype.itemsize and values.dtype.kind == "f":
            outside = numpy.isfinite(values) & (numpy.abs(values) > numpy.finfo(self.pixel).max)
        else:
            outside = None
        if outside is not None:
            if missing is not None:
                outside &= ~missing
            if outside.any():
                raise ParametersInvalid(
                    f"The value {values[outside].flat[0]} does not fit the type {self.pixel.name}.",
                    hint="Choose a larger `dtype`.",
                )
        if missing is not None:
            values = numpy.where(missing, values.dtype.type(0), values)
        return values.astype(self.pixel)

    @property
    def _is_kept(self) -> bool:
        return (
            self.raw.kind in "iu"
            and self.fills == (self.nodata,)
            and self.valid_min is None
            and self.valid_max is None
        )

    def _missing(self, values: NDArray[Any]) -> NDArray[Any] | None:
        """Where values are missing; None where none is."""
        import numpy

        if self.nodata is None:
            return None
        missing = None
        for fill in self.fills:
            here = values == values.dtype.type(fill)
            missing = here if missing is None else missing | here
        if values.dtype.kind == "f":
            here = numpy.isnan(values)
            missing = here if missing is None else missing | here
        for bound, outside in ((self.valid_min, numpy.less), (self.valid_max, numpy.greater)):
            if bound is not None:
                here = outside(values, bound)
                missing = here if missing is None else missing | here
        return missing if missing is not None and missing.any() else None

    @property
    def _may_collide(self) -> bool:
        """Whether a valid value could become the value that means missing."""
        if self.nodata is None or math.isnan(self.nodata):
            return False
        return self.unpack or self.nodata not in self.fills

    def _check_collision(self, pixels: NDArray[Any], missing: NDArray[Any] | None) -> None:
        same = pixels == self.pixel.type(self.nodata)
        if missing is not None:
            same &= ~missing
        if same.any():
            raise ParametersInvalid(
                f"A valid value becomes {self.nodata:.10g}, which means missing.",
                hint="Choose another `nodata` or `dtype`.",
            )


def packing_of(variable: Variable, params: GeoTiffParams, *, warps: bool) -> Packing:
    """How this variable's numbers become pixels. Raises ParametersInvalid.

    `warps`: pixels without data will appear, so there has to be a value for them.
    """
    import numpy

    own = attributes(variable)
    raw = variable.dtype.newbyteorder("=")
    unsigned = text(own, "_Unsigned").lower()
    if raw.kind == "i" and unsigned == "true":
        raw = numpy.dtype(f"u{raw.itemsize}")
    elif raw.kind == "u" and unsigned == "false":
        raw = numpy.dtype(f"i{raw.itemsize}")
    stored = variable.dtype.newbyteorder("=")

    scale, offset = packed_by(own, of=variable.name)
    unpack = params.unpack and (scale, offset) != (1.0, 0.0)

    if params.dtype is not None:
        pixel = numpy.dtype(params.dtype)
    elif not unpack:
        pixel = raw
    else:
        small = raw.kind in "iu" and raw.itemsize <= 2
        pixel = numpy.dtype("float32" if small or raw == numpy.dtype("float32") else "float64")
    if pixel.kind == "f" and pixel.itemsize < 4:
        pixel = numpy.dtype("float32")

    fills = _fills(own, params, raw, stored)
    valid_min, valid_max = _valid_range(own, raw, stored)
    may_miss = bool(fills) or raw.kind == "f" or valid_min is not None or valid_max is not None
    nodata = _nodata(params, raw, pixel, fills, unpack=unpack)
    if nodata is None and (may_miss or warps):
        if warps and not may_miss:
            raise ParametersInvalid(
                f"{variable.name!r} has no fill value, and warping makes pixels without data.",
                hint="Give `nodata`, and a larger `dtype` where every value is data.",
            )
        kind = f"{pixel.kind}{pixel.itemsize}"
        nodata = {**_DEFAULT_FILLS, **_BYTE_FILLS}[kind]
        if not _is_told(nodata, pixel):
            nodata = _exact(math.copysign(_LARGEST_TOLD, nodata), pixel)
    return Packing(
        raw=raw,
        pixel=pixel,
        fills=fills,
        valid_min=valid_min,
        valid_max=valid_max,
        scale=scale,
        offset=offset,
        unpack=unpack,
        nodata=nodata,
    )


def representable(value: float, kind: NumpyDtype[Any]) -> bool:
    """Whether the type can hold the value; floating-point types round it."""
    import numpy

    if kind.kind == "f":
        return math.isnan(value) or math.isinf(value) or abs(value) <= float(numpy.finfo(kind).max)
    if math.isnan(value) or math.isinf(value) or value != int(value):
        return False
    limits = numpy.iinfo(kind)
    return bool(limits.min <= int(value) <= limits.max)


def _is_told(nodata: float, pixel: NumpyDtype[Any]) -> bool:
    """Whether a GeoTIFF and a record can say that this value means missing."""
    if pixel.kind in "iu":
        return abs(nodata) <= _LARGEST_TOLD
    return not math.isinf(nodata)


def _fills(
    own: dict[str, Any], params: GeoTiffParams, raw: NumpyDtype[Any], stored: NumpyDtype[Any]
) -> tuple[float, ...]:
    """Raw fill values: the parameter, or `_FillValue` then `missing_value`, or the default."""
    if params.src_nodata is not None:
        wanted = float(params.src_nodata)
        if math.isnan(wanted) and raw.kind == "f":
            return ()  # NaN always means missing
        if not representable(wanted, raw):
            raise ParametersInvalid(
                f"`src_nodata` {wanted:.10g} is no value of the source's type {raw.name}."
            )
        return (_exact(wanted, raw),)
    found: list[float] = []
    for name in ("_FillValue", "missing_value"):
        for value in numbers(own, name):
            if math.isnan(value):
                continue  # a NaN fill on an integer means nothing; on a float NaN is missing anyway
            if raw != stored and value < 0 and raw.kind == "u":
                value += 1 << (8 * raw.itemsize)
            elif raw != stored and raw.kind == "i" and value >= 1 << (8 * raw.itemsize - 1):
                value -= 1 << (8 * raw.itemsize)
            if representable(value, raw) and (exact := _exact(value, raw)) not in found:
                found.append(exact)
    default = _DEFAULT_FILLS.get(f"{raw.kind}{raw.itemsize}")
    # An attribute of NaN says that NaN is the fill, so the default is not.
    if not found and default is not None and "_FillValue" not in own:
        found.append(_exact(default, raw))
    return tuple(found)


def _exact(value: float, kind: NumpyDtype[Any]) -> float:
    """The value as the type holds it, as a Python number (integers stay exact)."""
    return kind.type(int(value) if kind.kind in "iu" else value).item()  # type: ignore[no-any-return]


def _valid_range(
    own: dict[str, Any], raw: NumpyDtype[Any], stored: NumpyDtype[Any]
) -> tuple[float | None, float | None]:
    """Bounds in raw numbers. A bound of another kind of type than the data is left alone: CF says
    packed units, many writers mean unpacked ones."""
    both = own.get("valid_range")
    if isinstance(both, list) and len(both) == 2:
        bounds = list(both)
    else:
        bounds = [own.get("valid_min"), own.get("valid_max")]
    packed = ("scale_factor" in own) or ("add_offset" in own)
    result: list[float | None] = []
    for bound in bounds:
        usable = isinstance(bound, int | float) and not math.isnan(bound)
        if usable and raw.kind in "iu" and packed and isinstance(bound, float):
            usable = False
        if usable and raw != stored and raw.kind == "u" and bound < 0:
            bound += 1 << (8 * raw.itemsize)
        result.append(bound if usable else None)
    return result[0], result[1]


def _nodata(
    params: GeoTiffParams,
    raw: NumpyDtype[Any],
    pixel: NumpyDtype[Any],
    fills: tuple[float, ...],
    *,
    unpack: bool,
) -> float | None:
    if params.nodata is not None:
        wanted = float(params.nodata)
        if not representable(wanted, pixel):
            raise ParametersInvalid(
                f"`nodata` {wanted:.10g} is no value of the type {pixel.name}.",
                hint="Choose another `nodata` or `dtype`.",
            )
        if not _is_told(wanted, pixel):
            raise ParametersInvalid(
                f"`nodata` {wanted:.10g} cannot be told in a GeoTIFF.",
                hint=f"Choose one between -{_LARGEST_TOLD} and {_LARGEST_TOLD}.",
            )
        return _exact(wanted, pixel)
    if not unpack and fills and representable(fills[0], pixel) and _is_told(fills[0], pixel):
        return _exact(fills[0], pixel)
    if pixel.kind == "f" and (unpack or raw.kind == "f"):
        return math.nan
    return None
