"""Who did what: one entry for each change, in its tenant, in the transaction of the change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from osa.server.errors import ChecksumMismatch, InvalidCursor, OsaError
from osa.server.model import AuditEntry, AuditQuery, Scope


def _entries(player, who=None, **query) -> list[AuditEntry]:
    audit = player.house.service.audit
    found, cursor = [], None
    while True:
        page = audit.page(who or player.principal, AuditQuery(**query), cursor=cursor, per_page=2)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


def _upload(player, who, content: bytes = b"x", **given):
    sink = player.house.service.uploads.begin(who)
    sink.write(content)
    return sink.finish(**{"filename": None, "media_type": None, "sha256": None, **given})


def test_what_a_caller_asked_for_is_noted_with_token_and_request(player, stranger) -> None:
    who = replace(player.principal, request_id="the-request")
    started = player.start(who=who)
    player.ingestions.cancel(who, started.id, reason="Wrong", grace_seconds=1)
    kept = _upload(player, who)
    player.start(who=stranger)
    newest, canceled, oldest = _entries(player)
    assert [one.action for one in (oldest, canceled, newest)] == [
        "start_ingestion",
        "cancel_ingestion",
        "create_upload",
    ]
    assert {
        (one.token_id, one.token_name, one.tenant, one.request_id)
        for one in (oldest, canceled, newest)
    } == {("token", "tester", "default", "the-request")}
    assert (oldest.ingestion_id, canceled.ingestion_id) == (started.id, started.id)
    assert newest.detail == {"upload_id": kept.id, "size": 1, "sha256": kept.sha256}


def test_what_did_not_happen_is_not_noted(player) -> None:
    with pytest.raises(ChecksumMismatch):
        _upload(player, player.principal, sha256="0" * 64)
    with pytest.raises(OsaError):
        player.start("no-such-convention")
    assert _entries(player) == []


def test_tokens_are_noted_without_their_secrets(player) -> None:
    tokens = player.house.service.tokens
    token_id, secret = tokens.create(tenant="default", name="laptop", scopes=[Scope.READ])
    assert tokens.revoke(token_id)
    assert not tokens.revoke(token_id)
    revoked, created = _entries(player)
    assert (created.action, revoked.action) == ("create_token", "revoke_token")
    assert (created.token_id, created.token_name) == (None, "osa")
    named = {"token_id": token_id, "name": "laptop", "tenant": "default"}
    assert created.detail == {**named, "scopes": ["ingestions:read"]}
    assert revoked.detail == named
    assert secret not in repr([revoked, created])


def test_a_preset_token_is_noted_when_it_changes_not_at_each_start(player) -> None:
    preset = player.house.service.tokens.preset
    for secret in ("a secret from outside", "a secret from outside", "another from outside"):
        preset(secret, tenant="default", name="admin", scopes=list(Scope))
    assert [one.action for one in _entries(player)] == [
        "revoke_token",
        "create_token",
        "create_token",
    ]


def test_a_tenant_sees_its_own_audit_and_an_admin_the_one_it_acts_for(player, stranger) -> None:
    ours, theirs = player.start(), player.start(who=stranger)
    assert [one.ingestion_id for one in _entries(player)] == [ours.id]
    assert [one.ingestion_id for one in _entries(player, stranger)] == [theirs.id]
    visiting = replace(player.principal, tenant=stranger.tenant)
    assert [one.ingestion_id for one in _entries(player, visiting)] == [theirs.id]
    # What an admin does for another is noted there, under its own name.
    _upload(player, visiting)
    assert _entries(player, stranger)[0].token_name == player.principal.token_name


def test_filters_and_order(player) -> None:
    another = replace(player.principal, token_name="another", token_id="another")
    first, second = player.start(), player.start(who=another)
    player.cancel(first)
    entries = _entries(player, ascending=True)
    assert [one.ingestion_id for one in entries] == [first.id, second.id, first.id]
    assert entries == _entries(player)[::-1]
    assert len(_entries(player, ingestion_id=first.id)) == 2
    assert [one.ingestion_id for one in _entries(player, token_name="another")] == [second.id]
    moment, tick = entries[1].at, timedelta(microseconds=1)
    after = {one.id for one in _entries(player, created_after=moment)}
    before = {one.id for one in _entries(player, created_before=moment)}
    assert entries[1].id in after
    assert entries[1].id in {one.id for one in _entries(player, created_before=moment + tick)}
    assert not after & before
    assert _entries(player, created_after=datetime(2099, 1, 1, tzinfo=UTC)) == []


def test_a_cursor_of_the_audit_is_bound_to_its_filters_and_its_tenant(player, stranger) -> None:
    for _ in range(3):
        player.start()
    page = player.house.service.audit.page
    first = page(player.principal, AuditQuery(), cursor=None, per_page=2)
    assert (len(first.items), first.has_more) == (2, True)
    second = page(player.principal, AuditQuery(), cursor=first.next_cursor, per_page=2)
    assert (len(second.items), second.has_more) == (1, False)
    back = page(player.principal, AuditQuery(), cursor=second.prev_cursor, per_page=2)
    assert back.items == first.items
    for who, query in (
        (stranger, AuditQuery()),
        (player.principal, AuditQuery(ascending=True)),
        (player.principal, AuditQuery(token_name="tester")),
    ):
        with pytest.raises(InvalidCursor):
            page(who, query, cursor=first.next_cursor, per_page=2)
