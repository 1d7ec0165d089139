"""A double of mago-3d-terrainer, for the tests: it is not that program, and makes no terrain.

It knows the options of version 1.14 and no other, wants writable inputs, says what the program says
in its phases, and makes real quantized-mesh tiles, flat ones. Every error is exit code 1 and a
stack trace, and leaves its files aside, as the program does.

    python mago_double.py [ORDER …] OPTIONS

Orders are words for the double alone, before the first option:

    sleep=SECONDS     in the middle of making tiles
    pids=FILE         write its own process number, and that of a child that it starts, there
    stubborn          neither of the two ends on SIGTERM
    old-java, no-memory, no-memory-quietly, no-jar, old-version
                      what Java, or the program, says then
    spoil=WHAT        layer, json, tile, bytes, gzip, link: what is wrong with its output
    packed            gzip all tiles
    complain          of a source, and go on without it
"""

from __future__ import annotations

import contextlib
import gzip
import json
import math
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import TextIO

#: Long and short names, and whether a value follows.
OPTIONS = {
    "help": ("h", False),
    "quiet": ("q", False),
    "leaveTemp": ("lt", False),
    "json": ("j", False),
    "skipStandardizationResize": ("ssr", False),
    "input": ("i", True),
    "output": ("o", True),
    "log": ("l", True),
    "temp": ("t", True),
    "geoid": ("g", True),
    "minDepth": ("min", True),
    "maxDepth": ("max", True),
    "intensity": ("is", True),
    "interpolationType": ("it", True),
    "priorityType": ("pt", True),
    "nodataValue": ("nv", True),
    "calculateNormals": ("cn", False),
    "noCalculateNormals": ("ncn", False),
    "mosaicSize": ("ms", True),
    "rasterMaxSize": ("mr", True),
    "continue": ("c", False),
    "modify": ("m", False),
    "metadata": ("md", False),
    "waterMask": ("wm", False),
    "body": ("b", True),
    "verbose": ("vb", False),
    "debug": ("d", False),
}
#: What Java says of a class of a newer one, word for word.
OLD_JAVA = """\
Error: LinkageError occurred while loading main class com.gaia3d.command.Mago3DTerrainerMain
\tjava.lang.UnsupportedClassVersionError: com/gaia3d/command/Mago3DTerrainerMain has been compiled \
by a more recent version of the Java Runtime (class file version 65.0), this version of the Java \
Runtime only recognizes class file versions up to 61.0"""
_A, _B = 6378137.0, 6356752.314245179
_LARGEST = 32767


class Trouble(Exception):
    """A Java exception: its class and message."""


