"""The readings of measuring stations: one record for each row of a CSV table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from pydantic import Field

from osa.conventions import Batch, Context, Convention, File, Item, Params, Progress, SourceInvalid

COLUMNS = ("station", "time", "temperature")


class ReadingParams(Params):
    """How the table is written, and what is believed."""

    delimiter: Literal[",", ";", "\t"] = Field(
        default=",", description="The character between two columns."
    )
    coldest: float = Field(
        default=-5.0, description="Degrees Celsius; a colder reading is rejected."
    )


def ingest(context: Context[ReadingParams]) -> Iterator[Batch]:
    """One item for each row. The cursor is {"rows": how many rows are done}."""
    yield from context.batches(_items(context))


def _items(context: Context[ReadingParams]) -> Iterator[tuple[Item, dict[str, int]]]:
    table = context.fetch(context.sources[0])
    done = context.cursor.get("rows", 0)
    try:
        with table.path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream, delimiter=context.params.delimiter)
            missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise SourceInvalid(
                    f"The table lacks the columns {', '.join(missing)}.",
                    hint="Is `delimiter` right?",
                )
            for number, row in enumerate(rows, start=1):
                if number <= done:
                    continue
                yield _item(context, number, row), {"rows": number}
                context.report(Progress(phase="reading", unit="rows", completed=number))
    except UnicodeDecodeError as exc:
        raise SourceInvalid(f"The table is not UTF-8: {exc.reason}.") from exc


def _item(context: Context[ReadingParams], number: int, row: dict[str, str]) -> Item:
    source_id = f"{row['station']}/{row['time']}"
    try:
        time = datetime.fromisoformat(row["time"]).isoformat()
        temperature = float(row["temperature"])
    except (TypeError, ValueError) as exc:
        return Item.rejected(source_id, kind="unreadable", detail=f"Row {number}: {exc}.")
    # Written so that "nan" is rejected too.
    if not temperature >= context.params.coldest:
        return Item.rejected(
            source_id, kind="too_cold", detail=f"Row {number}: {temperature} degrees."
        )
    path = context.workdir / f"reading-{number}.txt"
    path.write_text(f"{row['station']} {time} {temperature}\n", encoding="utf-8")
    return Item.record(
        source_id,
        title=f"{row['station']}, {time}",
        metadata={"station": row["station"], "time": time, "temperature": temperature},
        files=[File.of(path, name="reading.txt", media_type="text/plain")],
    )


station_readings = Convention(
    id="station-readings",
    title="Station readings",
    version="1.0.0",
    description="Reads a CSV table with the columns station, time and temperature.",
    params=ReadingParams,
    ingest=ingest,
    source_types=("uri", "file", "bytes", "text"),
)
