"""`osa ingestion retry`: what failed, what is left, or everything again."""

from __future__ import annotations

from typing import Annotated, Any, Unpack

import typer

from osa.cli.commands import details, options
from osa.cli.commands.showing import accepted
from osa.cli.output import JsonObject, say
from osa.cli.problems import BadUsage, CommandFailed, Detached, ExitCode
from osa.cli.session import Session, open_session

_SCOPES = {
    "failed_items": "only the items that were rejected or failed",
    "remaining": "what comes after the last committed batch",
    "all": "everything again",
}


@options.asking()
def retry(
    ingestion: options.Ingestion = None,
    scope: Annotated[
        str | None,
        typer.Option(
            "--scope",
            metavar="SCOPE",
            help="failed_items: those that were rejected or failed; remaining: what comes after "
            "the last committed batch; all: everything again. Without it the one is taken that "
            "leaves nothing out; where two make sense you have to say which, because an ingestion "
            "has one retry only.",
            autocompletion=options.completing(tuple(_SCOPES)),
            show_default=False,
        ),
    ] = None,
    param: details.Param = None,
    params_file: details.ParamsFile = None,
    name: details.Name = None,
    external_id: details.ExternalId = None,
    label: details.Label = None,
    metadata: details.Metadata = None,
    batch_size: Annotated[int | None, details.BATCH_SIZE] = None,
    priority: details.Priority = None,
    deadline: details.Deadline = None,
    max_failed_items: details.MaxFailedItems = None,
    stop_early: Annotated[
        bool | None,
        typer.Option(
            "--stop-early/--try-every-item",
            help="Stop once too many items failed, or not.",
            show_default=False,
        ),
    ] = None,
    idempotency_key: details.IdempotencyKey = None,
    wait: details.Wait = False,
    watch: details.Watch = False,
    timeout: options.Timeout = None,
    **asked: Unpack[options.Asked],
) -> None:
    """Try an ended ingestion again, as a new one linked to it.

    What is not said here is taken over, except the external id; a label or parameter goes over
    the one of the same name. The new id is standard output and becomes @last. With --wait or
    --watch the exit code tells how it ended (0 succeeded, 3 failed, 4 canceled, 5 waited too long).
    """
    given = details.read_params_file(params_file)
    labels = details.read_labels(label)
    overrides: dict[str, Any] = {
        "name": name,
        "external_id": external_id,
        "metadata": details.read_object(metadata, "--metadata") if metadata else None,
        "batch_size": batch_size,
    }
    overrides = {key: value for key, value in overrides.items() if value is not None}
    overrides |= details.read_limits(
        priority=priority,
        deadline=deadline,
        max_failed_items=max_failed_items,
        stop_early=stop_early,
    )
    seconds = details.read_timeout(timeout, waits=wait or watch)
    if scope is not None:
        scope = scope.strip().lower().replace("-", "_")
        options.check_word(scope, tuple(_SCOPES), option="--scope")
    session = open_session(**asked)
    identity = session.resolve_ingestion(ingestion)

    from osa.cli.ingestion import get_ingestion, retry_ingestion

    if scope is None or param or given or labels:
        before = get_ingestion(**session.access, ingestion_id=identity)
        if scope is None:
            scope = _choose_scope(before)
            if not session.quiet:
                say(f"Scope {scope}: {_SCOPES[scope]}.")
        if param or given:
            overrides["parameters"] = _check_parameters(session, before, param or [], given)
        if labels:
            # On the wire they replace all of them; here one label is one label.
            overrides["labels"] = {**(before.get("labels") or {}), **labels}
    try:
        started = retry_ingestion(
            **session.access,
            ingestion_id=identity,
            scope=scope,
            overrides=overrides or None,
            idempotency_key=idempotency_key,
        )
    except KeyboardInterrupt as exc:
        raise Detached(
            "Interrupted: the server may have accepted the retry.\n"
            f"See with: osa ingestion list --retry-of {identity}"
        ) from exc
    accepted(session, started, wait=wait, watch=watch, timeout=seconds)


def _check_parameters(
    session: Session, before: JsonObject, assignments: list[str], given: JsonObject
) -> JsonObject:
    """The changed parameters, checked together with those that stay."""
    from osa.cli.commands.convention import find_schema
    from osa.cli.parameters import read_parameters

    convention = str(before["convention_id"])
    detail = find_schema(session, convention)
    schema = detail.get("parameters_schema", {}) if detail else {}
    kept = before.get("parameters") or {}
    together = read_parameters(assignments, {**kept, **given}, schema, convention=convention)
    changed = {*given, *(text.partition("=")[0].strip() for text in assignments)}
    return {key: value for key, value in together.items() if key in changed}


def _choose_scope(before: JsonObject) -> str:
    """The scope that leaves nothing out and repeats the least; raises where nobody can know."""
    from osa.cli.views import allowed_scopes

    identity, allowed = before["id"], allowed_scopes(before)
    if not allowed:
        actions = {each.get("action"): each for each in before.get("allowed_actions") or ()}
        reason = actions.get("retry_all", {}).get("reason") or "The server does not allow it."
        if before.get("retried_by"):
            next_step = f"See its retry with: osa ingestion status {before['retried_by']}"
        elif not before.get("done"):
            next_step = f"Stop it first with: osa ingestion cancel {identity} --wait"
        else:
            next_step = f"See it with: osa ingestion status {identity}"
        raise CommandFailed(
            f"Ingestion {identity} cannot be retried. {reason}",
            next_step=next_step,
            code=ExitCode.CONFLICT,
        )
    if "failed_items" in allowed and "remaining" in allowed:
        raise BadUsage(
            f"Ingestion {identity} has failed items, and a rest that it never came to.",
            next_step="Say which with --scope failed_items, --scope remaining, "
            "or --scope all for both.",
        )
    for scope in ("failed_items", "remaining"):
        if scope in allowed:
            return scope
    if before.get("status") == "succeeded":
        raise BadUsage(
            f"Ingestion {identity} succeeded; nothing failed, and nothing is left.",
            next_step=f"To do it all again: osa ingestion retry {identity} --scope all",
        )
    return "all"
