"""What is asked of the children that make the variants of a dataset, and what they are called.

The name of a child, its `external_id`, is made of the catalogue, the dataset's identifier, the
variant, and what is asked for: whoever asks for the same has the same name for it, and it is
started once.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from osa.conventions.geotiff.options import GeoTiffOptions
from osa.conventions.hyspex.parameters import RGB_WAVELENGTHS_NM, VARIANTS, Variant
from osa.conventions.nc_to_geotiff.parameters import GeoTiffParams
from osa.conventions.steps import MAX_NAME, Start

NC_TO_GEOTIFF = "nc-to-geotiff"
#: What a scene's height is called in CF; the first that is there is taken.
HEIGHTS = ("surface_altitude", "height", "altitude")
#: What changes no pixel: how the same data are read, what is allowed, what comes beside.
_BESIDE = GeoTiffOptions.no_output | {"access"}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How the variants of a dataset are made."""

    #: The catalogue that lists it: another one may have another dataset of the same identifier.
    csw_url: str
    convention: str = NC_TO_GEOTIFF
    #: Of the caller; what makes the variant is put over them.
    parameters: Mapping[str, Any] = field(default_factory=dict)
    variants: tuple[Variant, ...] = VARIANTS
    rgb_wavelengths_nm: tuple[float, ...] = RGB_WAVELENGTHS_NM
    #: Of the link that the child reads.
    protocol: str = ""

    def parameters_of(self, variant: Variant) -> dict[str, Any]:
        """What the child is asked for."""
        asked = dict(self.parameters)
        if self.protocol.upper().startswith("OPENDAP"):
            asked = {"access": "opendap", **asked}
        if variant == "rgb":
            return {**asked, "bands": {"values": list(self.rgb_wavelengths_nm), "units": "nm"}}
        # The caller's variable is the cube, and so are the dimensions.
        for name in ("variable", "bands", "dimensions"):
            asked.pop(name, None)
        return {**asked, "standard_names": list(HEIGHTS)}

    def external_id(self, identifier: str, variant: Variant) -> str:
        """The name of the child: at most `MAX_NAME` characters, whatever the identifier is."""
        ending = f"|{variant}|{self._digests[variant]}"
        found = f"hyspex|{identifier}{ending}"
        if len(found) <= MAX_NAME and found.isprintable():
            return found
        whole = hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).hexdigest()
        return f"hyspex|sha256:{whole}{ending}"

    def external_ids(self, identifier: str) -> dict[Variant, str]:
        """Of each variant."""
        return {variant: self.external_id(identifier, variant) for variant in self.variants}

    def start(
        self, identifier: str, variant: Variant, *, uri: str, title: str, again: bool = False
    ) -> Start:
        """The child that makes a variant of the dataset whose data are at `uri`."""
        ending = f" ({variant})"
        plain = " ".join("".join(c if c.isprintable() else " " for c in title).split())
        return Start(
            external_id=self.external_id(identifier, variant),
            convention_id=self.convention,
            uri=uri,
            parameters=self.parameters_of(variant),
            name=plain[: MAX_NAME - len(ending)] + ending,
            labels={"variant": variant},
            again=again,
        )

    def check(self) -> None:
        """Raises ValueError when a child would refuse what it is asked for, as far as is known
        here."""
        if self.convention != NC_TO_GEOTIFF:
            return
        for variant in self.variants:
            try:
                self.geotiff(variant)
            except ValidationError as exc:
                said = "; ".join(
                    f"{'.'.join(map(str, error['loc'])) or 'all'}: {error['msg']}"
                    for error in exc.errors()[:5]
                )
                raise ValueError(
                    f"{NC_TO_GEOTIFF} does not take these parameters for {variant}: {said}"
                ) from exc

    def geotiff(self, variant: Variant) -> GeoTiffParams:
        """What a child of `nc-to-geotiff` is asked for. Raises pydantic's ValidationError."""
        asked = json.dumps(self.parameters_of(variant))
        return GeoTiffParams.model_validate_json(asked, strict=True)

    @cached_property
    def _digests(self) -> Mapping[Variant, str]:
        """Of what each variant is asked for: the same for all datasets of a catalogue."""
        return {variant: self._digest(variant) for variant in self.variants}

    def _digest(self, variant: Variant) -> str:
        if self.convention == NC_TO_GEOTIFF:
            # So that what is a default is the same whether it is said or not.
            asked = self.geotiff(variant).model_dump(
                mode="json", exclude_defaults=True, exclude=set(_BESIDE)
            )
        else:
            asked = self.parameters_of(variant)
        whole = [_same(self.csw_url), self.convention, asked]
        text = json.dumps(whole, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _same(csw_url: str) -> str:
    """One spelling of an address: host names know no case, and no query is an empty one."""
    return re.sub(r"^[^:]+://[^/?]*", lambda found: found[0].lower(), csw_url).rstrip("?&")
