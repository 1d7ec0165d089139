"""JSON Schemas of parameters, as far as a command line has to understand them."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_EXAMPLES = {
    "integer": "a whole number, such as 3",
    "number": "a number, such as 2.5",
    "boolean": "true or false",
    "array": "a JSON array, such as [1, 2]",
    "object": 'a JSON object, such as {"a": 1}',
    "null": "null",
    "string": "a text",
}


def types_of(schema: Schema, root: Schema) -> set[str]:
    """The JSON types that may fit; empty when the schema does not say."""
    schema = resolve(schema, root)
    if "type" in schema:
        named = schema["type"]
        return {named} if isinstance(named, str) else set(named)
    if "const" in schema:
        return {_type_name(schema["const"])}
    if "enum" in schema:
        return {_type_name(value) for value in schema["enum"]}
    kinds: set[str] = set()
    for branch in _branches(schema):
        found = types_of(branch, root)
        if not found:
            return set()
        kinds |= found
    return kinds


def check(value: Any, schema: Schema, root: Schema) -> list[str]:
    """What is wrong with the value, each to be read after its name."""
    schema = resolve(schema, root)
    branches = _branches(schema)
    if branches:
        problems = [check(value, branch, root) for branch in branches]
        if all(problems):
            fitting = [
                found
                for branch, found in zip(branches, problems, strict=True)
                if _fits_type(value, types_of(branch, root))
            ]
            return fitting[0] if fitting else [f" must be {wanted(types_of(schema, root))}."]
        return []
    kinds = types_of(schema, root)
    if not _fits_type(value, kinds):
        return [f" must be {wanted(kinds)}."]
    choices = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if choices is not None and value not in choices:
        close = difflib.get_close_matches(str(value), [str(c) for c in choices], n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        return [f" must be one of {', '.join(json.dumps(c) for c in choices)}.{hint}"]
    return _check_bounds(value, schema, root)


def _check_bounds(value: Any, schema: Schema, root: Schema) -> list[str]:
    problems = []
    if isinstance(value, int | float) and not isinstance(value, bool):
        for word, holds, text in (
            ("minimum", lambda bound: value >= bound, "at least"),
            ("maximum", lambda bound: value <= bound, "at most"),
            ("exclusiveMinimum", lambda bound: value > bound, "more than"),
            ("exclusiveMaximum", lambda bound: value < bound, "less than"),
            ("multipleOf", lambda bound: math.remainder(value, bound) == 0, "a multiple of"),
        ):
            if word in schema and not holds(schema[word]):
                problems.append(f" must be {text} {schema[word]}.")
    size = len(value) if isinstance(value, str | list) else None
    if size is not None:
        suffix, unit = ("Length", "characters") if isinstance(value, str) else ("Items", "elements")
        if size < schema.get(f"min{suffix}", 0):
            problems.append(f" must have at least {schema[f'min{suffix}']} {unit}.")
        if size > schema.get(f"max{suffix}", size):
            problems.append(f" must have at most {schema[f'max{suffix}']} {unit}.")
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for position, element in enumerate(value):
            problems.extend(
                f"[{position}]{found}" for found in check(element, schema["items"], root)
            )
    return problems


def resolve(schema: Schema, root: Schema) -> Schema:
    """The schema behind a local `$ref`."""
    for _ in range(16):
        reference = schema.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return schema
        target: Any = root
        for part in reference[2:].split("/"):
            target = target.get(part, {}) if isinstance(target, Mapping) else {}
        schema = {**target, **{key: v for key, v in schema.items() if key != "$ref"}}
    return {}


def describe(schema: Schema, root: Schema) -> str:
    """The type in a few words: `integer or null`, `one of a, b`."""
    schema = resolve(schema, root)
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    branches = _branches(schema)
    if branches:
        return " or ".join(dict.fromkeys(describe(branch, root) for branch in branches))
    named = schema.get("type", "any")
    words = named if isinstance(named, str) else " or ".join(named)
    if words == "array" and isinstance(schema.get("items"), dict):
        words = f"array of {describe(schema['items'], root)}"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{words} {low} to {high}"
    if low is not None:
        return f"{words} ≥ {low}"
    return words if high is None else f"{words} ≤ {high}"


def _branches(schema: Schema) -> list[Schema]:
    return [*schema.get("anyOf", ()), *schema.get("oneOf", ())]


def _type_name(value: Any) -> str:
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
        if isinstance(value, kind):
            return name
    return "null" if value is None else "array" if isinstance(value, list) else "object"


def _fits_type(value: Any, kinds: set[str]) -> bool:
    name = _type_name(value)
    return (
        not kinds
        or name in kinds
        or (name == "integer" and "number" in kinds)
        or (name == "number" and "integer" in kinds and float(value).is_integer())
    )


def wanted(kinds: set[str]) -> str:
    return " or ".join(text for kind, text in _EXAMPLES.items() if kind in kinds) or "a value"


def part_of(schema: Schema, part: str, root: Schema) -> Schema | None:
    """What a part of an object has to be; None when it has no such part."""
    for branch in _all(schema, root):
        found: Schema | None = branch.get("properties", {}).get(part)
        if found is not None:
            return found
        more = branch.get("additionalProperties")
        if "object" in types_of(branch, root) and isinstance(more, Mapping):
            return more
    return None


def parts_of(schema: Schema, root: Schema) -> list[str]:
    """The names of the parts of an object."""
    return [part for branch in _all(schema, root) for part in branch.get("properties", {})]


def _all(schema: Schema, root: Schema) -> list[Schema]:
    """The schema, and each of its alternatives."""
    schema = resolve(schema, root)
    return [schema, *(resolve(branch, root) for branch in _branches(schema))]
