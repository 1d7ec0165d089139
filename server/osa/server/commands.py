"""`osa serve`, `osa worker`, `osa migrate`, `osa token`: what runs on the server's host.

The command line loads this module by name when one of them is asked for.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import uvicorn
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from osa.cli.credentials import store_token
from osa.server import bootstrap, logs
from osa.server.bootstrap import House
from osa.server.engine.fleet import Fleet
from osa.server.errors import OsaError
from osa.server.http.app import create_app
from osa.server.model import Scope
from osa.server.settings import Settings

_log = logging.getLogger("osa.server")
_TENANT = "default"
_DATA_DIR = "the folder of the archive (OSA_DATA_DIR)"


class _Wrong(Exception):
    """Something an operator has to mend; said in one sentence."""


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
    return _run(_worker, parser, argv)


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
    create.add_argument("--tenant", default=_TENANT, help="whose things it sees (default)")
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
        verb.add_argument("--data-dir", type=Path, help=argparse.SUPPRESS, default=argparse.SUPPRESS)
    return _run(_token, parser, argv)


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
            _say(f"osa: {name}: {error['msg']}")
        return 2
    logs.configure(settings.log_level)
    try:
        return command(settings, options)
    except (_Wrong, OsaError) as exc:
        _say(f"osa: {exc}")
        return 1
    except (OSError, SQLAlchemyError) as exc:
        _say(f"osa: {type(exc).__name__}: {exc}")
        return 1


def _serve(settings: Settings, _: argparse.Namespace) -> int:
    bootstrap.prepare_folders(settings)
    with _only_one(settings):
        if settings.is_sqlite:
            bootstrap.migrate(settings)
        house = bootstrap.build(settings)
        try:
            return _serve_house(house)
        finally:
            house.close()


def _serve_house(house: House) -> int:
    settings = house.settings
    server = _Server(
        uvicorn.Config(
            create_app(house.service, settings),
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            h11_max_incomplete_event_size=64 * 1024,
        )
    )
    sockets = [server.config.bind_socket()]
    port = sockets[0].getsockname()[1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{port}"
    _first_token(house, address)
    fleet = Fleet(
        settings.workers,
        [sys.executable, "-m", "osa.server.commands", "worker", "--embedded"],
        _worker_environ(settings),
        grace_seconds=settings.shutdown_grace_seconds,
    )
    server.on_exit = fleet.request_stop
    fleet.start()
    stopped = threading.Event()
    sweeping = threading.Thread(target=_sweep, args=(house, stopped), daemon=True)
    sweeping.start()
    _log.info("serving", extra={"address": address, "data_dir": str(settings.data_dir)})
    try:
        server.run(sockets=sockets)
    finally:
        stopped.set()
        fleet.stop()
        sweeping.join(5)
    _log.info("stopped")
    return 0


def _sweep(house: House, stopped: threading.Event) -> None:
    while not stopped.wait(house.settings.sweep_interval_seconds):
        try:
            house.sweeper.sweep()
        except Exception:
            # A sweeper that dies of a defect would leave cancels without their deadline.
            _log.exception("sweep_failed")


class _Server(uvicorn.Server):
    """Stops on SIGTERM and SIGINT with exit code 0: the library would raise the signal again."""

    on_exit: Callable[[], None]

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        def handle(number: int, frame: Any) -> None:
            self.on_exit()
            self.handle_exit(number, frame)

        before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextlib.contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Two servers on one SQLite database would both start workers; PostgreSQL takes as many as wanted."""
    if not settings.is_sqlite:
        yield
        return
    with (settings.data_dir / "serve.lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise _Wrong(
                f"Another `osa serve` runs on {settings.data_dir}. Stop it, or use another --data-dir."
            ) from exc
        yield


def _worker_environ(settings: Settings) -> dict[str, str]:
    environ = {name: value for name, value in os.environ.items() if name != "OSA_ADMIN_TOKEN"}
    environ["OSA_DATA_DIR"] = str(settings.data_dir)
    return environ


def _first_token(house: House, address: str) -> None:
    """A token from outside is kept; without one, the first start makes one for this user."""
    tokens = house.service.tokens
    every = [Scope.READ, Scope.WRITE, Scope.ADMIN]
    preset = house.settings.admin_token
    if preset is not None:
        tokens.preset(preset.get_secret_value(), tenant=_TENANT, name="admin", scopes=every)
        return
    if not tokens.every():
        _, secret = tokens.create(tenant=_TENANT, name="first", scopes=every)
        path = store_token(address, secret, name="first")
        _say(f"osa: the first token is in {path}; `osa ingestion list --server {address}` works now.")


def _worker(settings: Settings, options: argparse.Namespace) -> int:
    bootstrap.prepare_folders(settings)
    house = bootstrap.build(settings)
    try:
        running = house.worker()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: running.stop())
        if options.embedded:
            threading.Thread(
                target=_stop_at_end, args=(sys.stdin.buffer, running.stop), daemon=True
            ).start()
        running.run()
    finally:
        house.close()
    return 0


def _stop_at_end(stream: IO[bytes], stop: Callable[[], None]) -> None:
    stream.read()
    stop()


def _migrate(settings: Settings, _: argparse.Namespace) -> int:
    bootstrap.migrate(settings)
    _say("osa: the database is at this version.")
    return 0


def _token(settings: Settings, options: argparse.Namespace) -> int:
    if settings.is_sqlite:
        bootstrap.migrate(settings)
    house = bootstrap.build(settings)
    try:
        match options.verb:
            case "create":
                return _token_create(house, options)
            case "list":
                return _token_list(house, options)
            case _:
                if not house.service.tokens.revoke(options.id):
                    raise _Wrong(f"There is no valid token {options.id}. `osa token list` shows them.")
                _say(f"osa: {options.id} is revoked.")
                return 0
    finally:
        house.close()


def _token_create(house: House, options: argparse.Namespace) -> int:
    scopes = [Scope(scope) for scope in options.scope or [Scope.READ, Scope.WRITE]]
    expires_at = None
    if options.expires_in_days is not None:
        expires_at = datetime.now(UTC) + timedelta(days=options.expires_in_days)
    token_id, secret = house.service.tokens.create(
        tenant=options.tenant, name=options.name, scopes=scopes, expires_at=expires_at
    )
    _say(f"osa: token {token_id} for {options.name!r}; it is shown once:")
    sys.stdout.write(secret + "\n")
    return 0


def _token_list(house: House, options: argparse.Namespace) -> int:
    rows = [
        {
            "id": token.id,
            "tenant": token.tenant,
            "name": token.name,
            "scopes": sorted(str(scope) for scope in token.scopes),
            "created_at": _time(token.created_at),
            "expires_at": _time(token.expires_at),
            "revoked_at": _time(token.revoked_at),
        }
        for token in house.service.tokens.every()
    ]
    if options.output == "json":
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return 0
    for row in rows:
        state = "revoked" if row["revoked_at"] else f"expires {row['expires_at'] or 'never'}"
        sys.stdout.write(
            f"{row['id']}  {row['tenant']}  {row['name']}  {','.join(row['scopes'])}  {state}\n"
        )
    return 0


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def main() -> int:
    """`python -m osa.server.commands worker …`: how a server starts its workers."""
    return {"serve": serve, "worker": worker, "migrate": migrate, "token": token}[sys.argv[1]](
        sys.argv[2:]
    )


if __name__ == "__main__":
    sys.exit(main())
