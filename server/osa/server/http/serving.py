"""The web server. It lives here because it must know the streams: they would hold a shutdown up."""

from __future__ import annotations

import socket

import uvicorn


class Server(uvicorn.Server):
    """uvicorn, which ends the streams first when it is asked to stop."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.app.state.watchers.stop()  # type: ignore[union-attr]
        await super().shutdown(sockets)
