"""The keywords that every helper takes, written once: whom to ask, who asks, how patiently."""

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NotRequired, TypedDict, TypeVar, cast, get_args, get_type_hints

import httpx

from osa.cli.transport import Connection

F = TypeVar("F", bound=Callable[..., Any])


class Identity(TypedDict):
    """Whom to ask and who asks. `tenant` is the one that an admin token acts for."""

    server: str
    token: str
    tenant: NotRequired[str | None]
    http: NotRequired[httpx.Client | None]


class Access(Identity):
    """And how patiently: `timeout` in seconds, that of one read, and so many `retries`."""

    timeout: NotRequired[float]
    retries: NotRequired[int]


def helper(function: F) -> F:
    """Of a function that takes `**keywords: Unpack[…]`, make one whose signature spells them out.

    So `help` shows all of them, and a keyword too much or too little is told at the call, also by a
    generator, and in the name of the helper.
    """
    whole = _spelled_out(inspect.signature(function))

    @functools.wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        try:
            _refuse_unknown(keywords, whole)
            whole.bind(*args, **keywords)
        except TypeError as exc:
            raise TypeError(f"{function.__name__}() {exc}") from None
        return function(*args, **keywords)

    call.__signature__ = whole  # type: ignore[attr-defined]  # what `inspect` and `help` look at
    return cast(F, call)


def _refuse_unknown(keywords: Mapping[str, Any], whole: inspect.Signature) -> None:
    # Told before what is missing: where a name was mistyped, both are the same mistake.
    for name in keywords:
        if name not in whole.parameters:
            close = difflib.get_close_matches(name, whole.parameters, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise TypeError(f"got an unexpected keyword argument {name!r}{hint}")


def _spelled_out(short: inspect.Signature) -> inspect.Signature:
    named = [p for p in short.parameters.values() if p.kind is p.KEYWORD_ONLY]
    (rest,) = (p.annotation for p in short.parameters.values() if p.kind is p.VAR_KEYWORD)
    (keywords,) = get_args(rest)
    defaults = inspect.signature(Connection).parameters
    for name, annotation in get_type_hints(keywords).items():
        default = None if name not in defaults else defaults[name].default
        parameter = inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )
        named.append(parameter)
    named.sort(key=lambda p: (p.name != "server", p.default is not p.empty))
    return short.replace(parameters=named)
