"""Each code of the contract is answered by the real application; a code that nobody can produce has
no place in it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from osa_testing.contract import CONTRACT
from sqlalchemy import update

from osa.conventions import Batch, File, Item
from osa.server import errors
from osa.server.bootstrap import House
from osa.server.http.app import create_app
from osa.server.http.problems import TABLE
from osa.server.model import Scope
from osa.server.settings import Settings
from osa.server.store.objects import Objects
from osa.server.store.tables import ingestion

CODES = CONTRACT["components"]["schemas"]["ProblemCode"]["anyOf"][0]["enum"]
STATUSES = {row.code: row.status for row in TABLE.values()}
INGESTIONS = "/api/v1/ingestions"
CAMPAIGNS = "/api/v1/campaigns"
NOBODY = "01a200fc-8187-72e0-b189-35ebc75996a8"
_UNIQUE = itertools.count()


class World:
    """The application, and ways to bring it about."""

    def __init__(self, ask: Any, house: House, settings: Settings, secret: str) -> None:
        self.ask, self.house, self.settings, self.secret = ask, house, settings, secret
        self._apps: list[Any] = []

    def start(self, **body: Any) -> Any:
        headers = {"Idempotency-Key": body.pop("key")} if "key" in body else {}
        source = {"type": "text", "text": "Calm sea.", "filename": "log.txt"}
        body = {"convention_id": "documents", "source": source, **body}
        return self.ask("POST", INGESTIONS, json=body, headers=headers)

    def started(self, **body: Any) -> str:
        response = self.start(**body)
        assert response.status_code == 202, response.text
        return str(response.json()["id"])

    def ended(self, *items: Item, **body: Any) -> str:
        id = self.started(**body)
        job = self.house.running.take(id, "a-worker")
        assert job is not None
        batch = Batch(items=items, cursor={"n": 1})
        self.house.running.commit(job, batch, None, workdir=self.settings.work_dir)
        assert self.house.running.complete(job) is not None
        return id

    def create(self, **body: Any) -> Any:
        """A campaign that nobody drives."""
        body = {
            "campaign_id": f"campaign-{next(_UNIQUE)}",
            "convention_id": "hyspex-csw-parent",
            "parameters": {"csw_url": "https://csw.example.org/csw", "parent_identifier": "p"},
            "mode": "manual",
            **body,
        }
        return self.ask("POST", CAMPAIGNS, json=body)

    def change(self, id: str, what: str, **body: Any) -> Any:
        return self.ask("POST", f"{CAMPAIGNS}/{id}/{what}", **({"json": body} if body else {}))

    def retry(self, id: str, scope: str = "all") -> Any:
        return self.ask("POST", f"{INGESTIONS}/{id}/retry", json={"scope": scope})

    def cleanup(self, **body: Any) -> Any:
        return self.ask("POST", "/api/v1/cleanups", json=body)

    def with_settings(self, **changed: Any) -> Any:
        """A caller of the same archive, served with other settings."""
        app = create_app(self.house.service, self.settings.model_copy(update=changed))
        self._apps.append(app)
        return type(self.ask)(app, self.secret)

    def close(self) -> None:
        for app in self._apps:
            app.state.lanes.close()
            app.state.watchers.close()


@pytest.fixture
def world(ask: Any, house: House, settings: Settings, secret: str) -> Iterator[World]:
    made = World(ask, house, settings, secret)
    yield made
    made.close()


def _forbidden(world: World, patch: pytest.MonkeyPatch) -> Any:
    reader = world.house.service.tokens.create(tenant="t", name="r", scopes=[Scope.READ])[1]
    return world.ask.as_token(reader)("POST", INGESTIONS, json={"convention_id": "documents"})


def _file_not_found(world: World, patch: pytest.MonkeyPatch) -> Any:
    world.ended(Item.record(f"record-{next(_UNIQUE)}"))
    record = world.ask("GET", "/api/v1/records?per_page=1").json()["items"][0]["id"]
    return world.ask("GET", f"/api/v1/records/{record}/files/{NOBODY}/content")


def _already_running(world: World, patch: pytest.MonkeyPatch) -> Any:
    key = f"site-{next(_UNIQUE)}"
    world.started(concurrency_key=key)
    return world.start(concurrency_key=key)


def _external_id_taken(world: World, patch: pytest.MonkeyPatch) -> Any:
    name = f"mine-{next(_UNIQUE)}"
    world.started(external_id=name)
    return world.start(external_id=name)


def _already_retried(world: World, patch: pytest.MonkeyPatch) -> Any:
    id = world.ended(Item.record("a"))
    assert world.retry(id).status_code == 202
    return world.retry(id)


def _deleted(world: World, patch: pytest.MonkeyPatch) -> Any:
    key = f"key-{next(_UNIQUE)}"
    id = world.ended(Item.record("a"), key=key)
    assert world.ask("DELETE", f"{INGESTIONS}/{id}").status_code == 204
    return world.start(key=key)


def _key_reused(world: World, patch: pytest.MonkeyPatch) -> Any:
    key = f"key-{next(_UNIQUE)}"
    world.started(key=key)
    return world.start(key=key, name="another")


def _convention_changed(world: World, patch: pytest.MonkeyPatch) -> Any:
    id = world.ended(Item.rejected("bad", kind="odd", detail="It is odd."))
    with world.house.database.write() as tx:
        tx.execute(update(ingestion).where(ingestion.c.id == id).values(convention_version="0.9.0"))
    return world.retry(id, "failed_items")


def _convention_unavailable(world: World, patch: pytest.MonkeyPatch) -> Any:
    convention = world.house.service.conventions.find("documents")
    patch.setattr(type(convention), "missing_extra", "documents")
    return world.start()


def _selection_mismatch(world: World, patch: pytest.MonkeyPatch) -> Any:
    token = world.cleanup(status=["failed"]).json()["selection_token"]
    return world.cleanup(status=["canceled"], selection_token=token)


def _range(world: World, patch: pytest.MonkeyPatch) -> Any:
    upload = world.ask("POST", "/api/v1/uploads", content=b"12345678", headers=_BYTES).json()
    id = world.started(source={"type": "file", "upload_id": upload["id"]})
    job = world.house.running.take(id, "a-worker")
    assert job is not None
    path = world.settings.work_dir / f"made-{next(_UNIQUE)}"
    path.write_bytes(b"12345678")
    file = File.of(path, name="made.txt", media_type="text/plain", artifact=True)
    batch = Batch(items=[Item.record("ranged", files=[file])], cursor={})
    world.house.running.commit(job, batch, None, workdir=world.settings.work_dir)
    artifact = world.ask("GET", f"{INGESTIONS}/{id}/artifacts").json()["items"][0]["id"]
    return world.ask(
        "GET", f"/api/v1/artifacts/{artifact}/content", headers={"Range": "bytes=100-"}
    )


def _campaign_exists(world: World, patch: pytest.MonkeyPatch) -> Any:
    id = world.create().json()["campaign_id"]
    return world.create(campaign_id=id, start_position=2)


def _step_active(world: World, patch: pytest.MonkeyPatch) -> Any:
    id = world.create().json()["campaign_id"]
    assert world.change(id, "advance", start_position=1).status_code == 202
    return world.change(id, "advance", start_position=1)


def _campaign_ended(world: World, patch: pytest.MonkeyPatch) -> Any:
    id = world.create().json()["campaign_id"]
    assert world.change(id, "cancel").status_code == 200
    return world.change(id, "pause")


def _too_many(world: World, patch: pytest.MonkeyPatch) -> Any:
    ask = world.with_settings(reads_per_minute=1)
    ask("GET", INGESTIONS)
    return ask("GET", INGESTIONS)


def _broken(world: World, patch: pytest.MonkeyPatch, error: Exception) -> Any:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    patch.setattr(type(world.house.service.conventions), "list", fail)
    return world.ask("GET", "/api/v1/conventions")


def _storage_full(world: World, patch: pytest.MonkeyPatch) -> Any:
    def full(self: Objects) -> None:
        raise errors.StorageFull("There is not enough room on the data disk.")

    patch.setattr(Objects, "check_room", full)
    return world.start()


_BYTES = {"Content-Type": "application/octet-stream"}
Produce = Callable[[World, pytest.MonkeyPatch], Any]

PRODUCERS: Mapping[str, Produce] = {
    "INVALID_REQUEST": lambda w, p: w.ask("GET", f"{INGESTIONS}?nope=1"),
    "INVALID_CURSOR": lambda w, p: w.ask("GET", f"{INGESTIONS}?cursor=abc"),
    "UNAUTHENTICATED": lambda w, p: w.ask.as_token(None)("GET", INGESTIONS),
    "FORBIDDEN": _forbidden,
    "NOT_FOUND": lambda w, p: w.ask("GET", "/nope"),
    "INGESTION_NOT_FOUND": lambda w, p: w.ask("GET", f"{INGESTIONS}/{NOBODY}"),
    "CONVENTION_NOT_FOUND": lambda w, p: w.start(convention_id="nope"),
    "UPLOAD_NOT_FOUND": lambda w, p: w.start(source={"type": "file", "upload_id": NOBODY}),
    "RECORD_NOT_FOUND": lambda w, p: w.ask("GET", f"/api/v1/records/{NOBODY}"),
    "ARTIFACT_NOT_FOUND": lambda w, p: w.ask("GET", f"/api/v1/artifacts/{NOBODY}/content"),
    "FILE_NOT_FOUND": _file_not_found,
    "SELECTION_NOT_FOUND": lambda w, p: w.cleanup(selection_token=NOBODY),
    "CAMPAIGN_NOT_FOUND": lambda w, p: w.ask("GET", f"{CAMPAIGNS}/nope"),
    "CAMPAIGN_EXISTS": _campaign_exists,
    "CAMPAIGN_POSITION_STALE": lambda w, p: w.change(
        w.create().json()["campaign_id"], "advance", start_position=2
    ),
    "CAMPAIGN_STEP_ACTIVE": _step_active,
    "CAMPAIGN_ENDED": _campaign_ended,
    "METHOD_NOT_ALLOWED": lambda w, p: w.ask("PUT", INGESTIONS),
    "INGESTION_ACTIVE": lambda w, p: w.ask("DELETE", f"{INGESTIONS}/{w.started()}"),
    "INGESTION_ALREADY_ENDED": lambda w, p: w.ask(
        "POST", f"{INGESTIONS}/{w.ended(Item.record('a'))}/cancel"
    ),
    "INGESTION_ALREADY_RETRIED": _already_retried,
    "INGESTION_ALREADY_RUNNING": _already_running,
    "INGESTION_DELETED": _deleted,
    "NOTHING_TO_RETRY": lambda w, p: w.retry(w.ended(Item.record("a")), "failed_items"),
    "CONVENTION_CHANGED": _convention_changed,
    "SELECTION_MISMATCH": _selection_mismatch,
    "EXTERNAL_ID_TAKEN": _external_id_taken,
    "BODY_TOO_LARGE": lambda w, p: w.start(metadata={"x": "y" * 250_000}),
    "UNSUPPORTED_MEDIA_TYPE": lambda w, p: w.ask(
        "POST", INGESTIONS, content=b"a=b", headers={"Content-Type": "text/plain"}
    ),
    "RANGE_NOT_SATISFIABLE": _range,
    "INVALID_PARAMETERS": lambda w, p: w.start(parameters={"nope": 1}),
    "INVALID_SOURCE": lambda w, p: w.start(convention_id="nc-to-geotiff"),
    "SOURCE_NOT_ALLOWED": lambda w, p: w.start(source={"type": "uri", "uri": "http://127.0.0.1/"}),
    "CONVENTION_UNAVAILABLE": _convention_unavailable,
    "IDEMPOTENCY_KEY_REUSED": _key_reused,
    "CHECKSUM_MISMATCH": lambda w, p: w.ask(
        "POST", f"/api/v1/uploads?sha256={'0' * 64}", content=b"x", headers=_BYTES
    ),
    "TOO_MANY_REQUESTS": _too_many,
    "HEADERS_TOO_LARGE": lambda w, p: w.ask("GET", INGESTIONS, headers={"X-Large": "x" * 40_000}),
    "INTERNAL_ERROR": lambda w, p: _broken(w, p, RuntimeError("a defect")),
    "SERVICE_UNAVAILABLE": lambda w, p: _broken(w, p, errors.Unavailable("It is away.")),
    "OVERLOADED": lambda w, p: w.with_settings(max_pending=0)("GET", INGESTIONS),
    "STORAGE_FULL": _storage_full,
}


def test_nobody_produces_what_the_contract_does_not_know() -> None:
    assert PRODUCERS.keys() <= set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_each_code_is_answered(world: World, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    response = PRODUCERS[code](world, monkeypatch)
    assert response.headers["content-type"] == "application/problem+json", response.text
    problem = response.json()
    assert (problem["code"], problem["status"], response.status_code) == (
        code,
        STATUSES[code],
        STATUSES[code],
    )
    assert problem["detail"] and problem["request_id"] == response.headers["x-request-id"]
    if code in ("TOO_MANY_REQUESTS", "SERVICE_UNAVAILABLE", "OVERLOADED", "STORAGE_FULL"):
        assert int(response.headers["retry-after"]) >= 1
