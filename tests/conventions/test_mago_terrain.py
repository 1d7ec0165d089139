"""mago-terrain: the program that the operator has configured, what it is given, how it is ended,
and what is believed of what it leaves. Run with a double of it; the contract with the real one is
tested where OSA_MAGO_COMMAND names one."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from osa_testing import mago_double
from osa_testing.processes import is_running
from osa_testing.waiting import until
from pydantic import ValidationError

from osa.conventions import (
    Context,
    ConventionError,
    Item,
    Limits,
    ParametersInvalid,
    Progress,
    Source,
    SourceInvalid,
    Stopped,
    StorageFull,
)
from osa.conventions.mago_terrain import mago_terrain
from osa.conventions.registry import load
from osa.conventions.terrain_mesh.tiling import Tile
from osa.conventions.testing import check_convention, check_description

np = pytest.importorskip("numpy")
rasterio = pytest.importorskip("rasterio")

Affine = rasterio.transform.Affine
DOUBLE = Path(mago_double.__file__)
INSTEAD = "`merge-terrain` with `terrain.enabled`"


def command(*orders: str) -> tuple[str, ...]:
    """The double as the configured command."""
    return (sys.executable, "-I", str(DOUBLE), *orders)


def dem(path: Path, heights: Any = None, **profile: Any) -> Path:
    """A terrain model of a tenth of a degree near 60° north, 7° east."""
    values = np.linspace(100, 900, 2500).reshape(50, 50) if heights is None else heights
    values = np.asarray(values, dtype=profile.setdefault("dtype", "float32"))
    place = {"transform": Affine(0.002, 0, 7, 0, -0.002, 60), "crs": "EPSG:4326", **profile}
    high, wide = values.shape
    with rasterio.open(
        path, "w", driver="GTiff", count=1, width=wide, height=high, nodata=-9999, **place
    ) as target:
        target.write(values, 1)
    return path


@pytest.fixture
def models(tmp_path: Path) -> list[Path]:
    """Two terrain models side by side; nobody may write to them, as in the archive."""
    west = dem(tmp_path / "west.tif")
    east = dem(tmp_path / "east.tif", transform=Affine(0.002, 0, 7.1, 0, -0.002, 60))
    for path in (west, east):
        path.chmod(0o400)
    return [west, east]


@pytest.fixture
def context(context_of: Any, as_source: Any, models: list[Path]) -> Callable[..., Context[Any]]:
    """A context for the double under `orders`, with the two models or with other sources."""

    def make(
        *orders: str, sources: list[Path | Source] | None = None, **parameters: Any
    ) -> Context[Any]:
        given = models if sources is None else sources
        made: Context[Any] = context_of(
            mago_terrain,
            [each if isinstance(each, Source) else as_source(each) for each in given],
            limits=Limits(commands={"mago": command(*orders)}),
            **{"max_depth": 4, **parameters},
        )
        return made

    return make


@pytest.fixture
def tmpdir_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where programs put what is temporary, if nobody tells them another place."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def items_of(context: Context[Any]) -> list[Item]:
    return [item for batch in mago_terrain.ingest(context) for item in batch.items]


def failure(context: Context[Any]) -> ConventionError:
    """How it fails; nothing is left behind."""
    with pytest.raises(ConventionError) as no:
        items_of(context)
    assert list(context.workdir.iterdir()) == []
    assert str(context.workdir) not in no.value.detail, "no path of the service is told"
    return no.value


# --- what comes out --------------------------------------------------------------------------


def test_a_tile_set_is_kept_as_layer_json_and_terrain_zip(context: Any) -> None:
    from osa_testing.quantized_mesh import read

    asked = context()
    (item,) = items_of(asked)
    layer, archive = item.files
    assert [(file.name, file.media_type) for file in item.files] == [
        ("layer.json", "application/json"),
        ("terrain.zip", "application/zip"),
    ]
    assert sorted(path.name for path in asked.workdir.iterdir()) == ["layer.json", "terrain.zip"]
    said = json.loads(layer.path.read_bytes())
    assert said["format"] == "quantized-mesh-1.0" and said["extensions"] == ["octvertexnormals"]
    assert said["name"] == item.title == "Terrain mesh of west.tif and 1 more"
    assert "insert" not in layer.path.read_text(), "nobody's reminder to say something is shown"
    with zipfile.ZipFile(archive.path) as opened:
        names = opened.namelist()
        assert opened.read("layer.json") == layer.path.read_bytes()
        for name in names[1:]:
            zoom, x, y = map(int, re.findall(r"\d+", name))
            read(opened.read(name), Tile(zoom=zoom, x=x, y=y).bounds)
    assert names[:3] == ["layer.json", "0/0/0.terrain", "0/1/0.terrain"]
    assert item.metadata["terrain"] == {
        "format": "quantized-mesh-1.0",
        "made_by": "mago-3d-terrainer",
        "tiles": len(names) - 1,
        "min_zoom": 0,
        "max_zoom": 4,
        "bbox": pytest.approx([7, 59.9, 7.2, 60]),
    }
    assert [each["filename"] for each in item.metadata["sources"]] == ["west.tif", "east.tif"]
    json.dumps(item.metadata, allow_nan=False)


def test_tiles_that_are_packed_are_kept_unpacked(context: Any) -> None:
    def tiles(*orders: str) -> str:
        (item,) = items_of(context(*orders))
        return item.files[1].sha256

    assert tiles() == tiles("packed")


def test_every_parameter_reaches_the_program(models: list[Path], context: Any) -> None:
    from osa.conventions.mago_terrain.conversion import arguments

    asked = context(
        min_depth=1,
        max_depth=7,
        intensity=2.5,
        interpolation_type="nearest",
        priority_type="higher",
        nodata_value=-32768,
        geoid="EGM2008",
        calculate_normals=False,
        water_mask=True,
        metadata_tiles=True,
        mosaic_size=4,
        raster_max_size=1024,
        body="earth",
    )
    words = arguments(asked.params, models, Path("/work"))
    _, options = mago_double.parse(list(words))
    assert options == {
        "input": [str(path) for path in models],
        "output": ["/work/output"],
        "temp": ["/work/temp"],
        "minDepth": ["1"],
        "maxDepth": ["7"],
        "intensity": ["2.5"],
        "interpolationType": ["nearest"],
        "priorityType": ["higher"],
        "nodataValue": ["-32768.0"],
        "geoid": ["EGM2008"],
        "mosaicSize": ["4"],
        "rasterMaxSize": ["1024"],
        "body": ["earth"],
        "noCalculateNormals": [],
        "metadata": [],
        "waterMask": [],
    }
    (item,) = items_of(asked)
    assert json.loads(item.files[0].path.read_bytes())["extensions"] == ["watermask", "metadata"]


def test_a_geoid_of_the_callers_own_is_the_last_source(context: Any, models: list[Path]) -> None:
    from osa.conventions.mago_terrain.conversion import arguments

    asked = context(geoid="file")
    _, options = mago_double.parse(arguments(asked.params, models, Path("/work")))
    assert (options["input"], options["geoid"]) == ([str(models[0])], [str(models[1])])
    (item,) = items_of(asked)
    assert [each["filename"] for each in item.metadata["sources"]] == ["west.tif"]
    with pytest.raises(ParametersInvalid, match="there is no other"):
        items_of(context(geoid="file", sources=models[:1]))


def test_what_the_program_cannot_read_is_rewritten_for_it(context: Any, tmp_path: Path) -> None:
    """It knows no .hgt, and takes packed heights for heights."""
    hgt = tmp_path / "N59E007.hgt"
    hgt.write_bytes(np.full((1201, 1201), 321, dtype=">i2").tobytes())
    packed = dem(tmp_path / "packed.tif", np.full((9, 9), 50), dtype="int16")
    with rasterio.open(packed, "r+") as opened:
        opened.scales, opened.offsets = (0.5,), (296.0,)
    (item,) = items_of(context(sources=[hgt, packed]))
    with zipfile.ZipFile(item.files[1].path) as archive:
        tile = archive.read("0/1/0.terrain")
    assert np.frombuffer(tile, "<f4", 2, 24).tolist() == [321.0, 321.0]


def test_the_sources_of_the_archive_are_not_touched(context: Any, models: list[Path]) -> None:
    before = [(path.read_bytes(), path.stat().st_mode) for path in models]
    items_of(context())
    assert [(path.read_bytes(), path.stat().st_mode) for path in models] == before


def test_the_same_sources_are_the_same_record_and_bytes(context: Any, models: list[Path]) -> None:
    (first,), (again,) = items_of(context()), items_of(context(timeout_seconds=60))
    assert first.source_id.startswith("mago:")
    assert (first.source_id, first.metadata) == (again.source_id, again.metadata)
    assert [file.sha256 for file in first.files] == [file.sha256 for file in again.files]
    (other,) = items_of(context(max_depth=3))
    (turned,) = items_of(context(sources=models[::-1]))
    assert len({first.source_id, other.source_id, turned.source_id}) == 3


def test_the_digest_of_parameters_is_that_of_the_archives() -> None:
    params = mago_terrain.params
    assert params().output_digest() == "44136fa355b3678a"
    assert params(timeout_seconds=7).output_digest() == "44136fa355b3678a"
    chosen = params(max_depth=12, geoid="EGM2008", timeout_seconds=7)
    assert chosen.output_digest() == "3f63ff1844db2d58"


def test_what_the_program_passes_over_is_in_the_log(
    context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It may end as if all were well without one of its sources."""
    (item,) = items_of(context("complain"))
    assert item.verdict == "record"
    said = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert said == [
        "mago-3d-terrainer: Error calculating geographic extension for geotiff: west.tif"
    ]


