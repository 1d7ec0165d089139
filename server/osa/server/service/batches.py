"""From what a convention yields to what is stored: items, their files, progress."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from osa.conventions import Item
from osa.conventions.authoring import Progress as Report
from osa.conventions.stored import identity, storable
from osa.server.model import Counts, Derivation, ItemFault, Progress, new_id
from osa.server.service.jobs import Job
from osa.server.store import items
from osa.server.store.objects import Objects


def new_item(
    item: Item, objects: Objects, workdir: Path, origins: Mapping[str, int | None]
) -> items.NewItem:
    """The item as it is stored; its files are put in place. `origins` are the records among the
    sources, and their versions. Raises StorageFull, and ValueError for
    a file that is not the attempt's own, or a record that is no source."""
    files = []
    for file in item.files:
        path = file.path
        if path != objects.path(file.sha256):
            if not path.resolve().is_relative_to(workdir.resolve()):
                raise ValueError(f"{path} is neither an object nor in the attempt's own folder.")
            objects.put(path, file.sha256)
        files.append(
            items.NewFile(
                id=new_id(),
                name=storable(file.name)[:255],
                media_type=storable(file.media_type)[:255],
                size=file.size,
                sha256=file.sha256,
                derived=file.artifact,
            )
        )
    fault = None
    if item.fault is not None:
        fault = ItemFault(
            kind=storable(item.fault.kind)[:64],
            detail=storable(item.fault.detail)[:4000],
            origin=item.fault.origin,
            retryable=item.fault.retryable,
            hint=None if item.fault.hint is None else storable(item.fault.hint)[:1000],
        )
    return items.NewItem(
        source_id=identity(item.source_id),
        verdict=item.verdict,
        title=None if item.title is None else storable(item.title)[:1000],
        metadata=item.metadata,
        files=files,
        derived_from=_origins(item, origins),
        fault=fault,
        record_id=new_id(),
        artifact_ids=[new_id() for file in files if file.derived],
    )


def _origins(item: Item, versions: Mapping[str, int | None]) -> list[Derivation]:
    named = item.derived_from
    if named is None:
        # One record may have several files, and a list several records.
        named = list(versions) if len(versions) == 1 else []
    unknown = [id for id in named if id not in versions]
    if unknown:
        raise ValueError(
            f"{item.source_id!r} is said to be made from {unknown[0]!r}, which is no"
            " source of this ingestion."
        )
    return [Derivation(record_id=id, version=versions[id]) for id in named]


def progress_of(job: Job, report: Report | None, counts: Counts) -> Progress:
    """What to show: what the convention says, else how many items were seen."""
    if report is None or report.completed is None:
        limit = job.ingestion.limit
        report = Report(
            phase=report.phase if report else "ingesting",
            message=report.message if report else None,
            unit="items",
            completed=counts.seen,
            total=limit,
            total_is_estimate=limit is not None,
        )
    # A convention may say anything; less than nothing is nothing.
    completed, total = _not_negative(report.completed), _not_negative(report.total)
    percent = None
    if total and completed is not None:
        percent = round(min(100.0, 100.0 * completed / total), 1)
        percent = job.percent = max(job.percent, percent)
    return Progress(
        phase=None if report.phase is None else storable(report.phase)[:64],
        message=None if report.message is None else storable(report.message)[:500],
        unit=None if report.unit is None else storable(report.unit)[:64],
        completed=completed,
        total=total,
        total_is_estimate=report.total_is_estimate,
        percent=percent,
        rate_per_second=job.rate.update(completed),
    )


def _not_negative(count: int | None) -> int | None:
    return None if count is None else max(0, count)
