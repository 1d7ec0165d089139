"""`osa login | logout`: the token of a server, kept where only its user can read it."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from osa.cli.commands import options
from osa.cli.output import JsonObject, clean, say
from osa.cli.problems import BadUsage, CommandFailed, Detached, ExitCode

_Where = Annotated[
    str | None, typer.Argument(metavar="[URL]", help="The server.", show_default=False)
]


def login(
    url: _Where = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            metavar="NAME",
            help="What the server calls the token, where it does not tell.",
        ),
    ] = None,
    server: options.Server = None,
) -> None:
    """Check a token and keep it for a server.

    The token comes from a prompt, or from standard input. The server becomes the one that is used
    when nothing else names one.
    """
    from osa.cli.config import choose_server, choose_token
    from osa.cli.credentials import store_token

    if url and server and url != server:
        raise BadUsage("Two servers were given.", next_step="Give one: osa login URL")
    choice = choose_server(url or server)
    token = choose_token(choice.server, _ask_token(choice.server)).value

    from osa.cli.ingestion import IngestionError, get_caller

    caller: JsonObject = {}
    try:
        caller = get_caller(server=choice.server, token=token)
    except IngestionError as exc:
        if exc.status == 401:
            raise CommandFailed(
                f"{choice.server} does not accept this token; nothing was stored.",
                next_step="On the server's host `osa token` makes one.",
                code=ExitCode.AUTH,
            ) from exc
        if exc.status != 403:
            raise
        # A good token that may not read, and so not ask who it is; it may still start ingestions.
    name = caller.get("token_name") or name
    path = store_token(choice.server, token, name=name, make_default=True)
    whose = f" as {clean(name)}" if name else ""
    say(f"Logged in to {choice.server}{whose}. The token is in {path}.")
    if caller:
        scopes = ", ".join(clean(scope) for scope in caller["scopes"])
        say(f"It sees the tenant {clean(caller['tenant'])}, and may: {scopes}.")
    if choice.server.startswith("http://") and not _is_local(choice.server):
        say("Careful: over http everyone on the way can read the token. Use https.")
    for variable in ("OSA_TOKEN", "OSA_SERVER"):
        if os.environ.get(variable):
            say(f"{variable} is set and goes before this login.")


def logout(url: _Where = None, server: options.Server = None) -> None:
    """Forget the token of a server. It stays valid until it is revoked there."""
    from osa.cli.config import choose_server
    from osa.cli.credentials import forget_token

    if url and server and url != server:
        raise BadUsage("Two servers were given.", next_step="Give one: osa logout URL")
    choice = choose_server(url or server)
    if forget_token(choice.server):
        say(f"Logged out of {choice.server}. To make the token useless, revoke it there.")
    else:
        say(f"There was no token for {choice.server}.")


def _ask_token(server: str) -> str:
    if not sys.stdin.isatty():
        token = sys.stdin.readline().strip()
    else:
        import getpass

        try:
            token = getpass.getpass(f"Token for {server}: ", stream=sys.stderr).strip()
        except (KeyboardInterrupt, EOFError) as exc:
            raise Detached("Interrupted: nothing was stored.") from exc
    if not token:
        raise BadUsage(
            "No token was given.",
            next_step="Type it at the prompt, or: osa login URL < file-with-the-token",
        )
    return token


def _is_local(server: str) -> bool:
    host = server.partition("://")[2].partition("/")[0]
    return host.startswith(("127.", "localhost", "[::1]"))
