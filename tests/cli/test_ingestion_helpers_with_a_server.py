"""The helpers of control in one go against a real server: both sides mean the same."""

from typing import Any

import pytest

from osa.cli import ingestion as helpers
from osa.cli.ingestion import IngestionError

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

TEXT = {"type": "text", "text": "Salinity was measured at four stations."}
LONG = {"count": 1000, "seconds_per_item": 0.05}


def test_ingestions_are_waited_for_explained_repeated_and_forgotten(serve: Any) -> None:
    access = {"server": serve.url, "token": serve.token}

    def start(**keywords: Any) -> str:
        return str(helpers.start_ingestion(**access, **keywords)["id"])

    short = start(convention_id="documents", source=TEXT, priority=5, max_failed_items=None)
    long = start(convention_id="test-counter", parameters=LONG, concurrency_key="one")
    again = start(
        convention_id="test-counter", parameters=LONG, concurrency_key="one", on_conflict="attach"
    )
    assert again == long
    with pytest.raises(IngestionError) as caught:
        helpers.delete_ingestion(**access, ingestion_id=long)
    assert caught.value.code == "INGESTION_ACTIVE"

    assert helpers.cancel_ingestion(**access, ingestion_id=long, force=True)["done"] is True
    canceled, succeeded = helpers.wait_ingestions(**access, ingestion_ids=[long, short])
    assert (canceled["status"], succeeded["status"]) == ("canceled", "succeeded")
    assert helpers.explain_ingestion(**access, ingestion_id=long)["code"] == "canceled"

    retry = helpers.retry_ingestion(
        **access, ingestion_id=long, scope="all", overrides={"parameters": {"count": 3}}
    )
    ended = helpers.wait_ingestion(**access, ingestion_id=long, follow_retries=True)
    assert (ended["id"], ended["status"]) == (retry["id"], "succeeded")
    lines = list(helpers.iter_logs(**access, ingestion_id=retry["id"], follow=True))
    assert lines == helpers.list_logs(**access, ingestion_id=retry["id"])
    last = helpers.list_logs(**access, ingestion_id=retry["id"], tail=1)
    assert last == lines[-1:]

    both = helpers.get_ingestions(**access, ingestion_ids=[retry["id"], long])
    assert [each["id"] for each in both] == [retry["id"], long]
    assert both[1]["retried_by"] == retry["id"]
    assert helpers.get_ingestion(**access, ingestion_id=short, wait_seconds=1)["done"] is True
    family = helpers.list_ingestions(**access, root_id=long, order="asc")
    assert [each["id"] for each in family] == [long, retry["id"]]
    total = helpers.count_ingestions(**access, ids=[long, short], status="canceled")
    assert total == {"value": 1, "relation": "eq"}

    helpers.delete_ingestion(**access, ingestion_id=retry["id"])
    with pytest.raises(IngestionError) as caught:
        helpers.get_ingestions(**access, ingestion_ids=[long, retry["id"]])
    assert caught.value.code == "INGESTION_NOT_FOUND"
    selected = helpers.clean_up(**access, status=["succeeded", "canceled"])
    assert selected["match_count"] == 2
    done = helpers.clean_up(**access, selection_token=selected["selection_token"])
    assert done["remaining_count"] == 0
    assert helpers.list_ingestions(**access) == []

    told = [entry["action"] for entry in helpers.iter_audit(**access, order="asc")]
    assert {"start_ingestion", "cancel_ingestion", "retry_ingestion", "delete_ingestion"} <= {*told}
    assert helpers.get_caller(**access)["tenant"] == "default"
    assert helpers.get_caller(**access, tenant="elsewhere")["tenant"] == "elsewhere"
    assert helpers.get_service_status(**access)["queue"]["running"] == 0
