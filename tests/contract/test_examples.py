"""Every example of the contract fits the schema that it is an example of."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator
from osa_testing.contract import CONTRACT


def resolve(node: Any) -> Any:
    while "$ref" in node:
        kind, name = node["$ref"].split("/")[-2:]
        node = CONTRACT["components"][kind][name]
    return node


def examples_of(holder: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if "example" in holder:
        yield "example", holder["example"]
    for name, example in holder.get("examples", {}).items():
        yield name, resolve(example)["value"]


def every_example() -> Iterator[Any]:
    """(schema, value) with the place as the test's name."""
    for path, item in CONTRACT["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            where = f"{method} {path}"
            for parameter in [*item.get("parameters", []), *operation.get("parameters", [])]:
                yield from _of(f"{where} {resolve(parameter)['name']}", resolve(parameter))
            for media in operation.get("requestBody", {}).get("content", {}).values():
                yield from _of(f"{where} body", media)
            for status, response in operation["responses"].items():
                for name, header in resolve(response).get("headers", {}).items():
                    yield from _of(f"{where} {status} {name}", resolve(header))
                for media in resolve(response).get("content", {}).values():
                    yield from _of(f"{where} {status}", media)


def _of(where: str, holder: dict[str, Any]) -> Iterator[Any]:
    for name, value in examples_of(holder):
        yield pytest.param(holder["schema"], value, id=f"{where} {name}")


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    whole = {**schema, "components": CONTRACT["components"]}
    return Draft202012Validator(whole, format_checker=FormatChecker())


def test_the_document_is_valid_openapi() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(CONTRACT).iter_errors()] == []


@pytest.mark.parametrize(("schema", "value"), list(every_example()))
def test_an_example_fits_its_schema(schema: dict[str, Any], value: Any) -> None:
    assert [error.message for error in validator(schema).iter_errors(value)] == []


def test_the_check_sees_an_example_that_does_not_fit() -> None:
    ingestion = dict(resolve({"$ref": "#/components/examples/IngestionRunning"})["value"])
    schema = validator({"$ref": "#/components/schemas/Ingestion"})
    assert schema.is_valid(ingestion)
    for name, value in {"id": "7", "done": "false", "batch_size": 0, "counts": {}}.items():
        assert not schema.is_valid({**ingestion, name: value}), name
    assert not schema.is_valid({k: v for k, v in ingestion.items() if k != "done"})


def test_the_example_of_a_stream_is_made_of_numbered_events() -> None:
    stream = resolve({"$ref": "#/components/examples/EventStream"})["value"]
    schema = validator({"$ref": "#/components/schemas/IngestionEvent"})
    blocks = [
        dict(line.split(": ", 1) for line in block.splitlines())
        for block in stream.strip().split("\n\n")
        if not block.startswith(":")
    ]
    assert len(blocks) == 2
    for block in blocks:
        event = json.loads(block["data"])
        assert [error.message for error in schema.iter_errors(event)] == []
        assert (str(event["number"]), event["type"]) == (block["id"], block["event"])


def test_the_counts_of_every_example_add_up_and_done_says_what_the_status_means() -> None:
    for name, example in CONTRACT["components"]["examples"].items():
        value = example["value"]
        if not isinstance(value, dict) or "counts" not in value:
            continue
        counts = dict(value["counts"])
        assert counts.pop("seen") == sum(counts.values()), name
        assert value["done"] is (value["status"] in {"succeeded", "failed", "canceled"}), name
        assert value["done"] is (value["ended_at"] is not None), name
        assert value["done"] is ("poll_after_seconds" not in value), name
