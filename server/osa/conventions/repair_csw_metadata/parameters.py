"""The parameters of `repair-csw-metadata`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from osa.conventions.authoring import Params
from osa.conventions.csw.fields import FIELDS, FieldName

Identifier = Annotated[
    str, StringConstraints(min_length=1, max_length=1_500, pattern=r"^[^\x00-\x1f\x7f]+$")
]


class RepairParams(Params):
    """Which records of which catalogue, and what of them."""

    csw_url: str = Field(
        min_length=8,
        max_length=2_000,
        pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s#]+$",
        description="Address of the catalogue's CSW 2.0.2 endpoint. Requests are posted to it and "
        "to no other address that the catalogue may advertise.",
    )
    record_ids: tuple[Identifier, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=100_000,
        description="Identifiers of the records to look at. One of `record_ids`, "
        "`parent_identifier` and `all` is given.",
    )
    parent_identifier: Identifier | None = Field(
        default=None, description="Look at the children of this record, and at those it once had."
    )
    all: bool = Field(
        default=False,
        description="Look at all records of this catalogue that the archive holds.",
    )
    fields: tuple[FieldName, ...] = Field(
        default=FIELDS,
        min_length=1,
        description="Fields to compare and to write; others stay as they are.",
    )
    only_if_newer: bool = Field(
        default=True,
        description="Leave a record alone when the catalogue's date stamp is not later than the "
        "archive's.",
    )
    dry_run: bool = Field(
        default=False, description="Write nothing; say of each record what would be written."
    )
    max_datasets: int = Field(
        default=1_000, ge=1, le=100_000, description="Records to look at, at most."
    )
    on_missing: Literal["report", "flag"] = Field(
        default="report",
        description="What becomes of a record that is gone from the catalogue: `report` rejects "
        "the item, `flag` writes the day into `missing_since`. Nothing is deleted.",
    )
    request_interval_seconds: float = Field(
        default=0.0,
        ge=0,
        le=3_600,
        allow_inf_nan=False,
        description="Seconds between two requests to the catalogue, at least.",
    )

    @model_validator(mode="after")
    def _one_selection(self) -> Self:
        given = (self.record_ids is not None, self.parent_identifier is not None, self.all)
        if sum(given) != 1:
            raise ValueError("give exactly one of record_ids, parent_identifier and all=true")
        if self.record_ids is not None and len(self.record_ids) > self.max_datasets:
            raise ValueError(
                f"record_ids has {len(self.record_ids)} entries, and max_datasets is "
                f"{self.max_datasets}"
            )
        return self
