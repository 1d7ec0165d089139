"""Every operation of the generated client, driven against a real server."""

from __future__ import annotations

import hashlib
import io
import pkgutil
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any
from uuid import UUID

import pytest
from osa_testing.contract import parsed
from osa_testing.waiting import until

import osa.sdk.api
from osa.sdk import AuthenticatedClient, models
from osa.sdk.api.campaigns import (
    advance_campaign,
    cancel_campaign,
    create_campaign,
    get_campaign,
    get_campaign_summary,
    list_campaigns,
    pause_campaign,
    resume_campaign,
)
from osa.sdk.api.conventions import get_convention, list_conventions
from osa.sdk.api.ingestions import (
    cancel_ingestion,
    create_cleanup,
    delete_ingestion,
    explain_ingestion,
    get_artifact_content,
    get_ingestion,
    head_artifact_content,
    list_ingestion_artifacts,
    list_ingestion_events,
    list_ingestion_items,
    list_ingestion_logs,
    list_ingestions,
    retry_ingestion,
    start_ingestion,
    stream_ingestion_events,
)
from osa.sdk.api.records import (
    get_record,
    get_record_file_content,
    head_record_file_content,
    list_records,
)
from osa.sdk.api.service import (
    get_caller,
    get_health,
    get_metrics,
    get_openapi_json,
    get_openapi_yaml,
    get_readiness,
    get_service_status,
    list_audit_entries,
)
from osa.sdk.api.uploads import create_upload, get_upload
from osa.sdk.types import File

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

TEXT = b"Salinity was measured at four stations."


@pytest.fixture
def client(serve: Any) -> Iterator[AuthenticatedClient]:
    with AuthenticatedClient(base_url=serve.url, token=serve.token) as client:
        yield client


