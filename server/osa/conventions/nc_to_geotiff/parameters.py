"""What a caller may choose when NetCDF becomes GeoTIFF."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from osa.conventions.authoring import Params
from osa.conventions.geotiff.options import (
    CRS_FORMS,
    Dtype,
    Finite,
    GeoTiffOptions,
    Number,
    Place,
    Positive,
    Resampling,
)

MAX_BANDS = 16
Index = Annotated[int, Field(ge=0)]
Name = Annotated[str, Field(min_length=1, max_length=256)]


class Bands(Params):
    """Which indices of one further dimension become the bands of a GeoTIFF, in this order."""

    dimension: Name | None = Field(
        None,
        description=(
            "Name of the dimension. Default: the one whose coordinate has the standard name "
            "`radiation_wavelength` or `sensor_band_central_radiation_wavelength`, or that is "
            "named `wavelength` or `wavelengths`, or whose coordinate is."
        ),
    )
    indices: tuple[Index, ...] | None = Field(
        None,
        min_length=1,
        max_length=MAX_BANDS,
        description="The bands by their indices (from 0), each once.",
    )
    values: tuple[Finite, ...] | None = Field(
        None,
        min_length=1,
        max_length=MAX_BANDS,
        description=(
            "The bands by values of the dimension's coordinate: of each the nearest is taken, the "
            "one with the smaller index where two are as near."
        ),
    )
    units: Annotated[str, Field(min_length=1, max_length=32)] | None = Field(
        None,
        description=(
            "Unit of `values`: nm, um and m are converted into each other; any other has to be "
            "that of the coordinate. Default: the coordinate's own."
        ),
    )
    max_distance: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None,
        description=(
            "How far the nearest may be, in `units`. Default: the median distance between "
            "neighboring values of the coordinate."
        ),
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.indices is None) == (self.values is None):
            raise ValueError("bands needs either indices or values")
        if self.indices is not None:
            if self.units is not None or self.max_distance is not None:
                raise ValueError("units and max_distance say something only together with values")
            if len(set(self.indices)) != len(self.indices):
                raise ValueError("indices must name each band once")
        return self


class GeoTiffParams(GeoTiffOptions):
    """Which data are read, and how they are written."""

    no_output: ClassVar[frozenset[str]] = GeoTiffOptions.no_output | {
        "variable",
        "standard_names",
        "time",
        "time_method",
        "dimensions",
        "access",
    }

    variable: str | None = Field(
        None,
        min_length=1,
        max_length=512,
        description="Name of the variable; `group/name` inside groups. Needed when several fit.",
    )
    standard_names: tuple[Name, ...] | None = Field(
        None,
        min_length=1,
        max_length=8,
        description=(
            "The variable by its CF standard name, instead of `variable`: the first of these that "
            "a variable has is taken, as in `[surface_altitude, height, altitude]`."
        ),
    )
    time: int | Annotated[str, Field(max_length=40)] | None = Field(
        None,
        description=(
            "One time step: its index (from 0; negative counts from the end) or an ISO 8601 time, "
            "UTC where no offset is given. Without it, every time step becomes a record."
        ),
    )
    time_method: Literal["exact", "nearest"] = Field(
        "exact",
        description=(
            "`exact`: the time must be in the data, to the second. `nearest`: the nearest is taken."
        ),
    )
    dimensions: dict[str, Index] = Field(
        default_factory=dict,
        max_length=16,
        description=(
            "Index (from 0) for each further dimension longer than 1, as {name: index}: level, "
            "depth, ensemble member."
        ),
    )
    bands: Bands | None = Field(
        None,
        description=(
            "Several indices of one further dimension as the bands of one GeoTIFF, as in "
            '{"values": [640, 550, 470], "units": "nm"}.'
        ),
    )
    crs: str | None = Field(
        None,
        max_length=16_384,
        description=f"CRS of the data, instead of what the file says: {CRS_FORMS}.",
    )
    dst_crs: str | None = Field(
        None,
        max_length=16_384,
        description=f"CRS to warp to: {CRS_FORMS}. Default: the data's own.",
    )
    resolution: Positive | tuple[Positive, Positive] | None = Field(
        None,
        description=(
            "Pixel size, or [x, y], in units of the CRS that is written. Default: the data's own."
        ),
    )
    bounds: tuple[Place, Place, Place, Place] | None = Field(
        None, description="[left, bottom, right, top] to write, in units of `bounds_crs`."
    )
    bounds_crs: str | None = Field(
        None,
        max_length=16_384,
        description=f"CRS of `bounds`: {CRS_FORMS}. Default: the CRS that is written.",
    )
    resampling: Resampling = Field("nearest", description="How pixels are resampled when warping.")
    src_nodata: Number | None = Field(
        None,
        description=(
            "Value that stands for missing data in the source (in packed units), instead of "
            "`_FillValue` and `missing_value`."
        ),
    )
    nodata: Number | None = Field(
        None,
        description=(
            "Value that stands for missing data in the GeoTIFF. Default: the source's own, or NaN "
            "for unpacked values."
        ),
    )
    unpack: bool = Field(
        True,
        description=(
            "Apply `scale_factor` and `add_offset`. False writes the packed numbers, with scale "
            "and offset in the band's metadata."
        ),
    )
    dtype: Dtype | None = Field(
        None,
        description=(
            "Data type to write. Default: the source's; unpacked values become float32 from "
            "integers of 8 or 16 bits, else float64."
        ),
    )
    access: Literal["auto", "download", "opendap"] = Field(
        "auto",
        description=(
            "How a URI is read. `download`: it is a NetCDF file. `opendap`: it is an OPeNDAP "
            "(DAP2) dataset. `auto`: OPeNDAP where the path has a part `dodsC`, `opendap`, `dods` "
            "or `dap` and the server answers `<uri>.dds`, or where a download turns out not to be "
            "NetCDF and it does; else a file."
        ),
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.variable is not None and self.standard_names is not None:
            raise ValueError("variable and standard_names exclude each other")
        if self.bounds is not None:
            left, bottom, right, top = self.bounds
            if left >= right or bottom >= top:
                raise ValueError(
                    "bounds must be [left, bottom, right, top], left < right, bottom < top"
                )
        if self.bounds_crs is not None and self.bounds is None:
            raise ValueError("bounds_crs says something only together with bounds")
        return self
