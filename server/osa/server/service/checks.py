"""What a start and a retry are checked for before anything is queued."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from osa.conventions.authoring import Convention
from osa.server.errors import BodyTooLarge, ErrorDetail, InvalidParameters
from osa.server.model import StartRequest

#: As JSON; every reading of an ingestion carries them, two hundred to a page.
MAX_METADATA_BYTES = 64 * 1024
MAX_PARAMETERS_BYTES = 256 * 1024


def check_sizes(request: StartRequest) -> None:
    """What every page of a list carries must be small. Raises BodyTooLarge."""
    source = request.source
    told = {
        "metadata": (request.metadata, MAX_METADATA_BYTES),
        "source.metadata": ({} if source is None else source.metadata, MAX_METADATA_BYTES),
        "parameters": (request.parameters, MAX_PARAMETERS_BYTES),
    }
    for name, (value, limit) in told.items():
        size = len(json.dumps(value, separators=(",", ":")))
        if size > limit:
            raise BodyTooLarge(limit, f"That is the limit of `{name}`, which has {size} as JSON.")


def check_parameters(
    convention: Convention, parameters: Mapping[str, Any], *, at: Sequence[str] = ("body",)
) -> None:
    """Raises InvalidParameters with all that is wrong. `at` is where the request has them."""
    try:
        convention.parse(parameters)
    except ValidationError as exc:
        errors = [
            ErrorDetail(
                loc=[*at, "parameters", *error["loc"]],
                msg=error["msg"],
                type=error["type"],
                input=error.get("input"),
            )
            for error in exc.errors(include_url=False, include_context=False)
        ]
        said = "; ".join(
            f"{'.'.join(str(part) for part in error.loc[len(at) :])}: {error.msg}"
            for error in errors[:3]
        )
        raise InvalidParameters(
            f"{len(errors)} error{'s' if len(errors) > 1 else ''}: {said}."
            f" `osa convention show {convention.id}` lists the parameters.",
            errors=errors,
        ) from exc
