"""`--param name=value`: the schema says what the text means."""

from __future__ import annotations

import pytest

from osa.cli.parameters import read_parameters, read_value
from osa.cli.problems import BadUsage
from osa.cli.schemas import describe

NULLABLE = {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]}
NODATA = {"anyOf": [{"type": "number"}, {"const": "nan", "type": "string"}, {"type": "null"}]}


@pytest.mark.parametrize(
    "text,schema,value",
    [
        ("3", {"type": "integer"}, 3),
        ("-0", {"type": "integer"}, 0),
        ("3", {"type": "number"}, 3),
        ("1e-3", {"type": "number"}, 0.001),
        ("TRUE", {"type": "boolean"}, True),
        ("true", {"type": "string"}, "true"),
        ("", {"type": "string"}, ""),
        ("a=b", {"type": "string"}, "a=b"),
        ("null", {"type": ["string", "null"]}, None),
        ("null", {"type": "string"}, "null"),
        ("0", NULLABLE, 0),
        ("007", NULLABLE, "007"),
        ("2026-01-01T00:00:00Z", NULLABLE, "2026-01-01T00:00:00Z"),
        ("null", NULLABLE, None),
        ("nan", NODATA, "nan"),
        ("1e20", NODATA, 1e20),
        ("-9999.0", NODATA, -9999.0),
        ("2", {"enum": [1, 2]}, 2),
        ("2", {"enum": ["1", "2"]}, "2"),
        ("[1]", {"type": "array"}, [1]),
        ('{"a": 1}', {"type": "object"}, {"a": 1}),
        ("[1]", {}, [1]),
        ("word", {}, "word"),
        ("x", {"$ref": "#/$defs/nowhere"}, "x"),
    ],
)
def test_a_text_is_read_as_the_schema_says(text, schema, value):
    found = read_value(text, schema, {})
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "schema,value,message",
    [
        ({"type": "integer", "maximum": 5}, "6", "v must be at most 5."),
        ({"type": "number", "exclusiveMinimum": 0}, "0", "v must be more than 0."),
        ({"type": "number", "exclusiveMaximum": 1}, "1", "v must be less than 1."),
        ({"type": "integer", "multipleOf": 16}, "500", "v must be a multiple of 16."),
        ({"type": "string", "minLength": 2}, "x", "v must have at least 2 characters."),
        ({"type": "string", "maxLength": 1}, "xy", "v must have at most 1 characters."),
        ({"type": "array", "items": {"type": "integer"}}, '[1, "x"]', "v[1] must be a whole"),
        ({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}, "0", "at least 1"),
        ({"const": "a"}, "b", 'v must be one of "a".'),
    ],
)
def test_a_value_outside_its_bounds_is_refused_with_the_bound(schema, value, message):
    with pytest.raises(BadUsage) as caught:
        read_parameters([f"v={value}"], {}, {"properties": {"v": schema}}, convention="c")
    assert message in caught.value.message


def test_a_convention_without_parameters_says_so():
    schema = {"additionalProperties": False, "properties": {}}
    with pytest.raises(BadUsage, match="It has none"):
        read_parameters(["a=1"], {}, schema, convention="c")


def test_an_open_schema_takes_names_it_does_not_know():
    assert read_parameters(["a=1"], {"b": 2}, {"properties": {}}, convention="c") == {
        "a": 1,
        "b": 2,
    }


@pytest.mark.parametrize(
    "schema,words",
    [
        ({"type": "integer", "minimum": 1, "maximum": 3}, "integer 1 to 3"),
        ({"type": "integer", "minimum": 1}, "integer ≥ 1"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"enum": ["a", "b"]}, "one of a, b"),
        ({"type": "array", "items": {"type": "number"}}, "array of number"),
        ({}, "any"),
    ],
)
def test_a_type_is_told_in_a_few_words(schema, words):
    assert describe(schema, {}) == words
