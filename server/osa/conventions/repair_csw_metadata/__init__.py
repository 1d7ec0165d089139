"""Repair of catalogue records: what a CSW catalogue says of a dataset is compared with what the
archive holds, field by field, and the differences are written.

Importing this package loads no heavy library: they are imported when an ingestion starts.
"""

from __future__ import annotations

from collections.abc import Iterator

from osa.conventions.authoring import Context, Convention
from osa.conventions.items import Batch
from osa.conventions.repair_csw_metadata.parameters import RepairParams

__all__ = ["RepairParams", "repair_csw_metadata"]


def _ingest(context: Context[RepairParams]) -> Iterator[Batch]:
    repair_csw_metadata.check_extra()
    from osa.conventions.repair_csw_metadata.repair import ingest

    yield from ingest(context)


repair_csw_metadata = Convention(
    id="repair-csw-metadata",
    title="Repair of CSW metadata",
    description=(
        "Reads the metadata of datasets from a CSW 2.0.2 catalogue (ISO 19139), compares them "
        "field by field with the archive's records, and writes what differs. What the catalogue "
        "does not say stays as it is, and what is gone from the catalogue is not deleted."
    ),
    ingest=_ingest,
    params=RepairParams,
    source_required=False,
    # Two at a time would write over each other what they have not seen.
    exclusive=True,
    extra="catalogue",
    modules=("lxml",),
)
