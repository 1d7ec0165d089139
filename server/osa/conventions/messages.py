"""Sources, batches and items as they go through the pipe between a worker and its slot: JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from osa.conventions.items import Batch, Fault, File, Item
from osa.conventions.sources import Source


def source_from_json(value: Mapping[str, Any]) -> Source:
    path = value.get("path")
    return Source(**{**value, "path": None if path is None else Path(path)})


def source_to_json(source: Source) -> dict[str, Any]:
    value = asdict(source)
    value["path"] = None if source.path is None else str(source.path)
    return value


def batch_to_json(batch: Batch) -> dict[str, Any]:
    items = []
    for item in batch.items:
        value = asdict(item)
        value["files"] = [{**asdict(file), "path": str(file.path)} for file in item.files]
        items.append(value)
    return {"type": "batch", "items": items, "cursor": dict(batch.cursor)}


def items_from_json(values: list[dict[str, Any]]) -> list[Item]:
    return [
        Item(
            **{
                **value,
                "files": tuple(
                    File(**{**file, "path": Path(file["path"])}) for file in value["files"]
                ),
                "fault": None if value["fault"] is None else Fault(**value["fault"]),
            }
        )
        for value in values
    ]
