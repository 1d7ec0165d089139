"""Options that mean the same everywhere."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypedDict, TypeVar

import typer

from osa.cli.output import Format
from osa.cli.problems import BadUsage

F = TypeVar("F", bound=Callable[..., None])


def completing(words: Sequence[str]) -> Callable[[], list[str]]:
    """What a shell offers."""
    return lambda: list(words)


def repeatable_word(option: str, words: Sequence[str]) -> Any:
    """An option that takes one of these words, or several; `check_word` judges each."""
    return typer.Option(
        option,
        metavar=option.removeprefix("--").upper(),
        help=f"One of {', '.join(words)}; repeat for or.",
        autocompletion=completing(words),
    )


Server = Annotated[
    str | None,
    typer.Option("--server", metavar="URL", help="The server; else OSA_SERVER, osa.toml, login."),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="TOKEN",
        help="The token. Others can see it in the list of processes: prefer `osa login`.",
    ),
]
Tenant = Annotated[
    str | None,
    typer.Option(
        "--tenant",
        metavar="NAME",
        help="For admin tokens: whose things; else OSA_TENANT, osa.toml, the token's own.",
    ),
]
Output = Annotated[
    Format,
    typer.Option(
        "--output",
        "-o",
        metavar="FORMAT",
        help="table, json or jsonl; the last two are the server's objects, untouched.",
    ),
]

# Not required by the parser, so that our own message can say how to find one.
Ingestion = Annotated[
    str | None,
    typer.Argument(
        metavar="INGESTION",
        help="An id, an SRN, or @last: the newest one that you started.",
        autocompletion=completing(["@last"]),
        show_default=False,
    ),
]
Ingestions = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INGESTION...",
        help="Ids, SRNs, or @last: the newest one that you started.",
        autocompletion=completing(["@last"]),
        show_default=False,
    ),
]
Campaign = Annotated[
    str | None,
    typer.Argument(metavar="CAMPAIGN", help="The id that its creator chose.", show_default=False),
]
Record = Annotated[
    str | None, typer.Argument(metavar="RECORD", help="An id or an SRN.", show_default=False)
]
Convention = Annotated[
    str | None,
    typer.Argument(metavar="CONVENTION", help="A convention's id or SRN.", show_default=False),
]
OfConvention = Annotated[
    str | None, typer.Option("--convention", metavar="ID", help="Only those of this convention.")
]
Timeout = Annotated[
    str | None,
    typer.Option(
        "--timeout",
        metavar="DURATION",
        help="Stop waiting after 90s, 10m, 2h …; the work goes on. Exit code 5.",
    ),
]
MaxItems = Annotated[
    int | None,
    typer.Option(
        "--max-items",
        "--limit",
        "-n",
        metavar="N",
        min=1,
        help="At most so many. Default: 50 in a table, otherwise all.",
        show_default=False,
    ),
]
Order = Annotated[
    str, typer.Option("--order", metavar="ORDER", help="desc: newest first; asc: oldest first.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; off a terminal it is needed.")]


class Asked(TypedDict):
    """What every command that asks the server is told besides."""

    output: Format
    quiet: bool
    server: str | None
    token: str | None
    tenant: str | None


def asking(*, quiet: str = "Only ids, one a line.") -> Callable[[F], F]:
    """Of a command that takes `**asked: Unpack[Asked]`, spell those options out for the parser.

    `quiet` is what `-q` leaves.
    """
    options: dict[str, tuple[Any, object]] = {
        "output": (Output, Format.table),
        "quiet": (Annotated[bool, typer.Option("--quiet", "-q", help=quiet)], False),
        "server": (Server, None),
        "token": (Token, None),
        "tenant": (Tenant, None),
    }
    common = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in options.items()
    ]

    def spell_out(command: F) -> F:
        short = inspect.signature(command, eval_str=True)
        own = [p for p in short.parameters.values() if p.kind is not p.VAR_KEYWORD]
        whole = short.replace(parameters=[*own, *common])
        command.__signature__ = whole  # type: ignore[attr-defined]  # what the parser looks at
        return command

    return spell_out


def noun() -> typer.Typer:
    """The verbs of a noun; what the noun is about stands in the list of all nouns."""
    return typer.Typer(rich_markup_mode=None, add_completion=False)


def check_word(word: str, words: Sequence[str], *, option: str) -> None:
    """One of the words, or a usage error with the one that was probably meant."""
    if word not in words:
        close = difflib.get_close_matches(word, words, n=1)
        raise BadUsage(
            f"{option} {word!r} is not one of {', '.join(words)}.",
            next_step=f"Did you mean {close[0]}?" if close else None,
        )


def check_order(order: str) -> None:
    """`asc` or `desc`."""
    if order not in ("asc", "desc"):
        raise BadUsage(f"--order {order!r} is neither asc nor desc.")


def examples(*lines: str) -> str:
    """An epilog that keeps its lines (`\\b` is what tells the help formatter so)."""
    return "\b\n" + "\n".join(["Examples:", *(f"  {line}" for line in lines)])
