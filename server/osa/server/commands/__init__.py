"""`osa serve`, `osa worker`, `osa migrate`, `osa token`: what runs on the server's host.

The command line loads this package by name when one of them is asked for.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from osa.conventions import logs
from osa.server import bootstrap
from osa.server.commands import tokens, working
from osa.server.commands.speech import Wrong, say
from osa.server.errors import OsaError
from osa.server.model import Scope
from osa.server.settings import Settings

_DATA_DIR = "the folder of the archive (OSA_DATA_DIR)"


def serve(argv: Sequence[str]) -> int:
    """Run the API and, unless told otherwise, its worker processes."""
    parser = argparse.ArgumentParser(
        prog="osa serve",
        description="Run the API and its worker processes, until SIGTERM or Ctrl-C.",
        epilog="All settings are environment variables too; docs/settings.md lists them.",
    )
    parser.add_argument("--host", help="the address to listen on (OSA_HOST; 127.0.0.1)")
    parser.add_argument("--port", type=int, help="the port; 0 takes a free one (OSA_PORT; 8000)")
    parser.add_argument("--data-dir", type=Path, help=_DATA_DIR)
    parser.add_argument(
        "--workers", type=int, help="worker processes; 0 runs none (OSA_WORKERS; 1)"
    )
    return _run(_serve, parser, argv)


def worker(argv: Sequence[str]) -> int:
    """Run ingestions, without the API."""
    parser = argparse.ArgumentParser(
        prog="osa worker",
        description="Take ingestions from the database and run them, until SIGTERM or Ctrl-C.",
    )
    parser.add_argument("--data-dir", type=Path, help=_DATA_DIR)
    parser.add_argument("--slots", type=int, help="ingestions at the same time (OSA_SLOTS; 2)")
    parser.add_argument(
        "--embedded", action="store_true", help="stop when standard input ends (for `osa serve`)"
    )
    return _run(_work, parser, argv)


def migrate(argv: Sequence[str]) -> int:
    """Bring the database to this version."""
    parser = argparse.ArgumentParser(
        prog="osa migrate",
        description="Bring the database to this version. Once, with servers and workers stopped.",
    )
    parser.add_argument("--data-dir", type=Path, help=_DATA_DIR)
    return _run(_migrate, parser, argv)


def token(argv: Sequence[str]) -> int:
    """Create, list and revoke tokens."""
    parser = argparse.ArgumentParser(
        prog="osa token", description="Create, list and revoke the tokens of this archive."
    )
    parser.add_argument("--data-dir", type=Path, help=_DATA_DIR)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="create|list|revoke")
    create = verbs.add_parser("create", help="make a token; it is shown once")
    create.add_argument("name", help="who or what it is for")
    create.add_argument(
        "--tenant",
        type=tokens.tenant,
        default=tokens.DEFAULT_TENANT,
        help="whose things it sees (default)",
    )
    create.add_argument(
        "--scope",
        action="append",
        choices=[str(scope) for scope in Scope],
        help="what it may do; repeat (ingestions:read and ingestions:write)",
    )
    create.add_argument("--expires-in-days", type=float, help="how long it holds (for ever)")
    listing = verbs.add_parser("list", help="show the tokens, never their secrets")
    listing.add_argument("-o", "--output", choices=["table", "json"], default="table")
    revoke = verbs.add_parser("revoke", help="end a token at once")
    revoke.add_argument("id", help="as `osa token list` shows it")
    for verb in (create, listing, revoke):
        verb.add_argument(
            "--data-dir", type=Path, help=argparse.SUPPRESS, default=argparse.SUPPRESS
        )
    return _run(tokens.manage, parser, argv)


def _run(
    command: Callable[[Settings, argparse.Namespace], int],
    parser: argparse.ArgumentParser,
    argv: Sequence[str],
) -> int:
    options = parser.parse_args(argv)
    names = ("host", "port", "data_dir", "workers", "slots")
    given = {n: v for n in names if (v := getattr(options, n, None)) is not None}
    try:
        settings = Settings(**given)
    except ValidationError as exc:
        for error in exc.errors():
            name = "OSA_" + "_".join(str(part) for part in error["loc"]).upper()
            say(f"osa: {name}: {error['msg']}")
        return 2
    logs.configure(settings.log_level)
    try:
        return command(settings, options)
    except (Wrong, OsaError) as exc:
        say(f"osa: {exc}")
        return 1
    except (OSError, SQLAlchemyError) as exc:
        say(f"osa: {type(exc).__name__}: {exc}")
        return 1


def _serve(settings: Settings, _: argparse.Namespace) -> int:
    # A worker has no use for the API, which takes a third of the time of its start to import.
    from osa.server.commands import serving

    return serving.serve(settings)


def _work(settings: Settings, options: argparse.Namespace) -> int:
    return working.work(settings, embedded=options.embedded)


def _migrate(settings: Settings, _: argparse.Namespace) -> int:
    bootstrap.migrate(settings)
    say("osa: the database is at this version.")
    return 0