def test_progress_follows_the_levels(context: Any) -> None:
    asked = context()
    seen: list[Progress] = []
    asked.on_progress = seen.append
    items_of(asked)
    phases = list(dict.fromkeys(each.phase for each in seen))
    assert phases == [
        "reading sources",
        "copying",
        "preparing",
        "meshing",
        "cleaning up",
        "checking tiles",
    ]
    levels = [each.completed for each in seen if each.unit == "levels"]
    assert levels == sorted(levels) and set(levels) == {0, 1, 2, 3, 4}
    said = [each.message or "" for each in seen]
    assert "[Pre][Standardization][1/2] Resampling tile west.tif" in said, "by its own name"
    assert not any(str(asked.workdir) in each for each in said)


def test_the_program_gets_none_of_the_worker_s_environment(
    context: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSA_SECRET_OF_THE_TEST", "not yours")
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx2g")
    seen = tmp_path / "environment"
    code = f"import json, os; json.dump(dict(os.environ), open({str(seen)!r}, 'w'))"
    asked = context()
    asked.limits = Limits(commands={"mago": (sys.executable, "-I", "-c", code)})
    failure(asked)
    environ = json.loads(seen.read_text())
    assert "not yours" not in environ.values()
    assert environ["PATH"] == os.environ["PATH"]
    aside = str(asked.workdir / "mago" / "aside")
    assert environ["HOME"] == environ["TMPDIR"] == aside
    assert environ["JAVA_TOOL_OPTIONS"].startswith("-Xmx2g -Djava.io.tmpdir=")


def test_it_keeps_the_manners_of_a_convention(models: list[Path]) -> None:
    limits = Limits(commands={"mago": command()})
    (item,) = check_convention(
        mago_terrain, sources=models, params={"max_depth": 2}, limits=limits, max_resumes=1
    )
    assert item.verdict == "record"


# --- what goes wrong -------------------------------------------------------------------------


def test_without_the_program_it_says_so_before_anything_is_read(context_of: Any) -> None:
    never = Source(type="uri", uri="https://never.asked.example/a.tif")
    wrong = failure(context_of(mago_terrain, [never]))
    assert (wrong.kind, wrong.origin, wrong.retryable) == ("tool_unavailable", "platform", False)
    assert "OSA_MAGO_COMMAND is not set" in wrong.detail
    assert wrong.hint is not None and INSTEAD in wrong.hint


@pytest.mark.parametrize(
    "words",
    [
        ("no-such-program-anywhere", "-jar"),
        ("/no/such/folder/java",),
        ("/bin/sh", "-c", "exec no-such-java -jar a.jar"),
        command("no-jar"),
    ],
    ids=["name", "path", "script", "jar"],
)
def test_a_program_that_is_absent_is_said(context: Any, words: tuple[str, ...]) -> None:
    asked = context()
    asked.limits = Limits(commands={"mago": words})
    wrong = failure(asked)
    assert wrong.kind == "tool_unavailable"
    assert "cannot be run on this worker" in wrong.detail
    assert "no-such" not in wrong.detail and "/opt" not in wrong.detail, "the command is not told"
    assert wrong.hint is not None and INSTEAD in wrong.hint


def test_an_old_java_is_said_with_both_versions(context: Any) -> None:
    wrong = failure(context("old-java"))
    assert wrong.kind == "tool_unavailable"
    assert wrong.detail == ("mago-3d-terrainer needs Java 21; the Java of this worker is 17.")
    assert wrong.hint is not None and INSTEAD in wrong.hint


def test_another_version_of_the_program_is_said(context: Any) -> None:
    wrong = failure(context("old-version"))
    assert wrong.kind == "tool_unavailable"
    assert "does not know the option --body" in wrong.detail


@pytest.mark.parametrize("order", ["no-memory", "no-memory-quietly"])
def test_out_of_memory_is_said_even_when_the_program_ends_as_if_all_were_well(
    context: Any, order: str
) -> None:
    wrong = failure(context(order))
    assert (wrong.kind, wrong.retryable) == ("memory_limit", False)
    assert "ran out of memory" in wrong.detail
    assert wrong.hint is not None and "-Xmx" in wrong.hint and INSTEAD in wrong.hint


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("echo Could not reserve enough space for 16777216KB object heap; exit 1", "memory_limit"),
        ("kill -9 $$", "memory_limit"),
        ("exit 137", "memory_limit"),
        ("echo java.io.IOException: No space left on device; exit 1", "storage_full"),
        ("exit 127", "tool_unavailable"),
        ("exit 3", "tool_failed"),
        ("kill -11 $$", "tool_failed"),
        ("exit 0", "tool_failed"),
    ],
)
def test_every_end_of_the_program_is_told_for_what_it_is(
    context: Any, script: str, kind: str
) -> None:
    asked = context()
    asked.limits = Limits(commands={"mago": ("/bin/sh", "-c", script)})
    assert failure(asked).kind == kind


