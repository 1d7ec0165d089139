"""Runs one command in a process group of its own, and ends the group when whoever started us is
gone: then nobody else is left to do it.

Run by its path, in isolated mode; its standard input is a pipe that says that the starter lives:

    python -I -S guard.py COMMAND …

Ends with the exit code of the command; 128 and the number of the signal that ended it; 126 or 127
when it cannot be run, as a shell does.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

#: Between SIGTERM and SIGKILL once the starter is gone, in seconds.
_TERM_SECONDS = 0.5


def _watch() -> None:
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGTERM)
    time.sleep(_TERM_SECONDS)
    os.killpg(0, signal.SIGKILL)


def main(command: list[str]) -> int:
    """Run it to its end; the exit code."""
    # A handler, and not SIG_IGN, which the command would inherit: SIGTERM goes to the group, and
    # we are the last of it.
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        return 127
    except OSError:
        return 126
    threading.Thread(target=_watch, daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    # Not sys.exit: it would wait for the thread that reads.
    os._exit(main(sys.argv[1:]))
