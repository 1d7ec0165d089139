"""What is made of all sources together: one item, its identity and its title."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from osa.conventions.authoring import Context
from osa.conventions.items import Batch, Item, JsonObject
from osa.conventions.merge_terrain.inputs import identities
from osa.conventions.merge_terrain.models import Model
from osa.conventions.outputs import OutputParams

P = TypeVar("P", bound=OutputParams)


def batches(
    context: Context[P], make: Callable[[Context[P], str], Item], *, taker: str, prefix: str
) -> Iterator[Batch]:
    """Yield the one item, which `make` makes under the `source_id` it is given. The cursor after it
    is `{"done": true}`.

    Raises ParametersInvalid when the sources are none, or more than the convention `taker` takes.
    """
    names = identities(context.sources, taker=taker)
    source_id = source_id_of(names, context.params, prefix=prefix)
    yield from context.batches(_items(context, make, source_id))


def _items(
    context: Context[P], make: Callable[[Context[P], str], Item], source_id: str
) -> Iterator[tuple[Item | None, JsonObject]]:
    if context.cursor.get("done"):
        return
    context.checkpoint()
    item = make(context, source_id) if context.wants(source_id) else None
    yield item, {"done": True}


def source_id_of(names: Sequence[str], params: OutputParams, *, prefix: str) -> str:
    """`<prefix>:<digest of the sources, in order>|<digest of output parameters>`."""
    text = json.dumps(list(names), ensure_ascii=True)
    return f"{prefix}:{hashlib.sha256(text.encode()).hexdigest()[:32]}|{params.output_digest()}"


def title_of(models: Sequence[Model], *, what: str) -> str:
    """`<what> of <the first of them> and <n> more`."""
    name = models[0].label.rpartition("/")[2][:200]
    more = len(models) - 1
    return f"{what} of {name}" + (f" and {more} more" if more else "")