def test_the_last_that_it_said_is_in_the_fault_and_in_the_log(
    context: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """However much it says, in however long lines."""
    loud = "import sys; [print('line', n, 'x' * (n < 9) * 10**6) for n in range(9999)]; sys.exit(1)"
    asked = context()
    asked.limits = Limits(commands={"mago": (sys.executable, "-I", "-c", loud)})
    wrong = failure(asked)
    assert wrong.kind == "tool_failed" and len(wrong.detail) < 2000
    assert "line 9998" in wrong.detail
    lines = [record.message for record in caplog.records if "mago" in record.message]
    assert len(lines) == 50 and lines[-1] == "mago-3d-terrainer: line 9998"
    # A source that the program does not understand is told by its own words, by the source's name.
    noise = tmp_path / "cut.tif"
    noise.write_bytes(dem(tmp_path / "whole.tif").read_bytes()[:-2000])
    wrong = failure(context(sources=[noise]))
    assert "exit code 1" in wrong.detail and "DataSourceException" in wrong.detail


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("layer", "left no layer.json"),
        ("json", "layer.json of mago-3d-terrainer is broken"),
        ("tile", "promises the tile 4/16/13.terrain and did not make it"),
        ("link", "The tile 4/16/13.terrain that mago-3d-terrainer made is broken"),
        ("bytes", "4/16/13.terrain .* is broken: .* ends too early"),
        ("gzip", "4/16/13.terrain .* is broken: its gzip does not end"),
    ],
)
def test_success_is_not_believed_without_its_tiles(context: Any, what: str, said: str) -> None:
    wrong = failure(context(f"spoil={what}"))
    assert wrong.kind == "tool_failed"
    assert re.search(said, wrong.detail), wrong.detail


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "heightmap-1.0"}, "its format is 'heightmap-1.0'"),
        ({"available": None}, "not told by level"),
        ({"available": [[]]}, "made 0 tiles"),
        ({"available": [[{"startX": 0, "startY": 0, "endX": 2, "endY": 0}]]}, "outside the globe"),
        ({"available": [[{"startX": 0, "startY": 0, "endX": "1", "endY": 0}]]}, "not whole"),
        ({"available": [[{"startX": 0}]]}, "does not say 'startY'"),
        ({"available": [[]] * 24}, "not told by level"),
        (
            {"available": [[]] * 22 + [[{"startX": 0, "startY": 0, "endX": 8e6, "endY": 4e6}]]},
            "not whole",
        ),
        (
            {"available": [[]] * 22 + [[{"startX": 0, "startY": 0, "endX": 2**22, "endY": 2**21}]]},
            "8796099313665 tiles",
        ),
        ({"bounds": [0, 0, 1]}, "not four numbers"),
    ],
)
def test_a_layer_json_that_promises_nonsense_is_refused(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    from osa.conventions.mago_terrain.checking import read_layer
    from osa.conventions.mago_terrain.failures import ToolFailed

    layer = mago_double._layer((7, 59, 8, 60), [(0, 0, 1, 0)], [])
    (tmp_path / "layer.json").write_text(json.dumps({**layer, **change}))
    with pytest.raises(ToolFailed, match=said):
        read_layer(tmp_path, title="x")


def test_a_tile_that_a_viewer_cannot_read_is_found_out() -> None:
    from osa.conventions.mago_terrain.checking import NotATile, check_tile

    extensions = {"octvertexnormals": True, "watermask": True, "metadata": True}
    good = mago_double.tile((0, 0, 90, 90), -5, 10, extensions)
    check_tile(good)
    for length in range(len(good)):
        # Whole extensions fewer are a tile too.
        with contextlib.suppress(NotATile):
            check_tile(good[:length])
            assert length >= len(
                mago_double.tile((0, 0, 90, 90), -5, 10, dict.fromkeys(extensions, False))
            )
    numbers = random.Random(4)
    for _ in range(300):
        broken = bytearray(good)
        broken[numbers.randrange(len(broken))] ^= 1 << numbers.randrange(8)
        with contextlib.suppress(NotATile):
            check_tile(bytes(broken))


def test_no_time_is_left(context: Any, tmp_path: Path, tmpdir_of_all: Path) -> None:
    pids = tmp_path / "pids"
    wrong = failure(context("sleep=600", f"pids={pids}", timeout_seconds=2))
    assert (wrong.kind, wrong.retryable) == ("time_limit", False)
    assert "after 2 seconds (`timeout_seconds`)" in wrong.detail
    assert_gone(pids)
    assert list(tmpdir_of_all.iterdir()) == []


def test_a_disk_that_fills_while_it_works_ends_it(
    context: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from osa.conventions.mago_terrain import running

    pids = tmp_path / "pids"
    asked = context("sleep=600", f"pids={pids}")

    def full(_: Path, min_free: int) -> None:
        if pids.exists():
            raise StorageFull(f"less than {min_free}")

    monkeypatch.setattr(running, "_check_disk", full)
    monkeypatch.setattr(running, "_DISK_SECONDS", 0)
    assert failure(asked).kind == "storage_full"
    assert_gone(pids)


def test_a_full_disk_is_said_before_anything_is_written(context: Any) -> None:
    asked = context()
    asked.limits = Limits(commands={"mago": command()}, min_free_bytes=2**60)
    wrong = failure(asked)
    assert wrong.kind == "storage_full" and "must stay free" in wrong.detail


def test_what_is_no_terrain_model_is_refused_before_the_program_starts(
    context: Any, tmp_path: Path
) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no heights")
    pids = tmp_path / "pids"
    with pytest.raises(SourceInvalid, match=r"notes\.txt is no terrain model"):
        items_of(context(f"pids={pids}", sources=[text]))
    assert not pids.exists()


@pytest.mark.parametrize("count", [0, 501])
def test_one_to_five_hundred_sources(context: Any, count: int) -> None:
    sources = [Source(type="uri", uri=f"https://example.org/{n}.tif") for n in range(count)]
    with pytest.raises(ParametersInvalid, match=f"mago-terrain takes 1 to 500 .* {count} were"):
        items_of(context(sources=sources))


@pytest.mark.parametrize(
    "parameters",
    [
        {"max_depth": 23},
        {"min_depth": 1, "max_depth": None},
        {"min_depth": 3, "max_depth": 2},
        {"intensity": 0.5},
        {"intensity": 17},
        {"interpolation_type": "bicubic"},
        {"priority_type": "normal"},
        {"geoid": "/etc/passwd"},
        {"geoid": "EGM96", "body": "moon"},
        {"body": "mars"},
        {"mosaic_size": 0},
        {"timeout_seconds": 0},
        {"nodata_value": "nan"},
        {"command": "rm"},
    ],
)
def test_parameters_outside_the_schema_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        mago_terrain.parse(parameters)


# --- how it ends -----------------------------------------------------------------------------


def assert_gone(pids: Path) -> None:
    """Neither the program nor what it has started runs any more."""
    if pids.exists():
        for pid in pids.read_text().split():
            until(lambda pid=int(pid): not is_running(pid), f"{pid} is gone", seconds=10)


@pytest.mark.parametrize("number", range(20))
def test_canceled_at_any_moment_it_leaves_no_process_and_no_file(
    context: Any, tmp_path: Path, tmpdir_of_all: Path, number: int
) -> None:
    delay = random.Random(number).uniform(0, 1.2)
    pids = tmp_path / "pids"
    # Some do not listen to SIGTERM, and are killed.
    stubborn = ["stubborn"] if number % 5 == 0 else []
    asked = context("sleep=600", f"pids={pids}", *stubborn)
    timer = threading.Timer(delay, asked.stop.set)
    timer.start()
    began = time.monotonic()
    assert items_of(asked) == []
    assert asked.stopped_early
    assert time.monotonic() - began < delay + 10
    timer.join()
    assert_gone(pids)
    assert list(asked.workdir.iterdir()) == []
    assert list(tmpdir_of_all.iterdir()) == []


def test_what_the_program_leaves_running_is_ended_with_it(context: Any, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    (item,) = items_of(context(f"pids={pids}"))
    assert item.verdict == "record"
    assert_gone(pids)


def test_when_its_starter_is_killed_it_ends(
    tmp_path: Path, models: list[Path], as_source: Any
) -> None:
    """The slot is killed with its own group, to which the program does not belong."""
    pids, work = tmp_path / "pids", tmp_path / "work"
    work.mkdir()
    script = tmp_path / "starter.py"
    script.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from osa.conventions import Context, Limits\n"
        "from osa.conventions.mago_terrain import mago_terrain\n"
        "from osa.conventions.trials import source_of\n"
        f"limits = Limits(commands={{'mago': {command('sleep=600', f'pids={pids}')!r}}})\n"
        f"sources = [source_of(Path({str(models[0])!r}))]\n"
        "context = Context(params=mago_terrain.parse({}), sources=sources, cursor={},\n"
        f"    batch_size=1, workdir=Path({str(work)!r}), limits=limits)\n"
        "list(mago_terrain.ingest(context))\n"
    )
    with subprocess.Popen([sys.executable, str(script)]) as starter:
        until(pids.exists, "the program runs")
        assert all(is_running(int(pid)) for pid in pids.read_text().split())
        starter.kill()
    assert_gone(pids)


# --- manners ---------------------------------------------------------------------------------


def test_it_is_one_of_the_conventions_and_described() -> None:
    assert load()["mago-terrain"] is mago_terrain
    check_description(mago_terrain)
    described = mago_terrain.parameters_schema()["properties"]
    assert "command" not in json.dumps(sorted(described)), "the command is no parameter"
    assert all(field.get("description") for field in described.values())


def test_it_is_not_done_again_after_its_cursor_nor_when_it_is_not_wanted(context: Any) -> None:
    from osa.conventions.wanted import Wanted

    done = context()
    done.cursor = {"done": True}
    assert items_of(done) == []
    other = context()
    other.wanted = Wanted.of(["something else"])
    assert items_of(other) == []


def test_listing_the_convention_loads_no_heavy_library() -> None:
    code = (
        "import sys; from osa.conventions.mago_terrain import mago_terrain as m;"
        "m.parameters_schema(); m.missing_extra;"
        "print([n for n in ('numpy', 'rasterio', 'pyproj') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- the real program ------------------------------------------------------------------------


@pytest.fixture
def real() -> Iterator[tuple[str, ...]]:
    """The real command."""
    configured = os.environ.get("OSA_MAGO_COMMAND")
    if not configured:
        pytest.skip(
            "the contract with the real mago-3d-terrainer was NOT tested: OSA_MAGO_COMMAND is not"
            " set"
        )
    yield tuple(shlex.split(configured))


def test_contract_the_real_program_knows_every_option_that_the_double_knows(
    real: tuple[str, ...],
) -> None:
    said = subprocess.run([*real, "--help"], capture_output=True, text=True, check=True).stdout
    assert set(mago_double.OPTIONS) <= set(re.findall(r"--([A-Za-z]+)", said))


def test_contract_the_real_program_makes_a_tile_set(
    real: tuple[str, ...], context: Any, tmpdir_of_all: Path
) -> None:
    asked = context(max_depth=8)
    asked.limits = Limits(commands={"mago": real})
    (item,) = items_of(asked)
    assert item.metadata["terrain"]["tiles"] >= 2
    assert item.metadata["terrain"]["bbox"] == pytest.approx([7, 59.9, 7.2, 60], abs=0.1)
    assert sorted(path.name for path in asked.workdir.iterdir()) == ["layer.json", "terrain.zip"]
    assert list(tmpdir_of_all.iterdir()) == []


def test_contract_the_real_program_ends_when_it_is_canceled(
    real: tuple[str, ...], context: Any, tmpdir_of_all: Path
) -> None:
    asked = context(max_depth=14)
    asked.limits = Limits(commands={"mago": real})
    asked.on_progress = lambda progress: asked.stop.set() if progress.phase == "meshing" else None
    with contextlib.suppress(Stopped):
        assert items_of(asked) == []
    assert list(asked.workdir.iterdir()) == []
    assert list(tmpdir_of_all.iterdir()) == []


def test_contract_the_real_program_refuses_an_option_that_it_does_not_know(
    real: tuple[str, ...],
) -> None:
    done = subprocess.run([*real, "--noSuchOption"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "UnrecognizedOptionException" in done.stdout + done.stderr
