"""The entry point: which nouns there are, and where failures become messages and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from osa.cli.commands import account, audit, doctor, lazy, options, server
from osa.cli.output import write
from osa.cli.problems import CommandFailed, ExitCode, ReaderGone
from osa.cli.version import __version__

_NOUNS = {
    "ingestion": "Start, watch, stop and look into ingestions.",
    "campaign": "Run long work in steps that the server drives, and see all of it at once.",
    "record": "Find, read and download what the archive holds.",
    "convention": "See what can be run, and with which parameters.",
}


def _show_version(wanted: bool) -> None:
    if wanted:
        write(f"osa {__version__}")
        raise typer.Exit


def build() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        name="osa",
        cls=lazy.InOrder,
        help="Start, watch, stop and trust every ingestion of an archive.",
        no_args_is_help=True,
        # The pretty help would import a library that takes longer than the rest together.
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog=options.examples(
            "osa convention list",
            "osa ingestion start documents notes.txt --wait",
            "osa ingestion status @last",
            "osa doctor",
        )
        + "\n\n\b\nExit codes:\n"
        + "\n".join(f"  {code:>3}  {code.meaning}" for code in ExitCode),
    )

    @app.callback()
    def root(
        version: Annotated[
            bool,
            typer.Option(
                "--version", help="Show the version.", callback=_show_version, is_eager=True
            ),
        ] = False,
    ) -> None:
        pass

    for name, help_text in _NOUNS.items():
        lazy.add_noun(app, name, help_text)
    app.command(
        epilog=options.examples(
            "osa login https://archive.example", "osa login < file-with-the-token"
        )
    )(account.login)
    app.command()(account.logout)
    app.command(epilog=options.examples("osa doctor", "osa doctor -q", "osa doctor -o json"))(
        doctor.doctor
    )
    app.command(
        epilog=options.examples(
            "osa audit --since 1d", "osa audit --ingestion @last", "osa audit --token-name nightly"
        )
    )(audit.audit)
    server.add_to(app)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and answer its exit code. Expected failures leave no traceback."""
    command = typer.main.get_command(build())
    try:
        code = command.main(
            args=list(sys.argv[1:] if arguments is None else arguments),
            prog_name="osa",
            standalone_mode=False,
        )
        return int(code) if isinstance(code, int) else ExitCode.OK
    except ReaderGone:
        # What is still buffered goes nowhere, so that the interpreter on its way out does not
        # complain about it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.READER_GONE
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Exception as exc:  # noqa: BLE001 - the last edge: nothing may reach the user raw
        return _report(exc)


def _report(exc: Exception) -> int:
    from osa.cli import failures
    from osa.cli.errors import IngestionError

    if isinstance(exc, CommandFailed):
        return failures.report_failure(exc)
    if isinstance(exc, IngestionError):
        return failures.report_error(exc)
    if isinstance(exc, typer.Abort):
        return ExitCode.INTERRUPTED
    show = getattr(exc, "show", None)
    if callable(show):
        # What the parser itself refuses; it knows the usage line of the command.
        show()
        return int(getattr(exc, "exit_code", ExitCode.USAGE))
    if os.environ.get("OSA_DEBUG"):
        raise exc
    return failures.report_defect(exc)


if __name__ == "__main__":
    sys.exit(main())
