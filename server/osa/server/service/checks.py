"""What a start and a retry are checked for before anything is queued."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from osa.conventions.authoring import Convention
from osa.server.errors import BodyTooLarge, ErrorDetail, IngestionNotFound, InvalidParameters
from osa.server.model import Action, Ingestion, StartRequest, refusal

#: As JSON; every reading of an ingestion carries them, two hundred to a page.
MAX_METADATA_BYTES = 64 * 1024
MAX_PARAMETERS_BYTES = 256 * 1024


def check_start(
    convention: Convention, request: StartRequest, *, at: Sequence[str] = ("body",)
) -> None:
    """What every page of a list carries must be small, and the parameters be the convention's.
    `at` is where the request has them. Raises BodyTooLarge, InvalidParameters."""
    _check_sizes(request)
    _check_parameters(convention, request.parameters, at)


def allowed(found: Ingestion | None, ingestion_id: str, action: Action) -> Ingestion:
    """It, if it is there and this may be done with it now. Raises IngestionNotFound, or why not."""
    if found is None:
        raise IngestionNotFound(ingestion_id)
    why = refusal(found, action)
    if why is not None:
        raise why.error
    return found


def _check_sizes(request: StartRequest) -> None:
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


def _check_parameters(
    convention: Convention, parameters: Mapping[str, Any], at: Sequence[str]
) -> None:
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
