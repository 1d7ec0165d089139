"""Options that mean the same everywhere."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Annotated

import typer

from osa.cli.output import Format
from osa.cli.problems import BadUsage

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
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only ids, one a line.")]


def _complete_ingestion() -> list[str]:
    return ["@last"]


# Not required by the parser, so that our own message can say how to find one.
Ingestion = Annotated[
    str | None,
    typer.Argument(
        metavar="INGESTION",
        help="An id, an SRN, or @last: the newest one that you started.",
        autocompletion=_complete_ingestion,
        show_default=False,
    ),
]
Ingestions = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INGESTION...",
        help="Ids, SRNs, or @last: the newest one that you started.",
        autocompletion=_complete_ingestion,
        show_default=False,
    ),
]
Record = Annotated[
    str | None,
    typer.Argument(metavar="RECORD", help="An id or an SRN.", show_default=False),
]
Convention = Annotated[
    str | None,
    typer.Argument(metavar="CONVENTION", help="A convention's id or SRN.", show_default=False),
]
Timeout = Annotated[
    str | None,
    typer.Option(
        "--timeout",
        metavar="DURATION",
        help="Stop waiting after 90s, 10m, 2h …; the ingestion goes on. Exit code 5.",
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
