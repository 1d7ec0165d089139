"""The rules that keep the contract fit for every generator, checked rule by rule."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from osa_testing.contract import CONTRACT

SCHEMAS: dict[str, Any] = CONTRACT["components"]["schemas"]
MEDIA_TYPES = {"application/json", "application/octet-stream"}
# On a path of their own each: the live log, what Prometheus reads, and this document.
OTHER_MEDIA_TYPES = {
    "streamIngestionEvents": "text/event-stream",
    "getMetrics": "text/plain",
    "getOpenapiYaml": "application/yaml",
}


def resolve(node: Any) -> Any:
    while "$ref" in node:
        kind, name = node["$ref"].split("/")[-2:]
        node = CONTRACT["components"][kind][name]
    return node


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in CONTRACT["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield path, method, {"shared": item.get("parameters", []), **operation}


def schemas(node: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside one, with its place."""
    if not isinstance(node, dict):
        return
    yield where, node
    for key in ("properties", "patternProperties"):
        for name, inner in node.get(key, {}).items():
            yield from schemas(inner, f"{where}.{name}")
    for key in ("oneOf", "anyOf", "allOf"):
        for position, inner in enumerate(node.get(key, [])):
            yield from schemas(inner, f"{where}.{key}[{position}]")
    for key in ("items", "additionalProperties", "propertyNames"):
        yield from schemas(node.get(key), f"{where}.{key}")


EVERY_SCHEMA = [found for name, schema in SCHEMAS.items() for found in schemas(schema, name)]


def of_requests() -> set[str]:
    """The names of all schemas that a body leads to."""
    return led_to(
        media["schema"]
        for _, _, operation in operations()
        for media in operation.get("requestBody", {}).get("content", {}).values()
    )


def of_parameters() -> set[str]:
    """The names of all schemas that a parameter leads to."""
    return led_to(
        schema
        for _, _, operation in operations()
        for parameter in [*operation["shared"], *operation.get("parameters", [])]
        for _, schema in schemas(resolve(parameter)["schema"], "")
    )


def of_answers() -> set[str]:
    """The names of all schemas that an answer leads to."""
    return led_to(
        media["schema"]
        for _, _, operation in operations()
        for response in operation["responses"].values()
        for media in resolve(response).get("content", {}).values()
    )


def led_to(found: Iterable[dict[str, Any]]) -> set[str]:
    """The names of schemas that these refer to, and those that they refer to."""
    names: set[str] = set()
    waiting = list(found)
    while waiting:
        name = waiting.pop().get("$ref", "").rpartition("/")[2]
        if name and name not in names:
            names.add(name)
            waiting += [schema for _, schema in schemas(SCHEMAS[name], name)]
    return names


def each_operation(rule: Callable[[str, str, dict[str, Any]], bool]) -> list[str]:
    """The operations that break a rule."""
    return [f"{method} {path}" for path, method, op in operations() if not rule(path, method, op)]


def each_schema(rule: Callable[[str, dict[str, Any]], bool]) -> list[str]:
    """The places in schemas that break a rule."""
    return [where for where, schema in EVERY_SCHEMA if not rule(where, schema)]


def test_paths_are_whole_and_the_document_is_openapi_3_1_0() -> None:
    assert (CONTRACT["openapi"], CONTRACT["servers"][0]["url"]) == ("3.1.0", "/")
    service = {"/healthz", "/readyz", "/metrics", "/openapi.json", "/openapi.yaml"}
    assert [p for p in CONTRACT["paths"] if not p.startswith("/api/v1/") and p not in service] == []


def test_each_operation_has_one_tag_a_name_of_its_own_a_summary_and_its_security() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", name)] == []
    wanted = ("summary", "description", "security")
    assert (
        each_operation(lambda _p, _m, op: len(op["tags"]) == 1 and all(k in op for k in wanted))
        == []
    )


def test_no_parameter_of_a_path_could_match_a_sibling() -> None:
    shapes = [re.sub(r"\{[^}]+\}", "{}", path) for path in CONTRACT["paths"]]
    assert len(shapes) == len(set(shapes))
    patterns = {p: re.compile(re.sub(r"\{[^}]+\}", "[^/]+", p)) for p in CONTRACT["paths"]}
    assert [
        (a, b) for a, p in patterns.items() for b in patterns if a != b and p.fullmatch(b)
    ] == []