def parse(words: list[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Orders and options. Raises Trouble for an option that is not in the table."""
    orders: dict[str, str] = {}
    while words and not words[0].startswith("-"):
        name, _, value = words.pop(0).partition("=")
        orders[name] = value
    names = {"--" + name: name for name in OPTIONS}
    names |= {"-" + short: name for name, (short, _) in OPTIONS.items()}
    options: dict[str, list[str]] = {}
    while words:
        word = words.pop(0)
        if word not in names or ("old-version" in orders and word == "--body"):
            raise Trouble(
                "org.apache.commons.cli.UnrecognizedOptionException: Unrecognized option: " + word
            )
        values = options.setdefault(names[word], [])
        if OPTIONS[names[word]][1]:
            if not words:
                raise Trouble("org.apache.commons.cli.MissingArgumentException: " + word)
            values.append(words.pop(0))
    return orders, options


def main(words: list[str]) -> int:
    orders, options = {}, {}
    try:
        orders, options = parse(words)
        if "stubborn" in orders:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if "pids" in orders:
            _tell_processes(Path(orders["pids"]))
        if "no-jar" in orders:
            say("Error: Unable to access jarfile /opt/mago-3d-terrainer.jar", sys.stderr)
            return 1
        if "old-java" in orders:
            say(OLD_JAVA, sys.stderr)
            return 1
        if "help" in options or not options:
            for name, (short, _) in OPTIONS.items():
                say(f" -{short}, --{name}")
            return 0
        make(orders, options)
    except Trouble as exc:
        say("An unexpected error occurred.")
        say(f'Exception in thread "main" java.lang.RuntimeException: {exc}', sys.stderr)
        say("\tat com.gaia3d.command.Mago3DTerrainerMain.main(Mago3DTerrainerMain.java:85)")
        return 1
    return 0


def _tell_processes(path: Path) -> None:
    # It inherits what is done with SIGTERM.
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"])
    aside = path.with_suffix(".part")
    aside.write_text(f"{os.getpid()} {child.pid}")
    aside.replace(path)


def say(line: str, stream: TextIO = sys.stdout) -> None:
    stream.write(line + "\n")
    stream.flush()


def make(orders: dict[str, str], options: dict[str, list[str]]) -> None:
    if "input" not in options or "output" not in options:
        raise Trouble("java.lang.IllegalArgumentException: Please enter the value")
    inputs = [Path(value) for value in options["input"]]
    for path in inputs:
        if not path.exists():
            raise Trouble(f"org.apache.commons.io.FileExistsException: {path} Path is not exist.")
        # By its mode: the superuser may write everywhere.
        if not path.stat().st_mode & 0o200:
            raise Trouble(f"java.io.IOException: {path} path is not writable.")
    output = Path(options["output"][0])
    output.mkdir(parents=True, exist_ok=True)
    aside = Path(options.get("temp", [str(output / "temp")])[0]) / str(uuid.uuid4())
    aside.mkdir(parents=True)
    (aside / "standardization").mkdir()
    (aside / "standardization" / "a.raster").write_bytes(b"MTRF" * 1000)
    # As its libraries do: where Java's property says, and only there.
    with tempfile.NamedTemporaryFile(
        prefix="mago-double-", dir=_tmpdir(), delete=False
    ) as unpacked:
        unpacked.write(b"EPSG" * 1000)
    say("----------------------------------------")
    say("mago-3d-terrainer(double) by nobody")
    say("[Generate] Start Terrainer process.")
    say("[Pre][AvailableTileSet] Start calculating available tiles for each depth.")
    bounds, lowest, highest = _looked_at(inputs)
    last = int(options.get("maxDepth", ["3"])[0])
    levels = [_range(bounds, zoom) for zoom in range(last + 1)]
    extensions = {
        "octvertexnormals": "noCalculateNormals" not in options,
        "watermask": "waterMask" in options,
        "metadata": "metadata" in options,
    }
    layer = _layer(bounds, levels, [name for name, wanted in extensions.items() if wanted])
    if orders.get("spoil") != "layer":
        text = json.dumps(layer)
        (output / "layer.json").write_text(text[:-9] if orders.get("spoil") == "json" else text)
    if "complain" in orders:
        say(f"Error calculating geographic extension for geotiff: {inputs[0]}")
    for number, path in enumerate(inputs, start=1):
        say(f"[Pre][Standardization][{number}/{len(inputs)}] Resampling tile {path}")
    for zoom, (start_x, start_y, end_x, end_y) in enumerate(levels):
        say(f"[Tile][{zoom}/{last}] Start generating tile meshes - Divided Tiles Size: 1")
        say(f"[Tile][{zoom}/{last}][1/1] process quantized mesh tiling...")
        if zoom == min(1, last):
            if "no-memory" in orders:
                raise Trouble("java.lang.OutOfMemoryError: Java heap space")
            if "no-memory-quietly" in orders:
                say("[RefineMesh] STOPPING at iteration 3 due to CRITICAL memory pressure: free=1%")
            time.sleep(float(orders.get("sleep", "0")))
        for x in range(start_x, end_x + 1):
            for y in range(start_y, end_y + 1):
                side = 180.0 / 2**zoom
                west, south = x * side - 180, y * side - 90
                place = (west, south, west + side, south + side)
                content = tile(place, lowest, highest, extensions)
                path = output / str(zoom) / str(x) / f"{y}.terrain"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(gzip.compress(content) if "packed" in orders else content)
    _spoil(orders.get("spoil"), path)
    for entry in sorted(aside.rglob("*"), reverse=True):
        entry.rmdir() if entry.is_dir() else entry.unlink()
    say("[Post][Cleanup] Finished deleting memory objects.")
    say("[Generate] Finished Terrainer process.")


def _spoil(what: str | None, path: Path) -> None:
    content = path.read_bytes()
    if what in ("tile", "link"):
        path.unlink()
    if what == "link":
        path.symlink_to("/etc/passwd")
    if what == "bytes":
        path.write_bytes(content[:-1])
    if what == "gzip":
        path.write_bytes(gzip.compress(content)[:-4])


def _tmpdir() -> str:
    found = re.search(r'-Djava\.io\.tmpdir="([^"]+)"', os.environ.get("JAVA_TOOL_OPTIONS", ""))
    return found[1] if found else tempfile.gettempdir()


def _looked_at(paths: list[Path]) -> tuple[tuple[float, float, float, float], float, float]:
    """west, south, east, north of all sources together; lowest and highest height."""
    import rasterio
    from rasterio.errors import RasterioError
    from rasterio.warp import transform_bounds

    boxes, heights = [], []
    for path in paths:
        try:
            with rasterio.open(path, driver="GTiff") as opened:
                boxes.append(transform_bounds(opened.crs, "EPSG:4326", *opened.bounds))
                values = opened.read(1, masked=True)
        except RasterioError as exc:
            raise Trouble(f"org.geotools.data.DataSourceException: {exc}") from exc
        heights += [float(values.min()), float(values.max())]
    wests, souths, easts, norths = zip(*boxes, strict=True)
    bounds = (min(wests), min(souths), max(easts), max(norths))
    return bounds, min(heights), max(heights)


def _range(bounds: tuple[float, float, float, float], zoom: int) -> tuple[int, int, int, int]:
    if zoom == 0:
        return 0, 0, 1, 0
    side = 180.0 / 2**zoom
    west, south, east, north = bounds
    start_x, start_y = int((west + 180) // side), int((south + 90) // side)
    return start_x, start_y, int((east + 180) // side), int((north + 90) // side)


def _layer(
    bounds: tuple[float, float, float, float],
    levels: list[tuple[int, int, int, int]],
    extensions: list[str],
) -> dict[str, object]:
    names = ("startX", "startY", "endX", "endY")
    return {
        "tilejson": "2.1.0",
        "name": "insert name here",
        "description": "insert description here",
        "version": "1.1.0",
        "format": "quantized-mesh-1.0",
        "attribution": "insert attribution here",
        "template": "terrain",
        "legend": "insert legend here",
        "scheme": "tms",
        "projection": "EPSG:4326",
        "tiles": ["{z}/{x}/{y}.terrain?v={version}"],
        "bounds": list(bounds),
        "extensions": extensions,
        "available": [[dict(zip(names, level, strict=True))] for level in levels],
    }


def tile(
    place: tuple[float, float, float, float],
    lowest: float,
    highest: float,
    extensions: dict[str, bool],
) -> bytes:
    """A quantized-mesh tile of two triangles: the south at the lowest height, the north at the
    highest."""
    west, south, east, north = place
    corners = [(west, south, 0), (east, south, 0), (west, north, 1), (east, north, 1)]
    points = [_ecef(x, y, highest if up else lowest) for x, y, up in corners]
    middle = [sum(axis) / 4 for axis in zip(*points, strict=True)]
    radius = max(math.dist(point, middle) for point in points) + 1
    content = struct.pack("<3d2f3d1d", *middle, lowest, highest, *middle, radius)
    # So far out that it hides nothing.
    content += struct.pack("<3d", *(1e6 * value for value in (1.0, 0.0, 0.0)))
    u, v, h = ([0, 1, 0, 1], [0, 0, 1, 1], [0, 0, 1, 1])
    content += struct.pack("<I", 4)
    for values in (u, v, h):
        steps = [b - a for a, b in zip([0, *values], values, strict=False)]
        content += struct.pack(
            "<4H", *(_LARGEST * 2 * s if s >= 0 else -_LARGEST * 2 * s - 1 for s in steps)
        )
    # 0 1 2, 2 1 3: as distances below the next new number.
    content += struct.pack("<I6H", 2, 0, 0, 0, 1, 2, 0)
    for edge in ((0, 2), (0, 1), (1, 3), (2, 3)):
        content += struct.pack("<I2H", 2, *edge)
    if extensions["octvertexnormals"]:
        content += struct.pack("<BI", 1, 8)
        for x, y, _ in corners:
            content += _octahedral(x, y)
    if extensions["watermask"]:
        content += struct.pack("<BIB", 2, 1, 0)
    if extensions["metadata"]:
        said = b'{"available":[]}'
        content += struct.pack("<BII", 4, len(said) + 4, len(said)) + said
    return content


def _ecef(longitude: float, latitude: float, height: float) -> tuple[float, float, float]:
    east, north = math.radians(longitude), math.radians(latitude)
    squared = (_A**2 - _B**2) / _A**2
    across = _A / math.sqrt(1 - squared * math.sin(north) ** 2)
    x = (across + height) * math.cos(north) * math.cos(east)
    y = (across + height) * math.cos(north) * math.sin(east)
    return x, y, (across * (1 - squared) + height) * math.sin(north)


def _octahedral(longitude: float, latitude: float) -> bytes:
    """Straight up, in two bytes."""
    east, north = math.radians(longitude), math.radians(latitude)
    x, y = math.cos(north) * math.cos(east), math.cos(north) * math.sin(east)
    z = math.sin(north)
    total = abs(x) + abs(y) + abs(z)
    x, y = x / total, y / total
    if z < 0:
        x, y = (
            (1 - abs(y)) * math.copysign(1, x),
            (1 - abs(x)) * math.copysign(1, y),
        )
    return bytes(round((value * 0.5 + 0.5) * 255) for value in (x, y))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main(sys.argv[1:]))
