"""`osa ingestion start`: from files, addresses and texts to an accepted ingestion."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Unpack

import typer

from osa.cli.commands import details, options
from osa.cli.commands.showing import accepted
from osa.cli.commands.sources import check_sources, plan_sources, send_sources
from osa.cli.output import JsonObject
from osa.cli.problems import BadUsage, CommandFailed, Detached
from osa.cli.session import Session, open_session

if TYPE_CHECKING:
    import httpx

_ON_CONFLICT = ("fail", "attach", "queue")


@options.asking()
def start(
    convention: options.Convention = None,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE|URI]...",
            help="Files (uploaded first) and addresses the server reads; several make a list.",
            show_default=False,
        ),
    ] = None,
    source_uri: Annotated[
        list[str] | None,
        typer.Option("--source-uri", metavar="URI", help="An address of any scheme; repeatable."),
    ] = None,
    text: Annotated[
        list[str] | None,
        typer.Option("--text", metavar="TEXT", help="A text as the source; repeatable."),
    ] = None,
    record: Annotated[
        list[str] | None,
        typer.Option("--record", metavar="RECORD", help="A record the archive holds; repeatable."),
    ] = None,
    param: details.Param = None,
    params_file: details.ParamsFile = None,
    name: details.Name = None,
    external_id: details.ExternalId = None,
    label: details.Label = None,
    metadata: details.Metadata = None,
    batch_size: Annotated[int, details.BATCH_SIZE] = 1000,
    limit: Annotated[
        int | None,
        typer.Option("--limit", metavar="N", min=1, help="Items of this ingestion, at most."),
    ] = None,
    priority: details.Priority = None,
    deadline: details.Deadline = None,
    max_failed_items: details.MaxFailedItems = None,
    stop_early: Annotated[
        bool,
        typer.Option(
            "--stop-early", help="Stop once too many items failed, rather than try every item."
        ),
    ] = False,
    concurrency_key: Annotated[
        str | None,
        typer.Option(
            "--concurrency-key",
            metavar="KEY",
            help="A word of yours; of those with the same one, only one is worked on at a time.",
        ),
    ] = None,
    on_conflict: Annotated[
        str | None,
        typer.Option(
            "--on-conflict",
            metavar="WHAT",
            help="When another is active that excludes this one: fail (the default, exit code 8), "
            "attach to that one, or queue behind it.",
            autocompletion=options.completing(_ON_CONFLICT),
        ),
    ] = None,
    idempotency_key: details.IdempotencyKey = None,
    wait: details.Wait = False,
    watch: details.Watch = False,
    timeout: options.Timeout = None,
    **asked: Unpack[options.Asked],
) -> None:
    """Start an ingestion of files, addresses or texts.

    Standard output is the new id. With --wait or --watch the exit code tells how it ended
    (0 succeeded, 3 failed, 4 canceled, 5 waited too long).
    """
    if not convention:
        raise BadUsage("Which convention?", next_step="`osa convention list` shows them.")
    given = details.read_params_file(params_file)
    extra = details.read_object(metadata, "--metadata") if metadata else None
    labels = details.read_labels(label)
    seconds = details.read_timeout(timeout, waits=wait or watch)
    limits = details.read_limits(
        priority=priority,
        deadline=deadline,
        max_failed_items=max_failed_items,
        stop_early=stop_early or None,
    )
    if on_conflict is not None:
        options.check_word(on_conflict, _ON_CONFLICT, option="--on-conflict")
    plan = plan_sources(sources or [], source_uri or [], text or [], record or [])
    session = open_session(**asked)
    detail, parameters = check_convention(session, convention, param or [], given)
    if detail is not None:
        check_sources(detail, plan)

    try:
        source = send_sources(session, plan)
    except KeyboardInterrupt as exc:
        raise Detached("Interrupted: nothing was started.") from exc

    from osa.cli.ingestion import start_ingestion

    try:
        with _noticing() as (http, attached):
            started = start_ingestion(
                **session.access,
                http=http,
                convention_id=convention,
                source=source,
                parameters=parameters or None,
                batch_size=batch_size,
                limit=limit,
                name=name,
                external_id=external_id,
                metadata=extra,
                labels=labels or None,
                idempotency_key=idempotency_key,
                concurrency_key=concurrency_key,
                on_conflict=on_conflict,
                **limits,
            )
    except KeyboardInterrupt as exc:
        raise Detached(
            "Interrupted: the server may have accepted the start.\n"
            "See with: osa ingestion list --max-items 5"
        ) from exc
    accepted(session, started, wait=wait, watch=watch, timeout=seconds, attached=bool(attached))


@contextlib.contextmanager
def _noticing() -> Iterator[tuple[httpx.Client, list[str]]]:
    """A client, and what the answer says when it is about another ingestion than a new one."""
    import httpx

    said: list[str] = []

    def notice(response: httpx.Response) -> None:
        said[:] = response.headers.get_list("Ingestion-Attached")

    with httpx.Client(event_hooks={"response": [notice]}) as http:
        yield http, said


def check_convention(
    session: Session, convention: str, assignments: list[str], given: JsonObject
) -> tuple[JsonObject | None, JsonObject]:
    """The convention, and the parameters by its schema; what cannot work is said before anything
    is sent. Without the right to read there is no convention, and the server alone checks."""
    from osa.cli.commands.convention import find_schema
    from osa.cli.parameters import read_parameters

    detail = find_schema(session, convention)
    schema = detail.get("parameters_schema", {}) if detail else {}
    parameters = read_parameters(assignments, given, schema, convention=convention)
    if detail is not None and not detail.get("ingestable", True):
        extra = detail.get("missing_extra")
        raise CommandFailed(
            f"The server cannot run {detail['id']}"
            + (f": it lacks the extra {extra!r}." if extra else "."),
            next_step=f"On the server: pip install 'osa-ingestion[{extra}]'" if extra else None,
        )
    return detail, parameters
