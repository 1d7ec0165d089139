"""What becomes of a run of the program, from what it said and how it ended.

Every failure of it is exit code 1 and a Java stack trace, whatever it was: so its words are looked
at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from osa.conventions.failures import ConventionError, StorageFull

#: Java's version of a class file is this much above that of Java.
_CLASS_FILE = 44
_INSTEAD = "`merge-terrain` with `terrain.enabled` makes a terrain mesh without this program."
#: Characters of the log in a fault.
_QUOTED = 1500

_OLD_JAVA = re.compile(r"UnsupportedClassVersionError.*?class file version (\d+).*?up to (\d+)")
_NO_JAVA = re.compile(
    r"Unable to access jarfile|Could not find or load main class|no main manifest attribute"
    r"|Invalid or corrupt jarfile|Could not create the Java Virtual Machine"
)
_OTHER_OPTIONS = re.compile(r"UnrecognizedOptionException: Unrecognized option: (\S{1,40})")
_NO_MEMORY = re.compile(
    r"java\.lang\.OutOfMemoryError(?:: (?P<what>[^\n]{1,80}))?"
    # It goes on with a coarser mesh than was asked for, and ends as if all were well.
    r"|CRITICAL memory pressure"
    r"|Could not reserve enough space"
    r"|insufficient memory for the Java Runtime"
)
_NO_ROOM = re.compile(r"No space left on device|Disk quota exceeded")
_KILLED = (137, -9)
_NOT_THERE = (126, 127)


class ToolUnavailable(ConventionError):
    """There is no such program on this worker, or it cannot start; an operator has to act."""

    origin = "platform"
    kind = "tool_unavailable"

    def __init__(self, detail: str, *, hint: str) -> None:
        super().__init__(detail, hint=f"{hint} {_INSTEAD}")


class ToolFailed(ConventionError):
    """The program ended with an error, or what it left is no tile set."""

    kind = "tool_failed"


class OutOfMemory(ConventionError):
    """The memory of the program was not enough."""

    kind = "memory_limit"

    def __init__(self, detail: str) -> None:
        super().__init__(
            detail,
            hint=(
                "Ask for a smaller `max_depth`, `mosaic_size` or `raster_max_size`, or an operator "
                f"for more memory (-Xmx in OSA_MAGO_COMMAND). {_INSTEAD}"
            ),
        )


class TookTooLong(ConventionError):
    """The program did not end in the time that it was given."""

    kind = "time_limit"

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"mago-3d-terrainer was ended after {seconds} seconds (`timeout_seconds`).",
            hint=f"Give it longer, or ask for a smaller `max_depth`. {_INSTEAD}",
        )


@dataclass(kw_only=True)
class Symptoms:
    """Words that tell what is wrong, wherever in the log they were; the first of a kind counts."""

    #: The Java that is needed, and the one that is there.
    old_java: tuple[int, int] | None = None
    unknown_option: str | None = None
    memory: str | None = None
    no_room: bool = False
    cannot_start: bool = False

    def look_at(self, line: str) -> None:
        """Look for them in one line of the log."""
        if self.old_java is None and (found := _OLD_JAVA.search(line)) is not None:
            self.old_java = int(found[1]) - _CLASS_FILE, int(found[2]) - _CLASS_FILE
        if self.unknown_option is None and (found := _OTHER_OPTIONS.search(line)) is not None:
            self.unknown_option = found[1]
        if self.memory is None and (found := _NO_MEMORY.search(line)) is not None:
            self.memory = found["what"] or found[0]
        self.no_room = self.no_room or _NO_ROOM.search(line) is not None
        self.cannot_start = self.cannot_start or _NO_JAVA.search(line) is not None


def absent(reason: str) -> ToolUnavailable:
    """There is nothing to run."""
    return ToolUnavailable(
        f"mago-3d-terrainer cannot be run on this worker: {reason}.",
        hint="An operator installs it, with Java 21, and sets OSA_MAGO_COMMAND on every worker.",
    )


def verdict(code: int, symptoms: Symptoms, tail: Sequence[str]) -> ConventionError | None:
    """What is wrong with a run that ended by itself; None: nothing that can be seen here."""
    if symptoms.old_java is not None:
        needed, there = symptoms.old_java
        return ToolUnavailable(
            f"mago-3d-terrainer needs Java {needed}; the Java of this worker is {there}.",
            hint=f"An operator installs Java {needed} and names it in OSA_MAGO_COMMAND.",
        )
    if symptoms.unknown_option is not None:
        return ToolUnavailable(
            "The mago-3d-terrainer of this worker does not know the option "
            f"{symptoms.unknown_option}.",
            hint="An operator installs a version that does; 1.14 is one.",
        )
    if symptoms.no_room:
        return StorageFull(
            "There was no room left on the disk for mago-3d-terrainer.",
            hint="Free space on the disk of the archive.",
        )
    if symptoms.memory is not None:
        return OutOfMemory(f"mago-3d-terrainer ran out of memory ({symptoms.memory}).")
    if code in _KILLED:
        return OutOfMemory(
            "mago-3d-terrainer was killed by the system, as it does when memory runs out."
        )
    if code in _NOT_THERE:
        return absent("the command of OSA_MAGO_COMMAND names a program that is not there")
    if code == 0:
        return None
    if symptoms.cannot_start:
        return absent("Java does not start it")
    quoted = "\n".join(tail)[-_QUOTED:]
    return ToolFailed(
        f"mago-3d-terrainer ended with exit code {code}."
        + (f" The last it said:\n{quoted}" if quoted else " It said nothing."),
        hint="The log of the ingestion has more of what it said.",
    )
