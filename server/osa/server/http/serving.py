"""The web server. It lives here because it must know the streams: they would hold a shutdown up."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI

from osa.server.http.access import MAX_HEADER_BYTES

#: Bytes of the request line and headers that the library reads at most; what is larger, it answers
#: by itself with a plain 400. Far above our own limit, whose answer is a problem.
_MOST_HEADER_BYTES = 2 * MAX_HEADER_BYTES


def configured(app: FastAPI, *, host: str, port: int) -> uvicorn.Config:
    """How the web server is run."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        # Not whatever is installed: the others have other limits, or none.
        http="h11",
        h11_max_incomplete_event_size=_MOST_HEADER_BYTES,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )


class Server(uvicorn.Server):
    """uvicorn, which ends the streams first when it is asked to stop."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.app.state.watchers.stop()  # type: ignore[union-attr]
        await super().shutdown(sockets)
