"""Parameters from the command line, read and checked by a convention's JSON Schema.

`--param name=value` carries text; the schema says whether it means a number, a flag or a word.
`name.part=value` is a part of a parameter that is an object.
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
from osa.cli.schemas import Schema, check, describe, part_of, parts_of, resolve, types_of, wanted


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
        whole, dot, part = name.partition(".")
        known = properties.get(name)
        if known is None and dot and whole in properties:
            known = part_of(properties[whole], part, schema)
            if known is None:
                parts = [f"{whole}.{each}" for each in parts_of(properties[whole], schema)]
                wrong.append(_unknown(name, parts))
                continue
        if known is None and closed:
            values[name] = text
            continue
        try:
            value = read_value(text, known or {}, schema)
        except ValueError as exc:
            unreadable.add(name)
            wrong.append(f"{name}: {text!r} is not {exc}.")
            continue
        if name in properties or not dot or whole not in properties:
            values[name] = value
        else:
            there = values.get(whole)
            values[whole] = {**(there if isinstance(there, Mapping) else {}), part: value}
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
        raise ValueError(wanted(kinds))
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


def _unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"{name!r} is not a parameter of this convention. Did you mean {close[0]!r}?"
    listed = f"It has: {', '.join(known)}." if known else "It has none."
    return f"{name!r} is not a parameter of this convention. {listed}"


def _meaning(schema: Schema, root: Schema) -> str:
    text = str(resolve(schema, root).get("description") or describe(schema, root))
    return text.split("\n")[0].rstrip(".")
