"""The parameters of `hyspex-missing-variants`."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from osa.conventions.authoring import Params
from osa.conventions.hyspex.parameters import (
    CSW_URL_SAYS,
    PAGE_SIZE,
    PAGE_SIZE_SAYS,
    PROTOCOL,
    PROTOCOL_SAYS,
    RGB_WAVELENGTHS_NM,
    VARIANTS_SAY,
    WAVELENGTHS_SAY,
    CswUrl,
    Identifier,
    Maker,
    Protocol,
    Variants,
    Wavelengths,
)
from osa.conventions.hyspex.recipes import Recipe

_ELSE = "Default: the campaign's"


class MissingVariantsParams(Params):
    """Which datasets, and what each of them shall have."""

    csw_url: CswUrl | None = Field(
        default=None, description=f"{CSW_URL_SAYS} May be left out with `campaign_id`."
    )
    campaign_id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description="Look at the datasets of this campaign of `hyspex-csw-parent`, and ask for "
        "what it asked for. One of `campaign_id`, `parent_identifier` and `record_ids` is given.",
    )
    parent_identifier: Identifier | None = Field(
        default=None, description="Look at the children of this record."
    )
    record_ids: tuple[Identifier, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=100_000,
        description="Look at the records of these identifiers.",
    )
    variants: Variants | None = Field(default=None, description=f"{VARIANTS_SAY} {_ELSE}, or both.")
    limit: int = Field(
        default=100,
        ge=1,
        le=10_000,
        description="Datasets for which something is started by one ingestion, or by one step of "
        "a campaign, at most.",
    )
    page_size: int = Field(default=PAGE_SIZE, ge=1, le=1_000, description=PAGE_SIZE_SAYS)
    requeue_failed: bool = Field(
        default=False, description="Try again what failed or was canceled when it was tried last."
    )
    protocol: Protocol | None = Field(
        default=None, description=f"{PROTOCOL_SAYS} {_ELSE}, or `{PROTOCOL}`."
    )
    rgb_wavelengths_nm: Wavelengths | None = Field(
        default=None,
        description=f"{WAVELENGTHS_SAY} {_ELSE}, or "
        f"{', '.join(f'{each:g}' for each in RGB_WAVELENGTHS_NM)}.",
    )
    child: Maker | None = Field(
        default=None, description=f"What is started for a variant that lacks. {_ELSE}."
    )
    dry_run: bool = Field(
        default=False, description="Start nothing; say of each dataset what would be started."
    )

    def recipe(self, base: Recipe | None = None) -> Recipe:
        """How the variants are made: as `base` says, where it is not said here."""
        base = base or Recipe(csw_url="", protocol=PROTOCOL)
        return Recipe(
            csw_url=self.csw_url or base.csw_url,
            convention=self.child.convention if self.child else base.convention,
            parameters=self.child.parameters if self.child else base.parameters,
            variants=self.variants or base.variants,
            rgb_wavelengths_nm=self.rgb_wavelengths_nm or base.rgb_wavelengths_nm,
            protocol=self.protocol or base.protocol,
        )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        given = (self.campaign_id, self.parent_identifier, self.record_ids)
        if sum(each is not None for each in given) != 1:
            raise ValueError("give exactly one of campaign_id, parent_identifier and record_ids")
        if self.csw_url is None and self.campaign_id is None:
            raise ValueError("csw_url is needed unless campaign_id is given")
        # With a campaign, what it asks for may be needed to tell.
        if self.campaign_id is None or self.child is not None:
            self.recipe().check()
        return self
