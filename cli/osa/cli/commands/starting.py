"""`osa ingestion start`: from files, addresses and texts to an accepted ingestion."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from osa.cli.commands import options
from osa.cli.output import Format, JsonObject, say, write
from osa.cli.problems import BadUsage, CommandFailed, Detached, ExitCode
from osa.cli.session import Session, check_id, open_session
from osa.cli.times import parse_duration


def show(session: Session, ingestion: JsonObject) -> None:
    """An ingestion in the form that was asked for."""
    if session.quiet:
        session.write_ids([ingestion])
    elif session.format is not Format.table:
        session.write_object(ingestion)
    else:
        from osa.cli.views import ingestion_block

        ingestion_block(ingestion)


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
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", metavar="NAME=VALUE", help="A parameter; repeatable."),
    ] = None,
    params_file: Annotated[
        Path | None,
        typer.Option(
            "--params-file",
            metavar="FILE",
            help="Parameters as a JSON object; --param goes over it.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What people call it.")
    ] = None,
    external_id: Annotated[
        str | None,
        typer.Option(
            "--external-id", metavar="ID", help="Your own id of it; unique on the server."
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="K=V", help="A label to find it by; repeatable."),
    ] = None,
    metadata: Annotated[
        str | None,
        typer.Option("--metadata", metavar="JSON", help="A JSON object to keep with it."),
    ] = None,
    batch_size: Annotated[
        int,
        typer.Option(
            "--batch-size", metavar="N", min=1, max=10000, help="Items committed together, at most."
        ),
    ] = 1000,
    limit: Annotated[
        int | None,
        typer.Option("--limit", metavar="N", min=1, help="Items of this ingestion, at most."),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(
            "--idempotency-key",
            metavar="KEY",
            help="The same key and start again is the same ingestion.",
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until it is done.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="The same, with every event.")] = False,
    timeout: options.Timeout = None,
    output: options.Output = Format.table,
    quiet: options.Quiet = False,
    server: options.Server = None,
    token: options.Token = None,
) -> None:
    """Start an ingestion of files, addresses or texts.

    Standard output is the new id. With --wait or --watch the exit code tells how it ended
    (0 succeeded, 3 failed, 4 canceled, 5 waited too long).
    """
    if not convention:
        raise BadUsage("Which convention?", next_step="`osa convention list` shows them.")
    given = _read_params_file(params_file)
    extra = _read_object(metadata, "--metadata") if metadata else None
    labels = _read_labels(label or [])
    seconds = parse_duration(timeout, option="--timeout") if timeout else None
    if seconds is not None and not (wait or watch):
        raise BadUsage("--timeout is for waiting.", next_step="Add --wait or --watch.")
    plan = plan_sources(sources or [], source_uri or [], text or [], record or [])
    session = open_session(server, token, output, quiet)
    parameters = _check_convention(session, convention, plan, param or [], given)

    try:
        source = _send_sources(session, plan)
    except KeyboardInterrupt as exc:
        raise Detached("Interrupted: nothing was started.") from exc

    from osa.cli.ingestion import start_ingestion

    try:
        started = start_ingestion(
            **session.access,
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
        )
    except KeyboardInterrupt as exc:
        raise Detached(
            "Interrupted: the server may have accepted the start.\n"
            "See with: osa ingestion list --max-items 5"
        ) from exc
    from osa.cli import last

    last.remember(**session.access, ingestion=started)
    identity = started["id"]
    if wait or watch:
        from osa.cli.commands.waiting import follow_to_end

        if not quiet:
            say(f"Started {identity}")
        follow_to_end(session, identity, timeout=seconds, with_events=watch)
    elif session.for_people:
        write(identity)
        say(f"{str(started.get('status')).capitalize()}. Follow it: osa ingestion watch @last")
    else:
        show(session, started)


def plan_sources(
    words: list[str], uris: list[str], texts: list[str], records: list[str]
) -> list[JsonObject]:
    """Sources in the order of the command line; a file is still a path. Raises BadUsage."""
    plan: list[JsonObject] = []
    for word in words:
        scheme, found, _ = word.partition("://")
        if found and scheme.replace("+", "").replace("-", "").replace(".", "").isalnum():
            plan.append({"type": "uri", "uri": word})
            continue
        path = Path(word).expanduser()
        if path.is_dir():
            raise BadUsage(
                f"{word} is a folder.", next_step=f"Name its files: {word.rstrip('/')}/*"
            )
        if not path.exists():
            raise BadUsage(
                f"There is no file {word}.",
                next_step="An address starts as in https://…; a text is given with --text.",
            )
        plan.append({"type": "file", "path": path})
    plan.extend({"type": "uri", "uri": uri} for uri in uris)
    plan.extend({"type": "text", "text": text} for text in texts)
    for record in records:
        identity = check_id(record, "record")
        plan.append({"type": "record", "record_id": identity.rpartition(":")[2]})
    return plan


def _check_convention(
    session: Session,
    convention: str,
    plan: list[JsonObject],
    assignments: list[str],
    given: JsonObject,
) -> JsonObject:
    """The parameters by the schema; what cannot work is said before anything is sent."""
    from osa.cli.commands.convention import find_convention
    from osa.cli.ingestion import IngestionError
    from osa.cli.parameters import read_parameters

    try:
        detail = find_convention(session, convention)
    except IngestionError as exc:
        if exc.status != 403:
            raise
        # A token may start without being allowed to read; then the server alone checks.
        return read_parameters(assignments, given, {}, convention=convention)
    parameters = read_parameters(
        assignments, given, detail.get("parameters_schema", {}), convention=convention
    )
    if not detail.get("ingestable", True):
        extra = detail.get("missing_extra")
        raise CommandFailed(
            f"The server cannot run {detail['id']}"
            + (f": it lacks the extra {extra!r}." if extra else "."),
            next_step=f"On the server: pip install 'osa-ingestion[{extra}]'" if extra else None,
        )
    types = detail.get("source_types", [])
    if detail.get("source_required") and not plan:
        raise BadUsage(
            f"{detail['id']} needs a source ({', '.join(types)}).",
            next_step=f"osa ingestion start {convention} FILE",
        )
    wanted = {source["type"] for source in plan} | ({"list"} if len(plan) > 1 else set())
    refused = sorted(wanted - set(types)) if types else []
    if plan and not types:
        raise BadUsage(f"{detail['id']} takes no source; its parameters say where to read.")
    if refused:
        raise BadUsage(
            f"{detail['id']} takes no source of type {', '.join(refused)}; "
            f"it takes {', '.join(types)}."
        )
    return parameters


def _send_sources(session: Session, plan: list[JsonObject]) -> JsonObject | None:
    from osa.cli.bars import upload

    total = sum(1 for source in plan if source["type"] == "file")
    items: list[JsonObject] = []
    for source in plan:
        if source["type"] == "file":
            position = 1 + sum(1 for item in items if item["type"] == "file")
            label = f"({position} of {total}) " if total > 1 else ""
            uploaded = upload(session, source["path"], label=label)
            items.append({"type": "file", "upload_id": uploaded["id"]})
        else:
            items.append(source)
    if len(items) > 1:
        return {"type": "list", "items": items}
    return items[0] if items else None


def _read_params_file(path: Path | None) -> JsonObject:
    if path is None:
        return {}
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as exc:
        raise CommandFailed(f"Cannot read {path}: {exc}.", code=ExitCode.USAGE) from exc
    return _read_object(text, str(path))


def _read_object(text: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as exc:
        raise BadUsage(f"{where} is not JSON: {exc}.") from exc
    if not isinstance(value, dict):
        raise BadUsage(f'{where} must be a JSON object, such as {{"a": 1}}.')
    return value


def _read_labels(assignments: list[str]) -> dict[str, str]:
    labels = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or not key:
            raise BadUsage(f"--label {assignment!r}: write it as key=value.")
        labels[key] = value
    return labels
