"""The server: the API, its sweeper and its worker processes, from start to stop."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from osa.cli.credentials import store_token
from osa.cli.problems import CommandFailed
from osa.server import bootstrap
from osa.server.bootstrap import House
from osa.server.commands.speech import Wrong, say
from osa.server.commands.tokens import DEFAULT_TENANT
from osa.server.engine.fleet import Fleet
from osa.server.errors import Unavailable
from osa.server.http.app import create_app
from osa.server.http.serving import Server, configured
from osa.server.model import Scope
from osa.server.service.sweeping import HOUSEKEEPING_SECONDS
from osa.server.settings import Settings

_log = logging.getLogger("osa.server")


def serve(settings: Settings) -> int:
    """Until SIGTERM or Ctrl-C; answers the exit code."""
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
    _allow_many_files()
    app = create_app(house.service, settings)
    server = _Server(configured(app, host=settings.host, port=settings.port))
    sockets = [server.config.bind_socket()]
    # The event loop sets this only on sockets that it made itself. Without it the second half of
    # an answer waits for the client's delayed acknowledgement of the first: 40 ms for each request.
    sockets[0].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = sockets[0].getsockname()[1]
    address = _address(settings.host, port)
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
    sweeping = _every(house.settings.sweep_interval_seconds, house.sweeper.sweep, stopped)
    _every(HOUSEKEEPING_SECONDS, house.sweeper.keep_house, stopped)
    _log.info("serving", extra={"address": address, "data_dir": str(settings.data_dir)})
    try:
        server.run(sockets=sockets)
    finally:
        stopped.set()
        fleet.stop()
        sweeping.join(5)
    _log.info("stopped")
    return 0


def _allow_many_files() -> None:
    """Each stream is an open file. The usual soft limit of 1,024 is there for programs that use
    select(), which we do not; the hard one is the operator's."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        _log.debug("open_files", extra={"before": soft, "now": hard})


def _every(seconds: float, step: Callable[[], None], stopped: threading.Event) -> threading.Thread:
    def loop() -> None:
        while not stopped.wait(seconds):
            try:
                step()
            except Unavailable as exc:
                _log.warning("database_away", extra={"step": step.__name__, "detail": exc.detail})
            except Exception:  # noqa: BLE001 - see below
                # A sweeper that dies of a defect would leave cancels without their deadline.
                _log.exception("step_failed", extra={"step": step.__name__})

    thread = threading.Thread(target=loop, name=step.__name__, daemon=True)
    thread.start()
    return thread


class _Server(Server):
    """Stops on SIGTERM and SIGINT with exit code 0: the library would raise the signal again."""

    on_exit: Callable[[], None]

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        def handle(number: int, frame: Any) -> None:
            self.on_exit()
            self.handle_exit(number, frame)

        before = {
            number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextlib.contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Two servers on one SQLite database would both start workers; PostgreSQL takes many."""
    if not settings.is_sqlite:
        yield
        return
    with (settings.data_dir / "serve.lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise Wrong(
                f"Another `osa serve` runs on {settings.data_dir}."
                " Stop it, or use another --data-dir."
            ) from exc
        yield


def _worker_environ(settings: Settings) -> dict[str, str]:
    environ = {name: value for name, value in os.environ.items() if name != "OSA_ADMIN_TOKEN"}
    environ["OSA_DATA_DIR"] = str(settings.data_dir)
    return environ


def _address(host: str, port: int) -> str:
    """Where a client on this machine finds the server."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host)
    return f"http://{reachable or (f'[{host}]' if ':' in host else host)}:{port}"


def _first_token(house: House, address: str) -> None:
    """A token from outside is kept; without one, the first start makes one for this user."""
    tokens = house.service.tokens
    every = [Scope.READ, Scope.WRITE, Scope.ADMIN]
    preset = house.settings.admin_token
    if preset is not None:
        tokens.preset(preset.get_secret_value(), tenant=DEFAULT_TENANT, name="admin", scopes=every)
        return
    if not tokens.every():
        _, secret = tokens.create(tenant=DEFAULT_TENANT, name="first", scopes=every)
        try:
            path = store_token(address, secret, name="first")
        except (CommandFailed, OSError) as exc:
            say(f"osa: the first token could not be kept for this user: {exc}")
            say("osa: make one with `osa token create NAME`, or set OSA_ADMIN_TOKEN.")
            return
        say(f"osa: the first token is in {path}; `osa ingestion list --server {address}` works.")
