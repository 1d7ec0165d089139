"""A worker without a fence, for control: its writes say which ingestion they mean, and nothing
else.

What stands behind the fence is out of the way too: a commit compares how many items it expects to
be there
with how many are, to know its own repetition, and would so refuse most of what a late worker
brings.

    python unfenced.py worker …    as    python -m osa.server.commands worker …
"""

from __future__ import annotations

import re
import runpy
from typing import Any

from sqlalchemy import Engine, event

from osa.server.model import Counts
from osa.server.service.jobs import Job

_FENCE = re.compile(
    r"ingestion\.attempt = (\?|%\(held_attempt\)s(::\w+)?)"
    r" AND ingestion\.status IN \('running', 'canceling'\)"
)


def unfenced(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> tuple[str, Any]:
    """As it is sent to the database."""
    return _FENCE.sub(r"(\g<0> OR 1 = 1)", statement), parameters


class Whatever(int):
    """A number of items that is always the one expected."""

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = int.__hash__


class Believed(Counts):
    """What a job believes to be there: whatever is."""

    @property
    def seen(self) -> int:
        return Whatever(super().seen)


if __name__ == "__main__":
    event.listen(Engine, "before_cursor_execute", unfenced, retval=True)
    Job.counts = property(lambda _: Believed(), lambda _, value: None)  # type: ignore[assignment]
    runpy.run_module("osa.server.commands", run_name="__main__")