def test_statuses_are_explicit_and_each_body_has_one_media_type() -> None:
    def rule(_path: str, _method: str, op: dict[str, Any]) -> bool:
        bodies = [op.get("requestBody", {}), *(resolve(r) for r in op["responses"].values())]
        allowed = MEDIA_TYPES | {
            "application/problem+json",
            OTHER_MEDIA_TYPES.get(op["operationId"]),
        }
        return all(
            re.fullmatch("[2-5][0-9]{2}", str(status)) for status in op["responses"]
        ) and all(
            len(body.get("content", {})) <= 1 and set(body.get("content", {})) <= allowed
            for body in bodies
        )

    assert each_operation(rule) == []


def test_every_failure_is_the_one_problem_and_401_says_how_to_authenticate() -> None:
    problem = {"$ref": "#/components/schemas/Problem"}

    def rule(_path: str, method: str, op: dict[str, Any]) -> bool:
        failures = {s: resolve(r) for s, r in op["responses"].items() if int(s) >= 400}
        if method == "head":
            return all("content" not in failure for failure in failures.values())
        fits = all(
            failure["content"]["application/problem+json"]["schema"] == problem
            for failure in failures.values()
        )
        secured = bool(op["security"])
        named = "WWW-Authenticate" in failures.get("401", {}).get("headers", {})
        return fits and {"400", "500", "503"} <= failures.keys() and secured == named

    assert each_operation(rule) == []


def test_an_admin_may_act_for_a_tenant_wherever_something_is_of_a_tenant() -> None:
    of_all = {"getServiceStatus", "getMetrics"}

    def rule(_path: str, _method: str, op: dict[str, Any]) -> bool:
        other = {"bearerAuth": ["admin"], "tenantHeader": []}
        ways = op["security"]
        if not ways:
            return True
        scopes = ways[0]["bearerAuth"]
        wanted = [ways[0]] if op["operationId"] in of_all else [ways[0], other]
        return ways == wanted and len(scopes) == 1

    assert each_operation(rule) == []


def test_who_is_known_has_a_rate_and_nobody_sends_headers_without_end() -> None:
    def rule(_path: str, method: str, op: dict[str, Any]) -> bool:
        limited = op["responses"].get("429")
        if method != "head" and limited is not None:
            headers = set(resolve(limited)["headers"])
            if not {"Retry-After", "RateLimit", "RateLimit-Policy"} <= headers:
                return False
        return (limited is not None) == bool(op["security"]) and "431" in op["responses"]

    assert each_operation(rule) == []


def test_what_is_created_is_linked_and_located() -> None:
    created = [r for _, _, op in operations() for s, r in op["responses"].items() if s == "201"]
    created.append(CONTRACT["paths"]["/api/v1/ingestions"]["post"]["responses"]["202"])
    assert [
        r["description"] for r in created if not r["links"] or "Location" not in r["headers"]
    ] == []


def test_shapes_have_names() -> None:
    """An object with members, a union, a closed choice: a generator names those that have none."""

    def rule(where: str, schema: dict[str, Any]) -> bool:
        nullable = {"type": "null"} in schema.get("oneOf", [])
        inline = "." in where and ("properties" in schema or ("oneOf" in schema and not nullable))
        return not inline and not ("enum" in schema and "." in where and ".anyOf[0]" not in where)

    assert each_schema(rule) == []
    for _, _, op in operations():
        for body in [op.get("requestBody", {}), *(resolve(r) for r in op["responses"].values())]:
            for media in body.get("content", {}).values():
                assert "$ref" in media["schema"] or media["schema"] == {"type": "string"}


def test_unions_are_told_apart_by_a_constant_type() -> None:
    def rule(_where: str, schema: dict[str, Any]) -> bool:
        variants = [v for v in schema.get("oneOf", []) if v != {"type": "null"}]
        if len(variants) < 2:
            return all("$ref" in variant for variant in variants)
        by = schema["discriminator"]["propertyName"]
        return sorted(schema["discriminator"]["mapping"].values()) == sorted(
            v["$ref"] for v in variants
        ) and all(
            by in resolve(v)["required"] and "const" in resolve(v)["properties"][by]
            for v in variants
        )

    assert each_schema(rule) == []