def test_every_operation_of_the_client_is_answered_as_the_contract_says(
    client: AuthenticatedClient,
) -> None:
    called: set[str] = set()

    def call(module: Any, *args: Any, status: int = 200, **kwargs: Any) -> Any:
        called.add(module.__name__)
        response = module.sync_detailed(*args, client=client, **kwargs)
        assert response.status_code == HTTPStatus(status), response.content
        return response.parsed

    assert call(get_health).status == "ok"
    assert call(get_readiness).status == "ready"
    document = parsed(call(get_openapi_yaml))
    assert call(get_openapi_json).to_dict() == document

    caller = call(get_caller)
    assert "admin" in caller.scopes
    assert "osa_" in call(get_metrics)

    conventions = call(list_conventions, ingestable=True)
    assert "documents" in {convention.id for convention in conventions.items}
    detail = call(get_convention, "documents")
    assert "extract_text" in detail.parameters_schema.to_dict()["properties"]

    sha256 = hashlib.sha256(TEXT).hexdigest()
    upload = call(
        create_upload,
        status=201,
        body=File(payload=io.BytesIO(TEXT)),
        filename="notes.txt",
        media_type="text/plain",
        sha256=sha256,
    )
    assert call(get_upload, upload.id).sha256 == sha256

    started = call(
        start_ingestion,
        status=202,
        body=models.StartIngestion(
            convention_id="documents",
            source=models.FileSource(upload_id=upload.id, type_="file"),
            name="Notes",
        ),
        idempotency_key="once",
    )
    ended = _ended(lambda: call(get_ingestion, started.id))
    assert (ended.status, ended.counts.created) == ("succeeded", 1)
    assert [one.id for one in call(list_ingestions, convention_id="documents").items] == [ended.id]

    assert any(worker.alive for worker in call(get_service_status).workers)
    page = call(list_ingestions, id=[ended.id], include_total=True)
    assert (page.items[0].id, page.total.value, page.total.relation) == (ended.id, 1, "eq")
    etag = get_ingestion.sync_detailed(ended.id, client=client).headers["ETag"]
    call(get_ingestion, ended.id, status=304, if_none_match=etag)
    assert call(get_ingestion, ended.id, prefer="wait=1").done
    assert call(explain_ingestion, ended.id).code == "succeeded"
    assert call(list_ingestion_logs, ended.id).last_number >= 0

    (item,) = call(list_ingestion_items, ended.id).items
    assert item.outcome == "created"
    events = call(list_ingestion_events, ended.id)
    assert [event.number for event in events.items] == list(range(1, events.last_number + 1))
    stream = call(stream_ingestion_events, ended.id)
    assert stream.count("\nid: ") == events.last_number
    call(stream_ingestion_events, ended.id, status=204, last_event_id=str(events.last_number))

    (artifact,) = call(list_ingestion_artifacts, ended.id).items
    content = call(get_artifact_content, artifact.id).payload.read()
    assert hashlib.sha256(content).hexdigest() == artifact.sha256
    part = call(get_artifact_content, artifact.id, status=206, range_="bytes=0-3").payload.read()
    assert part == content[:4]
    call(head_artifact_content, artifact.id)

    (listed,) = call(list_records, ingestion_id=ended.id).items
    record = call(get_record, listed.id)
    first = next(file for file in record.files if file.sha256 == sha256)
    assert call(get_record_file_content, record.id, first.id).payload.read() == TEXT
    call(head_record_file_content, record.id, first.id)

    long = call(
        start_ingestion,
        status=202,
        body=models.StartIngestion(
            convention_id="test-counter",
            parameters=models.Parameters.from_dict({"count": 1000, "seconds_per_item": 0.05}),
        ),
    )
    until(lambda: call(get_ingestion, long.id).status == "running", "it runs")
    canceling = call(
        cancel_ingestion, long.id, status=202, body=models.CancelIngestion(reason="enough")
    )
    assert canceling.cancel.reason == "enough"
    assert _ended(lambda: call(get_ingestion, long.id)).status == "canceled"

    retry = call(
        retry_ingestion,
        long.id,
        status=202,
        body=models.RetryIngestion(scope=models.RetryScopeChoice.REMAINING),
        idempotency_key="once",
    )
    assert (retry.retry_of, retry.root_id) == (long.id, long.id)
    forced = call(cancel_ingestion, retry.id, body=models.CancelIngestion(force=True))
    assert (forced.status, forced.done) == ("canceled", True)

    body = models.CreateCampaign(
        campaign_id="by-hand",
        convention_id="test-counter",
        parameters=models.Parameters.from_dict({"count": 1000, "seconds_per_item": 0.05}),
        mode=models.CampaignMode.MANUAL,
        public_summary=True,
    )
    created = call(create_campaign, status=201, body=body)
    assert (created.status, created.status_reason) == ("running", "waiting_for_advance")
    assert [one.campaign_id for one in call(list_campaigns).items] == ["by-hand"]
    at = models.AdvanceCampaign(start_position=created.next_start_position)
    step = call(advance_campaign, "by-hand", status=202, body=at).latest_step
    assert [one.id for one in call(list_ingestions, campaign_id="by-hand").items] == [
        step.ingestion_id
    ]
    assert call(pause_campaign, "by-hand").status == "paused"
    assert call(resume_campaign, "by-hand").status == "running"
    token = call(get_campaign, "by-hand").summary_href.rpartition("/")[2]
    assert call(get_campaign_summary, token).children.total == 0
    stopped = call(cancel_campaign, "by-hand", body=models.CancelIngestion(force=True))
    assert (stopped.status, stopped.done) == ("canceled", True)
    call(delete_ingestion, step.ingestion_id, status=204)

    call(delete_ingestion, retry.id, status=204)
    call(get_ingestion, retry.id, status=404)
    filters = models.CleanUpIngestions(
        status=[models.EndedStatusChoice.SUCCEEDED, models.EndedStatusChoice.CANCELED]
    )
    selected = call(create_cleanup, body=filters)
    assert (selected.match_count, selected.remaining_count) == (2, 2)
    filters.selection_token = selected.selection_token
    deleted = call(create_cleanup, body=filters)
    assert (deleted.deleted_count, deleted.remaining_count) == (2, 0)
    assert call(list_ingestions).items == []
    assert call(get_record, record.id).id == record.id

    (entry,) = call(list_audit_entries, ingestion_id=retry.id).items[:1]
    assert entry.action == "delete_ingestion"

    every = {
        f"{folder.name}.{module.name}"
        for folder in pkgutil.iter_modules(osa.sdk.api.__path__, "osa.sdk.api.")
        for module in pkgutil.iter_modules(
            [f"{osa.sdk.api.__path__[0]}/{folder.name.rpartition('.')[2]}"]
        )
    }
    assert called == every


def test_a_documented_problem_comes_back_as_a_value(client: AuthenticatedClient) -> None:
    unknown = UUID("019aa9d4-7c00-7f6e-8d53-5a4b1c2d3e4f")
    problem = get_ingestion.sync(unknown, client=client)
    assert isinstance(problem, models.Problem)
    assert (problem.status, problem.code) == (404, "INGESTION_NOT_FOUND")


def _ended(look: Callable[[], Any]) -> Any:
    return until(lambda: (found := look()).done and found, "it ends")
