"""`osa audit`: who did what."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Unpack

import typer

from osa.cli.commands import options
from osa.cli.commands.lists import write_list
from osa.cli.output import Column, JsonObject, dump, table
from osa.cli.session import open_session
from osa.cli.times import parse_time, show_time


@options.asking()
def audit(
    ingestion: Annotated[
        str | None,
        typer.Option("--ingestion", metavar="INGESTION", help="Only what was done to this one."),
    ] = None,
    token_name: Annotated[
        str | None,
        typer.Option(
            "--token-name", metavar="NAME", help="Only what was done with the token of this name."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="TIME", help="RFC 3339, a date, or how long ago: 30m, 2h, 3d."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="The same; only what was before.")
    ] = None,
    order: options.Order = "desc",
    max_items: options.MaxItems = None,
    **asked: Unpack[options.Asked],
) -> None:
    """Tell who changed what, and when; needs an admin token.

    The entries outlive the ingestions they tell of.
    """
    options.check_order(order)
    after = parse_time(since, option="--since") if since else None
    before = parse_time(until, option="--until") if until else None
    session = open_session(**asked)
    identity = session.resolve_ingestion(ingestion) if ingestion else None

    from osa.cli.ingestion import iter_audit

    write_list(
        session,
        partial(
            iter_audit,
            **session.access,
            ingestion_id=identity,
            token_name=token_name,
            created_after=after,
            created_before=before,
            order=order,
        ),
        max_items=max_items,
        show=_show_entries,
        nothing="No such entries.",
    )


def _show_entries(entries: Sequence[JsonObject]) -> None:
    table(
        [
            Column(title="AT"),
            Column(title="TOKEN", least=8),
            Column(title="ACTION", least=6),
            Column(title="INGESTION"),
            Column(title="DETAIL", least=6),
        ],
        [
            (
                show_time(entry.get("at")),
                entry.get("token_name"),
                entry.get("action"),
                entry.get("ingestion_id"),
                _detail(entry.get("detail") or {}),
            )
            for entry in entries
        ],
    )


def _detail(detail: JsonObject) -> str:
    """What tells most comes first: a terminal has room for little of it."""
    parts = [str(detail["convention_id"])] if detail.get("convention_id") else []
    parts += [
        f"{name}={value if isinstance(value, str) else dump(value)}"
        for name, value in detail.items()
        if name != "convention_id" and value not in (None, [], {})
    ]
    return ", ".join(parts)
