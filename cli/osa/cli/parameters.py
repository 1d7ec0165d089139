"""Parameters from the command line, read and checked by a convention's JSON Schema.

`--param name=value` carries text; the schema says whether it means a number, a flag or a word.
The check is modest on purpose (names, types, choices, bounds): it answers the common mistakes
before a file is uploaded. The server checks everything again, completely.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from osa.cli.problems import BadUsage

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


def read_parameters(
    assignments: Sequence[str], given: Mapping[str, Any], schema: Schema, *, convention: str
) -> dict[str, Any]:
    """The parameters of a start: those of a file, then each `name=value` over them.

    Raises BadUsage with everything that is wrong.
    """
    wrong: list[str] = []
    values = dict(given)
    properties = schema.get("properties", {})
    closed = schema.get("additionalProperties") is False
    unreadable: set[str] = set()
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        name = name.strip()
        if not equals or not name:
            wrong.append(f"--param {assignment!r}: write it as name=value.")
            continue
        if name not in properties and closed:
            values[name] = text
            continue
        try:
            values[name] = read_value(text, properties.get(name, {}), schema)
        except ValueError as exc:
            unreadable.add(name)
            wrong.append(f"{name}: {text!r} is not {exc}.")
    for name, value in values.items():
        if name not in properties:
            if closed:
                wrong.append(_unknown(name, list(properties)))
        elif name not in unreadable:
            wrong.extend(f"{name}{problem}" for problem in check(value, properties[name], schema))
    wrong.extend(
        f"{name} is missing: {_meaning(properties.get(name, {}), schema)}."
        for name in schema.get("required", ())
        if name not in values and name not in unreadable
    )
    if wrong:
        raise BadUsage(
            wrong[0] if len(wrong) == 1 else "\n".join([f"{len(wrong)} parameters:", *wrong]),
            next_step=f"`osa convention show {convention}` explains the parameters.",
        )
    return values


def read_value(text: str, schema: Schema, root: Schema) -> Any:
    """What the text means under the schema; raises ValueError naming what would be read."""
    kinds = types_of(schema, root)
    if not kinds:
        try:
            return json.loads(text)
        except ValueError:
            return text
    values = []
    for kind in ("null", "boolean", "integer", "number", "array", "object"):
        if kind in kinds:
            try:
                value = _readers[kind](text)
            except ValueError:
                continue
            # Where a text would do as well, `007` stays what was typed.
            told_apart = "string" not in kinds or kind not in ("integer", "number")
            values.append((0 if told_apart or str(value) == text else 2, value))
    if "string" in kinds:
        values.append((1, text))
    if not values:
        raise ValueError(_wanted(kinds))
    ranked = [value for _, value in sorted(values, key=lambda pair: pair[0])]
    return next((value for value in ranked if not check(value, schema, root)), ranked[0])


def _read_null(text: str) -> None:
    if text != "null":
        raise ValueError(text)


def _read_boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _read_number(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _read_json(kind: type) -> Any:
    def read(text: str) -> Any:
        value = json.loads(text)
        if not isinstance(value, kind):
            raise ValueError(text)
        return value

    return read


_readers: dict[str, Any] = {
    "null": _read_null,
    "boolean": _read_boolean,
    "integer": int,
    "number": _read_number,
    "array": _read_json(list),
    "object": _read_json(dict),
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
            return fitting[0] if fitting else [f" must be {_wanted(types_of(schema, root))}."]
        return []
    kinds = types_of(schema, root)
    if not _fits_type(value, kinds):
        return [f" must be {_wanted(kinds)}."]
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


def _wanted(kinds: set[str]) -> str:
    return " or ".join(text for kind, text in _EXAMPLES.items() if kind in kinds) or "a value"


def _unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"{name!r} is not a parameter of this convention. Did you mean {close[0]!r}?"
    listed = f"It has: {', '.join(known)}." if known else "It has none."
    return f"{name!r} is not a parameter of this convention. {listed}"


def _meaning(schema: Schema, root: Schema) -> str:
    text = str(resolve(schema, root).get("description") or describe(schema, root))
    return text.split("\n")[0].rstrip(".")
