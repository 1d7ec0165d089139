"""`osa ingestion list`: which there are."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Unpack

import typer

from osa.cli.commands import options
from osa.cli.commands.lists import write_list
from osa.cli.output import write
from osa.cli.problems import BadUsage
from osa.cli.session import check_campaign, check_id, open_session
from osa.cli.times import parse_time

STATUSES = ("queued", "running", "canceling", "succeeded", "failed", "canceled", "active")
#: Understood by the server, never shown by it.
_OTHER_WORDS = ("cancelled", "pending", "completed", "success", "failure")


@options.asking()
def list_(
    status: Annotated[list[str] | None, options.repeatable_word("--status", STATUSES)] = None,
    unresolved: Annotated[
        bool, typer.Option("--unresolved", help="Only those that failed and were not retried.")
    ] = False,
    error_kind: Annotated[
        str | None,
        typer.Option(
            "--error-kind",
            metavar="KIND",
            help="Only those that failed so: source_not_found … (`status -o json` names it).",
        ),
    ] = None,
    convention: Annotated[
        str | None,
        typer.Option(
            "--convention", metavar="ID", help="Only those of this convention, id or SRN."
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label", metavar="K[=V]", help="Only those with this label; repeat for and."
        ),
    ] = None,
    search: Annotated[
        str | None,
        typer.Option(
            "--search", "--q", metavar="TEXT", help="Only those with this in name or external id."
        ),
    ] = None,
    external_id: Annotated[
        str | None,
        typer.Option("--external-id", metavar="ID", help="Only the one with this id of yours."),
    ] = None,
    concurrency_key: Annotated[
        str | None,
        typer.Option("--concurrency-key", metavar="KEY", help="Only those with this key."),
    ] = None,
    campaign: Annotated[
        str | None,
        typer.Option(
            "--campaign", metavar="CAMPAIGN", help="Only the steps and children of this campaign."
        ),
    ] = None,
    parent: Annotated[
        str | None,
        typer.Option("--parent", metavar="INGESTION", help="Only those that this one started."),
    ] = None,
    retry_of: Annotated[
        str | None,
        typer.Option("--retry-of", metavar="INGESTION", help="Only the retry of this one."),
    ] = None,
    root: Annotated[
        str | None,
        typer.Option(
            "--root", metavar="INGESTION", help="Only this one and all that were retried from it."
        ),
    ] = None,
    record: Annotated[
        str | None,
        typer.Option(
            "--record", metavar="RECORD", help="Only those with an item that became this record."
        ),
    ] = None,
    created_after: Annotated[
        str | None,
        typer.Option(
            "--created-after",
            metavar="TIME",
            help="RFC 3339, a date, or how long ago: 30m, 2h, 3d.",
        ),
    ] = None,
    created_before: Annotated[
        str | None, typer.Option("--created-before", metavar="TIME", help="The same.")
    ] = None,
    ended_after: Annotated[
        str | None, typer.Option("--ended-after", metavar="TIME", help="The same, of the end.")
    ] = None,
    ended_before: Annotated[
        str | None, typer.Option("--ended-before", metavar="TIME", help="The same.")
    ] = None,
    order: options.Order = "desc",
    total: Annotated[
        bool, typer.Option("--total", help="Only how many there are; 10000+ when there are more.")
    ] = False,
    max_items: options.MaxItems = None,
    **asked: Unpack[options.Asked],
) -> None:
    """List ingestions, newest first.

    Filters are combined: all of them must fit.
    """
    for word in status or ():
        if word not in _OTHER_WORDS:
            options.check_word(word, STATUSES, option="--status")
    options.check_order(order)
    if total and max_items is not None:
        raise BadUsage("--total counts all of them.", next_step="Leave out --max-items.")
    filters: dict[str, Any] = {
        "status": status or None,
        "convention": convention,
        "label": label or None,
        "external_id": external_id,
        "concurrency_key": concurrency_key,
        "error_kind": error_kind,
        "q": search,
        "unresolved": unresolved or None,
        "record_id": check_id(record, "record").rpartition(":")[2] if record else None,
    }
    for option, text in (
        ("created_after", created_after),
        ("created_before", created_before),
        ("ended_after", ended_after),
        ("ended_before", ended_before),
    ):
        flag = f"--{option.replace('_', '-')}"
        filters[option] = parse_time(text, option=flag) if text else None
    filters["campaign_id"] = check_campaign(campaign) if campaign is not None else None
    session = open_session(**asked)
    filters["parent"] = session.resolve_ingestion(parent) if parent else None
    filters["retry_of"] = session.resolve_ingestion(retry_of) if retry_of else None
    filters["root_id"] = session.resolve_ingestion(root) if root else None

    from osa.cli.ingestion import count_ingestions, iter_ingestions
    from osa.cli.views import ingestion_table

    if total:
        count = count_ingestions(**session.access, **filters)
        if session.for_people or session.quiet:
            write(f"{count['value']}{'' if count['relation'] == 'eq' else '+'}")
        else:
            session.write_object(count)
        return
    write_list(
        session,
        partial(iter_ingestions, **session.access, **filters, order=order),
        max_items=max_items,
        show=ingestion_table,
        nothing="No such ingestions."
        if any(value is not None for value in filters.values())
        else "No ingestions. `osa ingestion start CONVENTION FILE` starts one.",
    )
