"""Write `sea-surface-temperature.nc`: a small grid to try osa with. Every number in it is made up.

Four days of sea-surface temperature in the Nordic Seas on a polar stereographic grid of 25 km,
packed as 16-bit integers, with missing values where a made-up island lies, after CF-1.11 and
ACDD-1.3.

Run: python samples/make_sample_grid.py [target]
"""

from __future__ import annotations

import sys
from pathlib import Path

import netCDF4
import numpy as np

STEP = 25_000.0
COLUMNS, ROWS = 96, 80
FILL = -32768


def temperature(x: np.ndarray, y: np.ndarray, day: int) -> np.ndarray:
    """Degrees Celsius: colder towards the pole, a warm current on one side, a drifting eddy."""
    pole = np.hypot(x, y) / 1e6
    field = -1.6 + 4.2 * np.clip(pole - 0.7, 0.0, None)
    field += 3.5 * np.exp(-(((x - 0.9e6 - 0.12 * y) / 3.0e5) ** 2))
    east, north = 2.0e5 + 6.0e4 * day, -1.6e6 + 3.0e4 * day
    return field + 1.8 * np.exp(-(((x - east) / 1.6e5) ** 2 + ((y - north) / 1.2e5) ** 2))


def write(target: Path) -> None:
    """Write the file; the same bytes each time with the same versions of the libraries."""
    x = -0.6e6 + STEP * np.arange(COLUMNS)
    y = -2.6e6 + STEP * np.arange(ROWS)
    xs, ys = np.meshgrid(x, y)
    land = ((xs - 0.55e6) / 1.5e5) ** 2 + ((ys + 1.15e6) / 2.4e5) ** 2 < 1.0
    with netCDF4.Dataset(target, "w", format="NETCDF4_CLASSIC") as file:
        file.setncatts(
            {
                "Conventions": "CF-1.11, ACDD-1.3",
                "title": "Made-up sea-surface temperature of the Nordic Seas",
                "summary": "A synthetic field for trying software; it describes no real sea.",
                "license": "CC0-1.0",
                "creator_name": "The osa project",
            }
        )
        file.createDimension("time", 4)
        file.createDimension("y", ROWS)
        file.createDimension("x", COLUMNS)
        time = file.createVariable("time", "i4", ("time",))
        time.setncatts(
            {
                "standard_name": "time",
                "long_name": "time",
                "units": "hours since 2024-06-01 00:00:00",
                "calendar": "standard",
                "axis": "T",
            }
        )
        time[:] = 12 + 24 * np.arange(4)
        for name, values, axis in (("y", y, "Y"), ("x", x, "X")):
            coordinate = file.createVariable(name, "f8", (name,))
            coordinate.setncatts(
                {
                    "standard_name": f"projection_{name}_coordinate",
                    "long_name": f"{name} coordinate of projection",
                    "units": "m",
                    "axis": axis,
                }
            )
            coordinate[:] = values
        # EPSG:3413, the polar stereographic projection of NSIDC.
        file.createVariable("crs", "i4", ()).setncatts(
            {
                "grid_mapping_name": "polar_stereographic",
                "straight_vertical_longitude_from_pole": -45.0,
                "latitude_of_projection_origin": 90.0,
                "standard_parallel": 70.0,
                "false_easting": 0.0,
                "false_northing": 0.0,
                "semi_major_axis": 6378137.0,
                "inverse_flattening": 298.257223563,
            }
        )
        sst = file.createVariable(
            "sst",
            "i2",
            ("time", "y", "x"),
            fill_value=FILL,
            chunksizes=(1, ROWS, COLUMNS),
            zlib=True,
            shuffle=True,
        )
        sst.setncatts(
            {
                "standard_name": "sea_surface_temperature",
                "long_name": "Sea-surface temperature",
                "units": "degree_C",
                "scale_factor": 0.01,
                "add_offset": 10.0,
                "cell_methods": "time: mean",
                "grid_mapping": "crs",
            }
        )
        sst.set_auto_maskandscale(False)
        for day in range(4):
            packed = np.rint((temperature(xs, ys, day) - 10.0) / 0.01).astype("i2")
            sst[day] = np.where(land, FILL, packed)


if __name__ == "__main__":
    write(
        Path(sys.argv[1])
        if len(sys.argv) > 1
        else Path(__file__).with_name("sea-surface-temperature.nc")
    )
