"""The server's own view of itself is the contract, fact by fact.

Both documents become flat facts, so that what they say differently can be listed line by line. Only
structure is compared: a route or a model that repeated texts, titles and examples would be a second
place to edit. Spellings that say the same are brought to one form, each with its reason.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from osa_testing.contract import CONTRACT as WRITTEN
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from osa.server.http import wire
from osa.server.http.app import create_app
from osa.server.settings import Settings

#: Facts that differ because FastAPI has no way to say them, each with its reason.
ALLOWED: dict[str, str] = {}


class _Nothing:
    """Nobody is asked while an application is put together."""

    domain = "localhost"

    def __getattr__(self, name: str) -> Any:
        return _Nothing()


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"))
    app = create_app(_Nothing(), settings)  # type: ignore[arg-type]
    document: dict[str, Any] = app.state.generated_openapi()
    for item in document["paths"].values():
        for operation in item.values():
            # FastAPI adds its own refusal to everything that takes something; it is never sent.
            refusal = operation["responses"].get("422", {})
            if "HTTPValidationError" in str(refusal):
                del operation["responses"]["422"]
    components = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        components.pop(name, None)
    components |= _components()
    return document


def _components() -> dict[str, Any]:
    """FastAPI sees only what it takes; what it answers is seen by pydantic alone."""
    wanted = [(name, "validation", TypeAdapter(getattr(wire, name))) for name in wire.__all__]
    _, document = TypeAdapter.json_schemas(
        wanted,
        ref_template="#/components/schemas/{model}",
        schema_generator=GenerateJsonSchema,
    )
    return dict(document["$defs"])


def test_the_generated_view_is_the_contract(generated: dict[str, Any]) -> None:
    lines = differences(facts_of(generated), facts_of(WRITTEN), names=("server", "contract"))
    unexplained = [line for line in lines if line.split(": ")[0] not in ALLOWED]
    assert not unexplained, "\n".join([f"{len(unexplained)} differences:", *unexplained])


def test_every_component_has_a_wire_type_and_the_other_way_round() -> None:
    assert sorted(wire.__all__) == sorted(WRITTEN["components"]["schemas"])


def test_a_difference_is_found() -> None:
    other = copy.deepcopy(WRITTEN)
    other["components"]["schemas"]["Counts"]["properties"]["seen"]["maximum"] = 1
    del other["paths"]["/readyz"]["get"]["responses"]["503"]
    lines = differences(facts_of(other), facts_of(WRITTEN), names=("other", "contract"))
    assert [line.split(": ")[0] for line in lines] == [
        "GET /readyz 503",
        "GET /readyz 503 application/problem+json.$ref",
        "component Counts.properties.seen.maximum",
    ]


def test_only_the_documentation_page_is_not_in_the_contract(tmp_path: Path) -> None:
    app = create_app(_Nothing(), Settings(data_dir=tmp_path))  # type: ignore[arg-type]
    hidden = {route.path for route in app.routes if not getattr(route, "include_in_schema", False)}
    assert hidden == {"/", "/docs", "/docs/{name}"}


def test_the_application_shows_the_document_as_it_was_written(tmp_path: Path) -> None:
    app = create_app(_Nothing(), Settings(data_dir=tmp_path))  # type: ignore[arg-type]
    assert app.openapi() == WRITTEN


Facts = dict[str, str]

_TEXTS = frozenset({"description", "title", "summary", "example", "examples", "externalDocs"})
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def facts_of(document: Mapping[str, Any]) -> Facts:
    """Every operation with its parameters, bodies, answers and scopes, and every component."""
    facts: Facts = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method not in item:
                continue
            operation = item[method]
            at = f"{method.upper()} {path}"
            facts[f"{at} operationId"] = operation["operationId"]
            facts[f"{at} tags"] = json.dumps(operation["tags"])
            facts[f"{at} security"] = json.dumps(operation["security"])
            for parameter in [*item.get("parameters", ()), *operation.get("parameters", ())]:
                _parameter(facts, at, document, resolved(document, parameter))
            if "requestBody" in operation:
                body = operation["requestBody"]
                facts[f"{at} body required"] = str(body.get("required", False))
                _content(facts, f"{at} body", body)
            for status, answer in operation["responses"].items():
                facts[f"{at} {status}"] = "answered"
                _content(facts, f"{at} {status}", resolved(document, answer))
    for name, schema in document["components"]["schemas"].items():
        facts |= schema_facts(f"component {name}", schema)
    return facts


def schema_facts(at: str, schema: Mapping[str, Any]) -> Facts:
    return dict(_walk(at, normal(schema)))


def differences(ours: Facts, theirs: Facts, *, names: tuple[str, str]) -> list[str]:
    """One line for each fact that only one has, or that they tell differently."""
    lines = []
    for key in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(key), theirs.get(key)
        if one != other:
            lines.append(f"{key}: {names[0]} {one or '–'}; {names[1]} {other or '–'}")
    return lines


def resolved(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The node itself, or what it refers to. Schemas are compared by name instead."""
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def normal(schema: Any) -> Any:
    """One spelling for what says the same."""
    if not isinstance(schema, Mapping):
        return schema
    node = {key: value for key, value in schema.items() if key not in _TEXTS}
    # `type: [x, 'null']` is short for `anyOf: [{type: x, …}, {type: 'null'}]`.
    if isinstance(node.get("type"), list):
        named = [kind for kind in node["type"] if kind != "null"]
        rest = {key: value for key, value in node.items() if key != "type"}
        node = {"anyOf": [{"type": named[0], **rest}, {"type": "null"}]}
    # A null beside one other thing: exactly one of both is the same as any of both.
    if "oneOf" in node and {"type": "null"} in node["oneOf"]:
        node["anyOf"] = node.pop("oneOf")
    # Keys that must match a pattern, all with the same kind of value.
    if "propertyNames" in node and "additionalProperties" in node:
        pattern = node.pop("propertyNames")["pattern"]
        node["patternProperties"] = {pattern: node.pop("additionalProperties")}
    # An array is an array of anything unless it says more; an object takes more fields likewise.
    if node.get("additionalProperties") is True:
        del node["additionalProperties"]
    return {key: _normal_value(key, value) for key, value in node.items()}


