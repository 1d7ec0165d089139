"""Sources on the command line: files, addresses, texts and records, checked, then sent."""

from __future__ import annotations

from pathlib import Path

from osa.cli.output import JsonObject
from osa.cli.problems import BadUsage
from osa.cli.session import Session, check_id


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


def check_sources(convention: JsonObject, plan: list[JsonObject]) -> None:
    """Whether the convention takes these; raises BadUsage, and nothing was sent."""
    types = convention.get("source_types", [])
    if convention.get("source_required") and not plan:
        raise BadUsage(
            f"{convention['id']} needs a source ({', '.join(types)}).",
            next_step=f"osa ingestion start {convention['id']} FILE",
        )
    wanted = {source["type"] for source in plan} | ({"list"} if len(plan) > 1 else set())
    refused = sorted(wanted - set(types)) if types else []
    if plan and not types:
        raise BadUsage(f"{convention['id']} takes no source; its parameters say where to read.")
    if refused:
        raise BadUsage(
            f"{convention['id']} takes no source of type {', '.join(refused)}; "
            f"it takes {', '.join(types)}."
        )


def send_sources(session: Session, plan: list[JsonObject]) -> JsonObject | None:
    """Upload what is a file, and give the source as the server takes it."""
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
