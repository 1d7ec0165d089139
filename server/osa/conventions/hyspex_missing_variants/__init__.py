"""Which variants of the datasets of a catalogue lack, and an ingestion for each of them.

Importing this package loads no heavy library: they are imported when an ingestion starts.
"""

from __future__ import annotations

from collections.abc import Iterator

from osa.conventions.authoring import Context, Convention
from osa.conventions.hyspex_missing_variants.parameters import MissingVariantsParams
from osa.conventions.items import Batch

__all__ = ["MissingVariantsParams", "hyspex_missing_variants"]


def _ingest(context: Context[MissingVariantsParams]) -> Iterator[Batch]:
    hyspex_missing_variants.check_extra()
    from osa.conventions.hyspex_missing_variants.missing import ingest

    yield from ingest(context)


hyspex_missing_variants = Convention(
    id="hyspex-missing-variants",
    title="Missing variants of hyperspectral scenes",
    description=(
        "Looks which variants of the datasets of a campaign, of the children of a parent record "
        "or of single records lack, and starts an ingestion for each of these. Children have the "
        "names that `hyspex-csw-parent` gives them: what that has started does not lack."
    ),
    ingest=_ingest,
    params=MissingVariantsParams,
    source_required=False,
    extra="catalogue",
    modules=("lxml",),
)
