"""What goes through the pipe between a worker and its slot, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from osa.conventions.items import Batch, Fault, File, Item
from osa.conventions.sources import Source
from osa.conventions.steps import Reached, Start, Step


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
    return {
        "type": "batch",
        "items": items,
        "cursor": dict(batch.cursor),
        "reached": None if batch.reached is None else asdict(batch.reached),
    }


def reached_from_json(value: Mapping[str, Any] | None) -> Reached | None:
    return None if value is None else Reached(**value)


def step_to_json(step: Step | None) -> dict[str, Any] | None:
    return None if step is None else asdict(step)


def step_from_json(value: Mapping[str, Any] | None) -> Step | None:
    return None if value is None else Step(**value)


def items_from_json(values: list[dict[str, Any]]) -> list[Item]:
    return [
        Item(
            **{
                **value,
                "files": tuple(
                    File(**{**file, "path": Path(file["path"])}) for file in value["files"]
                ),
                "starts": tuple(Start(**start) for start in value["starts"]),
                "fault": None if value["fault"] is None else Fault(**value["fault"]),
            }
        )
        for value in values
    ]
