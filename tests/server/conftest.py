"""What the tests of the HTTP room share: a house on SQLite, a caller, and a server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from osa.server import bootstrap
from osa.server.bootstrap import House
from osa.server.http.app import create_app
from osa.server.http.serving import Server, configured
from osa.server.model import Principal, Scope
from osa.server.settings import Settings


# One house for a module: bringing a database up to its version takes longer than most tests here.
@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        data_dir=tmp_path_factory.mktemp("archive"),
        json_body_max_bytes=200_000,
        upload_max_bytes=300_000,
    )


@pytest.fixture(scope="module")
def house(settings: Settings) -> Iterator[House]:
    bootstrap.migrate(settings)
    built = bootstrap.build(settings)
    yield built
    built.close()


@pytest.fixture(scope="module")
def app(house: House, settings: Settings) -> Iterator[FastAPI]:
    made = create_app(house.service, settings)
    yield made
    made.state.lanes.close()
    made.state.watchers.close()


@pytest.fixture(scope="module")
def secret(house: House) -> str:
    return house.service.tokens.create(tenant="default", name="tester", scopes=[Scope.ADMIN])[1]


@pytest.fixture(scope="module")
def principal(house: House, secret: str) -> Principal:
    return house.service.tokens.authenticate(secret)


class Caller:
    """Asks the application without a socket in between, from tests that are not asynchronous."""

    def __init__(self, app: FastAPI, secret: str | None) -> None:
        self._app = app
        self._headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}

    def __call__(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | list[tuple[str, str]] | None = None,
        **more: object,
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            # What breaks must become an answer, as it would behind a real server.
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=True)
            async with httpx.AsyncClient(transport=transport, base_url="http://osa") as client:
                asked = httpx.Headers(self._headers)
                asked.update(headers)
                return await client.request(method, path, headers=asked, **more)  # type: ignore[arg-type]

        return asyncio.run(ask())

    def as_token(self, secret: str | None) -> Caller:
        return Caller(self._app, secret)


@pytest.fixture
def ask(app: FastAPI, secret: str) -> Caller:
    return Caller(app, secret)


@pytest.fixture
def serve(house: House, settings: Settings) -> object:
    """A real server on loopback, in a thread: `with serve(**settings) as (address, server)`."""

    def go(**changed: object) -> object:
        return _serving(create_app(house.service, settings.model_copy(update=changed)))

    return go


@contextlib.contextmanager
def _serving(app: FastAPI) -> Iterator[tuple[str, Server]]:
    ready = threading.Event()

    class Announcing(Server):
        async def startup(self, sockets: object = None) -> None:
            await super().startup(sockets)  # type: ignore[arg-type]
            ready.set()

    server = Announcing(configured(app, host="127.0.0.1", port=0))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(20)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", server
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def start(ask: Caller) -> object:
    """Start an ingestion of a short text; its JSON."""

    def go(text: str = "Calm sea.", **more: object) -> object:
        source = {"type": "text", "text": text, "filename": "log.txt"}
        body = {"convention_id": "documents", "source": source, **more}
        response = ask("POST", "/api/v1/ingestions", json=body)
        assert response.status_code == 202, response.text
        return response.json()

    return go