def test_schemas_use_only_what_every_generator_understands() -> None:
    def rule(_where: str, schema: dict[str, Any]) -> bool:
        kind = schema.get("type")
        composed = {"oneOf", "anyOf"} & schema.keys()
        return (
            "allOf" not in schema
            and not isinstance(schema.get("default"), list | dict)
            and (not isinstance(kind, list) or (len(kind) == 2 and kind[1] == "null"))
            and not (composed and "additionalProperties" in schema)
        )

    assert each_schema(rule) == []


def test_everything_has_a_bound() -> None:
    requests = of_requests()

    def rule(where: str, schema: dict[str, Any]) -> bool:
        kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
        free = "object" in kinds and "properties" not in schema
        keyed = (
            where.partition(".")[0] in requests
            and "string" in kinds
            and not ({"const", "enum", "format"} & schema.keys())
        )
        return (
            (not {"integer"} & {*kinds} or "maximum" in schema or ".loc." in where)
            and ("array" not in kinds or "maxItems" in schema)
            and (not free or "maxProperties" in schema)
            and (not keyed or {"maxLength", "pattern"} <= schema.keys())
        )

    assert each_schema(rule) == []


def test_enums_of_answers_are_open_and_those_of_requests_closed() -> None:
    asked, answered = of_requests() | of_parameters(), of_answers()
    cases = {"ProblemCode": r"[A-Z]+(_[A-Z]+)*", "TokenScope": r"[a-z]+(:[a-z]+)?"}
    for where, schema in EVERY_SCHEMA:
        if "enum" not in schema:
            continue
        name = where.partition(".")[0]
        case = cases.get(name, r"[a-z]+(_[a-z]+)*")
        assert [v for v in schema["enum"] if not re.fullmatch(case, v)] == [], where
        # What is both asked and answered needs two names.
        assert (name in asked) != (name in answered), where
        if name in asked:
            assert where == name, where
        else:
            assert SCHEMAS[name]["anyOf"][1] == {"type": "string"}, where


@pytest.mark.parametrize("kind", ["parameters", "headers"])
def test_headers_and_parameters_are_scalar_bounded_and_described(kind: str) -> None:
    every = [*CONTRACT["components"][kind].values()]
    for _, _, op in operations() if kind == "parameters" else ():
        every += [resolve(p) for p in [*op["shared"], *op.get("parameters", [])]]
    for each in every:
        schema = resolve(each["schema"])
        name = each.get("name", each["description"])
        assert each["description"], name
        if kind == "headers" or each["in"] == "header":
            assert schema["type"] != "array" and schema.get("format") != "date-time", name
        if kind == "parameters" and schema["type"] == "string" and "enum" not in schema:
            # A `Range` that is none is ignored (RFC 9110), so no pattern may refuse it.
            bounds = {"format", "pattern"} | ({"maxLength"} if name == "Range" else set())
            assert bounds & schema.keys(), name
        if kind == "parameters" and schema["type"] == "array":
            assert "maxItems" in schema and each["explode"] is True, name


def test_every_body_and_every_problem_code_has_an_example() -> None:
    for path, method, op in operations():
        for body in [op.get("requestBody", {}), *(resolve(r) for r in op["responses"].values())]:
            for media in body.get("content", {}).values():
                assert media.get("examples"), f"{method} {path}"
    # The two that belong to no operation: an unknown path, and a method that a path does not have.
    codes = {
        e["value"]["code"]
        for e in CONTRACT["components"]["examples"].values()
        if "request_id" in e["value"] and "code" in e["value"]
    }
    documented = set(SCHEMAS["ProblemCode"]["anyOf"][0]["enum"])
    assert documented - codes <= {"NOT_FOUND", "METHOD_NOT_ALLOWED"}
    assert codes <= documented


def test_no_component_is_left_unused() -> None:
    text = (Path(__file__).parents[2] / "openapi.yaml").read_text(encoding="utf-8")
    names = [
        f"#/components/{kind}/{name}"
        for kind, components in CONTRACT["components"].items()
        if kind != "securitySchemes"
        for name in components
    ]
    assert [name for name in names if not re.search(rf"{re.escape(name)}['\"]", text)] == []
