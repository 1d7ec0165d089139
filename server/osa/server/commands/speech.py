"""How the commands of the host speak: to standard error, one sentence each."""

from __future__ import annotations

import sys


class Wrong(Exception):
    """Something an operator has to mend; said in one sentence."""


def say(text: str) -> None:
    """Tell the operator."""
    sys.stderr.write(text + "\n")