def _normal_value(key: str, value: Any) -> Any:
    if key in ("properties", "patternProperties"):
        return {name: normal(inner) for name, inner in value.items()}
    if key in ("anyOf", "oneOf", "allOf"):
        return [normal(inner) for inner in value]
    if key in ("items", "additionalProperties", "propertyNames"):
        return normal(value)
    if key == "required":
        return sorted(value)
    return value


def _walk(at: str, node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping) and node:
        for key, value in node.items():
            yield from _walk(f"{at}.{key}", value)
    elif isinstance(node, list) and any(isinstance(one, Mapping) for one in node):
        for one in sorted(node, key=lambda one: json.dumps(one, sort_keys=True)):
            yield f"{at}[] {json.dumps(one, sort_keys=True)}", "listed"
    else:
        # 100 and 100.0 are the same number of JSON.
        whole = isinstance(node, float) and node.is_integer()
        yield at, json.dumps(int(node) if whole else node, sort_keys=True)


def _parameter(
    facts: Facts, at: str, document: Mapping[str, Any], parameter: Mapping[str, Any]
) -> None:
    # Header names have no case.
    name = parameter["name"].lower() if parameter["in"] == "header" else parameter["name"]
    where = f"{at} {parameter['in']} {name}"
    facts[f"{where} required"] = str(parameter.get("required", False))
    # FastAPI writes the type of a path parameter out, where the contract names it.
    facts |= schema_facts(f"{where} schema", resolved(document, parameter["schema"]))


def _content(facts: Facts, at: str, node: Mapping[str, Any]) -> None:
    for media_type, content in node.get("content", {}).items():
        facts |= schema_facts(f"{at} {media_type}", content.get("schema", {}))
