"""One thing done to several ingestions, where each may be refused for reasons of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from osa.cli.output import say
from osa.cli.problems import ExitCode

#: What would be the same for all that come after.
_HOPELESS = (ExitCode.AUTH, ExitCode.UNAVAILABLE)


def for_each(identities: Sequence[str], act: Callable[[str], None]) -> ExitCode:
    """Do it to each; the others are tried although one is refused. The first failure's code.

    A server that is away, or refuses the token, is told of once.
    """
    from osa.cli import failures
    from osa.cli.errors import IngestionError

    first = ExitCode.OK
    for number, identity in enumerate(identities, start=1):
        try:
            act(identity)
        except IngestionError as exc:
            code = failures.report_error(exc)
            first = first or code
            if code in _HOPELESS:
                if left := len(identities) - number:
                    say(f"Not tried: {left} more.")
                break
    return first
