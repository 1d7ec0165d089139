"""The children of a parent record in a CSW catalogue, and the variants that are made of each: one
ingestion is started for each variant.

Importing this package loads no heavy library: they are imported when an ingestion starts.
"""

from __future__ import annotations

from collections.abc import Iterator

from osa.conventions.authoring import Context, Convention
from osa.conventions.hyspex_csw_parent.parameters import CswParentParams
from osa.conventions.items import Batch

__all__ = ["CswParentParams", "hyspex_csw_parent"]


def _ingest(context: Context[CswParentParams]) -> Iterator[Batch]:
    hyspex_csw_parent.check_extra()
    from osa.conventions.hyspex_csw_parent.children import ingest

    yield from ingest(context)


hyspex_csw_parent = Convention(
    id="hyspex-csw-parent",
    title="Variants of hyperspectral scenes",
    description=(
        "Lists the children of a parent record in a CSW 2.0.2 catalogue (ISO 19139) and starts an "
        "ingestion for each variant of each of them: RGB from three bands of the cube, and the "
        "height of the surface. Made for campaigns; what was started before is not started again."
    ),
    ingest=_ingest,
    params=CswParentParams,
    source_required=False,
    extra="catalogue",
    modules=("lxml",),
)
