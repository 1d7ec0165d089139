"""Small hyperspectral scenes as CF NetCDF, the catalogue's records of them, and campaigns."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from osa.conventions import (
    ArchiveInMemory,
    Batch,
    Context,
    Convention,
    Item,
    Limits,
    Reached,
    Step,
)
from osa_testing.catalogue import Iso

LIMITS = Limits(allowed_hosts=("127.0.0.1",), read_timeout=30.0)

#: The link of the real child that `record` replaces.
_OPENDAP = (
    b"https://thredds.met.no/thredds/dodsC/remotesensingsatellite/polar-swath/2021/04/29/"
    b"aqua-modis-1km-20210429002844-20210429003955.nc"
)
_PROTOCOL = b"OPENDAP:OPENDAP"
#: In nm; the nearest to 640, 550 and 470 are the ones at 5, 3 and 1.
WAVELENGTHS = (410.0, 472.5, 510.0, 551.0, 605.0, 638.5, 700.0, 850.0)
RGB_INDICES = (5, 3, 1)


def write_scene(
    path: Path,
    *,
    height: str = "surface_altitude",
    shape: tuple[int, int] = (12, 10),
    epsg: int = 32632,
    seed: int = 0,
) -> Path:
    """A cube of reflectance over wavelength, y and x, and a grid of elevations of the standard name
    `height`, in UTM."""
    import netCDF4
    import numpy
    import pyproj

    rows, columns = shape
    random = numpy.random.default_rng(seed)
    with netCDF4.Dataset(path, "w") as scene:
        scene.Conventions = "CF-1.10"
        scene.title = f"Scene {seed}"
        for name, size in (("wavelength", len(WAVELENGTHS)), ("y", rows), ("x", columns)):
            scene.createDimension(name, size)

        def add(name: str, kind: str, axes: tuple[str, ...], values: Any, **says: Any) -> None:
            # The fill value cannot be set later.
            variable = scene.createVariable(name, kind, axes, fill_value=says.pop("fill", None))
            if says.get("scale_factor"):
                variable.set_auto_maskandscale(False)
            variable.setncatts(says)
            variable[...] = values

        crs = pyproj.CRS.from_epsg(epsg).to_cf()
        add("crs", "i4", (), 0, **crs)
        add(
            "wavelength",
            "f4",
            ("wavelength",),
            WAVELENGTHS,
            standard_name="radiation_wavelength",
            units="nm",
        )
        for name, size, first, step in (("y", rows, 6_600_000, -2), ("x", columns, 500_000, 2)):
            add(
                name,
                "f8",
                (name,),
                first + step * numpy.arange(size),
                standard_name=f"projection_{name}_coordinate",
                units="m",
            )
        cube = random.integers(0, 10_000, (len(WAVELENGTHS), rows, columns))
        add(
            "reflectance",
            "i2",
            ("wavelength", "y", "x"),
            cube,
            fill=-9999,
            standard_name="surface_bidirectional_reflectance",
            units="1",
            scale_factor=0.0001,
            grid_mapping="crs",
        )
        add(
            "elevation",
            "f4",
            ("y", "x"),
            random.normal(120, 15, (rows, columns)),
            fill=-9999.0,
            standard_name=height,
            units="m",
            grid_mapping="crs",
        )
    return path


def link(number: int, root: str = "https://data.example.com/dodsC") -> str:
    """Where the data of the scene of this number are."""
    return f"{root}/scene-{number:04}.nc"


def record(
    iso: Iso,
    number: int,
    *,
    url: str | None = None,
    protocol: str = "OPENDAP:OPENDAP",
    **texts: str,
) -> bytes:
    """The child of this number with a link of its own; `texts` as of `Iso.child`."""
    xml = iso.child(number, **texts)
    if xml.count(_OPENDAP) != 1 or xml.count(_PROTOCOL) != 1:
        raise AssertionError("the real child has another link than before")
    url = link(number) if url is None else url
    escaped = url.replace("&", "&amp;").replace("<", "&lt;")
    return xml.replace(_OPENDAP, escaped.encode()).replace(_PROTOCOL, protocol.encode())


def records(iso: Iso, count: int, *, start: int = 1) -> list[bytes]:
    """So many of them."""
    return [record(iso, number) for number in range(start, start + count)]


class Steps:
    """Plays a campaign of a convention on an archive: step after step, as the server does. A step
    that breaks off is followed by one that begins where its last batch left the campaign."""

    def __init__(
        self,
        convention: Convention,
        context_of: Callable[..., Context[Any]],
        archive: ArchiveInMemory,
        *,
        position: int = 1,
        campaign_id: str = "spring",
        **parameters: Any,
    ) -> None:
        self.convention = convention
        self.archive = archive
        self.campaign_id = campaign_id
        self.parameters = parameters
        #: Where each step began.
        self.began: list[int] = []
        self.position: int | None = position
        self.reached: Reached | None = None
        #: External ids in the order in which they were started for the first time.
        self.children: list[str] = []
        self.items: list[Item] = []
        self._context_of = context_of

    def step(self, *, batches: int | None = None, batch_size: int = 100) -> list[Item]:
        """One step; after so many batches it breaks off."""
        assert self.position is not None
        begin = self.position
        self.began.append(begin)
        context = self._context_of(
            self.convention, [], batch_size=batch_size, limits=LIMITS, **self.parameters
        )
        context.archive = self.archive
        context.step = Step(
            campaign_id=self.campaign_id,
            number=len(self.began),
            position=begin,
            memo=json.loads(json.dumps(self.reached.memo)) if self.reached else {},
        )
        items: list[Item] = []
        for number, batch in enumerate(self.convention.ingest(context), 1):
            items += self._commit(batch)
            if number == batches:
                break
        else:
            if self.position == begin:
                self.position = None
        context.web.close()
        self.items += items
        return items

    def run(self, between: Callable[[int], object] = lambda _: None, *, most: int = 60) -> None:
        """To the end; `between` is told after each step how many there were."""
        while self.position is not None:
            self.step()
            between(len(self.began))
            assert len(self.began) <= most, self.began

    def _commit(self, batch: Batch) -> Sequence[Item]:
        assert batch.reached is not None
        assert self.position is not None
        following = batch.reached.next_position
        assert following is None or following >= self.position
        for start in (start for item in batch.items for start in item.starts):
            if not self.archive.started([start.external_id]):
                self.children.append(start.external_id)
        self.archive.publish(batch.items)
        self.position, self.reached = following, batch.reached
        return batch.items
