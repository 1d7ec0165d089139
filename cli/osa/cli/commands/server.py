"""`osa serve | worker | migrate | token`: loaded by name, because a client knows no server."""

from __future__ import annotations

import importlib
from typing import Any

import typer

from osa.cli.problems import CommandFailed

_MODULE = "osa.server.commands"
VERBS = {
    "serve": "Run the server with a worker inside (extra: server).",
    "worker": "Run one more worker (extra: server).",
    "migrate": "Bring the database to this version (extra: server).",
    "token": "Make, list, revoke tokens on this host (extra: server).",
}


def add_to(app: typer.Typer) -> None:
    """Hang the server's verbs into the command line without importing the server."""
    for verb, help_text in VERBS.items():
        app.command(
            verb,
            help=help_text,
            options_metavar="",
            # Everything after the verb is the server's to read, `--help` included.
            context_settings={
                "ignore_unknown_options": True,
                "allow_extra_args": True,
                "allow_interspersed_args": False,
                "help_option_names": [],
            },
        )(_passing_on(verb))


def _passing_on(verb: str) -> Any:
    def run(context: typer.Context) -> None:
        raise typer.Exit(run_server_command(verb, list(context.args)))

    return run


def run_server_command(verb: str, arguments: list[str]) -> int:
    """Hand the arguments to the server's own command."""
    try:
        module = importlib.import_module(_MODULE)
    except ModuleNotFoundError as exc:
        raise CommandFailed(
            f"`osa {verb}` needs the server, and {exc.name} is not installed.",
            next_step="Install it with: pip install 'osa-ingestion[server]'",
        ) from exc
    return int(getattr(module, verb)(arguments) or 0)
