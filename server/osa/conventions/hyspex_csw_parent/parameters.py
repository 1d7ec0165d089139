"""The parameters of `hyspex-csw-parent`."""

from __future__ import annotations

from pydantic import Field, ValidationInfo, field_validator

from osa.conventions.authoring import Params
from osa.conventions.hyspex.parameters import (
    CSW_URL_SAYS,
    PAGE_SIZE,
    PAGE_SIZE_SAYS,
    PROTOCOL,
    PROTOCOL_SAYS,
    RGB_WAVELENGTHS_NM,
    VARIANTS,
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


class Child(Maker):
    """What is started for each dataset."""

    variants: Variants = Field(default=VARIANTS, description=VARIANTS_SAY)


class CswParentParams(Params):
    """Whose children, and what is made of them."""

    csw_url: CswUrl = Field(description=CSW_URL_SAYS)
    parent_identifier: Identifier = Field(description="Identifier of the parent record.")
    start_position: int = Field(
        default=1,
        ge=1,
        le=1_000_000_000,
        description="Position of the first dataset in the catalogue's list, from 1. In a campaign "
        "the campaign's position counts instead.",
    )
    max_children: int = Field(
        default=50,
        ge=1,
        le=1_000,
        description="Datasets that one ingestion, or one step of a campaign, takes at most.",
    )
    page_size: int = Field(default=PAGE_SIZE, ge=1, le=1_000, description=PAGE_SIZE_SAYS)
    protocol: Protocol = Field(default=PROTOCOL, description=PROTOCOL_SAYS)
    rgb_wavelengths_nm: Wavelengths = Field(default=RGB_WAVELENGTHS_NM, description=WAVELENGTHS_SAY)
    child: Child = Field(
        default_factory=Child, description="What is started for each dataset, and how."
    )
    dry_run: bool = Field(
        default=False, description="Start nothing; say of each dataset what would be started."
    )

    @property
    def recipe(self) -> Recipe:
        """How the variants are made."""
        return _recipe(self.csw_url, self.child, self.protocol, self.rgb_wavelengths_nm)

    @field_validator("child")
    @classmethod
    def _children_would_take_it(cls, child: Child, info: ValidationInfo) -> Child:
        # What is wrong with the others is told of themselves.
        if {"protocol", "rgb_wavelengths_nm"} <= set(info.data):
            csw_url = info.data.get("csw_url", "")
            _recipe(csw_url, child, info.data["protocol"], info.data["rgb_wavelengths_nm"]).check()
        return child


def _recipe(csw_url: str, child: Child, protocol: str, wavelengths: Wavelengths) -> Recipe:
    return Recipe(
        csw_url=csw_url,
        convention=child.convention,
        parameters=child.parameters,
        variants=child.variants,
        rgb_wavelengths_nm=wavelengths,
        protocol=protocol,
    )
