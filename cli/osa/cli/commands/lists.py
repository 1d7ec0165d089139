"""One thing, or a list of them, as every noun writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from osa.cli.output import Format, JsonObject, say
from osa.cli.session import Session

#: What a table shows when nobody says how much.
TABLE_ROWS = 50


def write_one(
    session: Session, value: JsonObject, show: Callable[[JsonObject], None], *, key: str = "id"
) -> None:
    """One object in the form that was asked for.

    `show` writes it for people; `key` is what `-q` writes of it.
    """
    if session.quiet:
        session.write_ids([value], key)
    elif session.format is not Format.table:
        session.write_object(value)
    else:
        show(value)


def write_list(
    session: Session,
    walk: Callable[..., Iterable[JsonObject]],
    *,
    max_items: int | None,
    show: Callable[[list[JsonObject]], None],
    nothing: str,
    key: str = "id",
) -> None:
    """What `walk(max_items=…)` yields, in the form that was asked for: a table has an end.

    `show` writes the table of what fits; `nothing` is said when there is none; `key` is what `-q`
    writes of each.
    """
    room = max_items or (TABLE_ROWS if session.for_people else None)
    # One more than is shown tells whether there is more.
    found = walk(max_items=room + 1 if room is not None and session.for_people else room)
    if session.quiet:
        session.write_ids(found, key)
    elif session.format is not Format.table:
        session.write_objects(found)
    else:
        rows = list(found)
        if not rows:
            tenant = session.access.get("tenant")
            say(f"{nothing} (Tenant {tenant}.)" if tenant else nothing)
            return
        show(rows[:room])
        if room is not None and len(rows) > room:
            say(f"There are more; --max-items {room * 4} shows more of them, -o jsonl all.")
