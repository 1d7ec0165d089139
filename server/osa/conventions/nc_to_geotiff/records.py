"""How the GeoTIFF of one time step is called, and what its record says."""

from __future__ import annotations

import re
from typing import Any

from osa.conventions.geotiff.layout import Statistics
from osa.conventions.nc_to_geotiff.parameters import GeoTiffParams
from osa.conventions.nc_to_geotiff.plan import MAX_TEXT, Plan
from osa.conventions.nc_to_geotiff.reading import Reader
from osa.conventions.nc_to_geotiff.times import Step
from osa.conventions.nc_to_geotiff.variables import attributes, text

#: ACDD 1.3 attributes of the file that a record repeats.
_ACDD = (
    "title",
    "summary",
    "institution",
    "source",
    "license",
    "creator_name",
    "publisher_name",
    "references",
    "id",
    "naming_authority",
    "doi",
)


def source_id(identity: str, plan: Plan, step: Step, params: GeoTiffParams) -> str:
    """`<URI or sha256:…>|<variable>[<dimension>=<index>,…]|<time>|<digest of output parameters>`,
    the indices of several bands as `<dimension>=<index>+<index>…`.

    The time is that of the data, so that an index and the time it stands for are one record.
    """
    chosen = ",".join(
        f"{name}={index}"
        for name, index in sorted(plan.fixed_names.items())
        if plan.variable.shape[plan.variable.dimensions.index(name)] > 1
    )
    if plan.chosen is not None:
        indices = "+".join(str(index) for index in plan.chosen.indices)
        chosen = ",".join(filter(None, (chosen, f"{plan.chosen.dimension}={indices}")))
    label = f"{step.label} (step {step.index})" if plan.numbered and step.time else step.label
    level = f"[{chosen}]" if chosen else ""
    return "|".join((identity, plan.path + level, label, params.output_digest()))


def metadata(
    reader: Reader,
    plan: Plan,
    step: Step,
    params: GeoTiffParams,
    statistics: Statistics,
) -> dict[str, Any]:
    """The record's metadata: JSON without NaN."""
    own = attributes(plan.variable)
    layout = plan.target
    found: dict[str, Any] = {
        "variable": plan.path,
        "time": step.time,
        "crs": plan.crs_metadata,
        "bbox": plan.bbox,
        "bounds": list(layout.bounds),
        "shape": [layout.height, layout.width],
        "transform": list(layout.transform),
        "resolution": list(layout.resolution),
        "dtype": layout.dtype,
        # JSON has no NaN.
        "nodata": "nan"
        if layout.nodata is not None and layout.nodata != layout.nodata
        else layout.nodata,
        "scale": layout.scale,
        "offset": layout.offset,
        "statistics": statistics.as_metadata(),
        "format": params.format,
        "source": reader.provenance,
    }
    if plan.chosen is not None:
        found["bands"] = [band.as_metadata() for band in plan.chosen.bands]
        found["band_statistics"] = [band.as_metadata() for band in statistics.bands]
    if step.index is not None:
        found["time_index"] = step.index
    if step.calendar is not None:
        found["calendar"] = step.calendar
    if plan.fixed_names:
        found["dimensions"] = plan.fixed_names
    for name in ("standard_name", "long_name", "units", "cell_methods"):
        if value := text(own, name):
            found[name] = value[:MAX_TEXT]
    about = attributes(reader.dataset)
    dataset = {name: text(about, name)[:MAX_TEXT] for name in _ACDD if text(about, name)}
    if dataset:
        found["dataset"] = dataset
    return found


def title(plan: Plan, step: Step) -> str:
    """The record's title."""
    label = "" if step.label == "-" else f", {step.label}"
    bands = ""
    if plan.chosen is not None:
        labels = plan.chosen.labels
        bands = f" ({', '.join(labels) if len(labels) <= 4 else f'{len(labels)} bands'})"
    return f"{plan.source.description[:200]}{bands}{label}"


def file_name(plan: Plan, step: Step) -> str:
    """Made of letters, digits, `.`, `_` and `-` only, whatever the file calls its variable."""
    parts = [plan.path]
    parts += [f"{name}{index}" for name, index in sorted(plan.fixed_names.items())]
    if plan.chosen is not None:
        parts.append(plan.chosen.dimension + "-".join(map(str, plan.chosen.indices)))
    if step.time is not None:
        parts.append(step.time.replace(":", "").replace("-", ""))
    if step.index is not None and (step.time is None or plan.numbered):
        parts.append(f"step{step.index}")
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", "_".join(parts)).strip("-.")
    return f"{name[:150] or 'variable'}.tif"
