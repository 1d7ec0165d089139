"""Options that mean the same everywhere."""

from __future__ import annotations

from typing import Annotated

import typer

from osa.cli.output import Format

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

#: What a table shows when nobody says how much.
TABLE_ROWS = 50


def noun() -> typer.Typer:
    """The verbs of a noun; what the noun is about stands in the list of all nouns."""
    return typer.Typer(rich_markup_mode=None, add_completion=False)


def examples(*lines: str) -> str:
    """An epilog that keeps its lines (`\\b` is what tells the help formatter so)."""
    return "\b\n" + "\n".join(["Examples:", *(f"  {line}" for line in lines)])
