"""What an operation takes, by the signature that documents it: path, query, headers and body, each
checked by its own type, and everything that is wrong told at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

from fastapi import params
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import Request

from osa.server.errors import ErrorDetail
from osa.server.http import bodies
from osa.server.http.problems import invalid

#: Marks a header that is a list: lines of it are one value, with commas between (RFC 9110, 5.3).
LIST = "a list"
#: More parameters than any operation has, by far.
_MAX_QUERY_FIELDS = 500


@dataclass(frozen=True, kw_only=True)
class _Named:
    """A group of named strings: the query, or the headers."""

    argument: str
    part: str
    model: type[BaseModel]
    #: By the name on the wire: whether it may be repeated.
    repeatable: Mapping[str, bool]
    joined: Collection[str]


class Arguments:
    """Takes an operation's arguments from requests."""

    def __init__(self, endpoint: Callable[..., Any], path_names: Sequence[str]) -> None:
        self._path: dict[str, TypeAdapter[Any]] = {}
        self._query: _Named | None = None
        self._headers: _Named | None = None
        self._body: tuple[str, TypeAdapter[Any], bool] | None = None
        hints = get_type_hints(endpoint, include_extras=True)
        for name, parameter in inspect.signature(endpoint).parameters.items():
            hint = hints[name]
            marks = get_args(hint)[1:] if hasattr(hint, "__metadata__") else ()
            if name in path_names:
                self._path[name] = TypeAdapter(hint)
            elif any(isinstance(mark, params.Query) for mark in marks):
                self._query = _named(name, "query", get_args(hint)[0])
            elif any(isinstance(mark, params.Header) for mark in marks):
                self._headers = _named(name, "header", get_args(hint)[0])
            elif not (inspect.isclass(hint) and issubclass(hint, Request)):
                required = parameter.default is parameter.empty
                self._body = (name, TypeAdapter(hint), required)

    @property
    def takes_body(self) -> bool:
        return self._body is not None

    def take(self, request: Request, raw: bytes | None) -> dict[str, Any]:
        """The arguments by name. Raises InvalidRequest with all errors, UnsupportedMediaType."""
        wrong: list[ErrorDetail] = []
        taken: dict[str, Any] = {}
        for name, adapter in self._path.items():
            value = request.path_params[name]
            with _Collecting(wrong, "path", name):
                taken[name] = adapter.validate_python(value)
        query = _parse_query(request, wrong)
        if self._query is not None:
            self._take_named(self._query, query, taken, wrong)
        else:
            wrong += [_unknown(name, values) for name, values in query.items()]
        if self._headers is not None:
            given = {
                name: request.headers.getlist(name)
                for name in self._headers.repeatable
                if name in request.headers
            }
            self._take_named(self._headers, given, taken, wrong)
        if self._body is not None:
            self._take_body(self._body, request, raw or b"", taken, wrong)
        if wrong:
            raise invalid(wrong)
        return taken

    def _take_named(
        self,
        named: _Named,
        given: Mapping[str, list[str]],
        taken: dict[str, Any],
        wrong: list[ErrorDetail],
    ) -> None:
        values: dict[str, Any] = {}
        for name, strings in given.items():
            repeatable = named.repeatable.get(name)
            if repeatable is None:
                wrong.append(_unknown(name, strings))
            elif repeatable:
                values[name] = strings
            elif name in named.joined:
                values[name] = ", ".join(strings)
            elif len(strings) > 1:
                message = "This can be given once"
                wrong.append(_error(named.part, name, message, "repeated", strings))
            else:
                values[name] = strings[0]
        with _Collecting(wrong, named.part):
            taken[named.argument] = named.model.model_validate(values)

    def _take_body(
        self,
        body: tuple[str, TypeAdapter[Any], bool],
        request: Request,
        raw: bytes,
        taken: dict[str, Any],
        wrong: list[ErrorDetail],
    ) -> None:
        name, adapter, required = body
        if raw or "content-type" in request.headers:
            bodies.check_media_type(request, "application/json")
        if not raw:
            if required:
                wrong.append(ErrorDetail(loc=["body"], msg="A body is required", type="missing"))
            return
        value = bodies.parse(raw)
        with _Collecting(wrong, "body", sent=value):
            taken[name] = adapter.validate_python(value)


class _Collecting:
    """Turns what pydantic refuses into our errors."""

    def __init__(self, wrong: list[ErrorDetail], *loc: str, sent: Any = None) -> None:
        self._wrong = wrong
        self._loc = loc
        self._sent = sent

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        if not isinstance(error, ValidationError):
            return False
        for one in error.errors(include_url=False, include_context=False):
            self._wrong.append(
                ErrorDetail(
                    loc=[*self._loc, *_without_tags(one["loc"], self._sent)],
                    msg=one["msg"],
                    type=one["type"],
                    input=one.get("input"),
                )
            )
        return True


def _without_tags(loc: Sequence[str | int], sent: Any) -> Iterator[str | int]:
    """The way through what was sent. Pydantic names the variant of a union as if it were a step."""
    here, untagged = sent, True
    for step in loc:
        if untagged and isinstance(here, dict) and here.get("type") == step:
            untagged = False
            continue
        yield step
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            here = None
        untagged = True


def _named(argument: str, part: str, model: type[BaseModel]) -> _Named:
    repeatable = {
        field.alias or name: _is_list(field.annotation)
        for name, field in model.model_fields.items()
    }
    joined = {
        field.alias or name for name, field in model.model_fields.items() if LIST in field.metadata
    }
    return _Named(argument=argument, part=part, model=model, repeatable=repeatable, joined=joined)


def _is_list(hint: Any) -> bool:
    """Also `Annotated[list[X], …] | MISSING`."""
    return get_origin(hint) is list or any(_is_list(part) for part in get_args(hint)[:1])


def _parse_query(request: Request, wrong: list[ErrorDetail]) -> dict[str, list[str]]:
    raw = request.scope["query_string"]
    if not raw:
        return {}
    found: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_QUERY_FIELDS,
        )
    except UnicodeError:
        wrong.append(ErrorDetail(loc=["query"], msg="The query is not UTF-8", type="utf8_invalid"))
        return {}
    except ValueError:
        message = f"The query has more than {_MAX_QUERY_FIELDS} parameters"
        wrong.append(ErrorDetail(loc=["query"], msg=message, type="too_many"))
        return {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _unknown(name: str, values: list[str]) -> ErrorDetail:
    message = "There is no such parameter"
    return _error("query", name, message, "unknown_parameter", values)


def _error(part: str, name: str, message: str, kind: str, values: list[str]) -> ErrorDetail:
    said = values[0] if len(values) == 1 else ", ".join(values)
    return ErrorDetail(loc=[part, name], msg=message, type=kind, input=said)
