"""The archive as a slot sees it: each look is a question to the worker, which has the database."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from osa.conventions.held import PAGE, Archive, Held, HeldCampaign, HeldPage
from osa.conventions.stored import identity, source_key


class Asking:
    """One question at a time, and its answer."""

    def __init__(self, send: Callable[[Mapping[str, Any]], None]) -> None:
        self._send = send
        self._answers: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
        # A convention may look from several threads; answers come in the order of questions.
        self._asking = threading.Lock()

    def hear(self, answer: Mapping[str, Any]) -> None:
        """The worker has answered."""
        self._answers.put(answer)

    def ask(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        with self._asking:
            self._send({"type": "look", **question})
            return self._answers.get()


class AskedArchive(Archive):
    """Of the ingestion's own convention, or of the one that is named."""

    def __init__(self, asking: Asking, convention_id: str | None = None) -> None:
        self._asking = asking
        self._whose = {} if convention_id is None else {"convention_id": convention_id}

    def of(self, convention_id: str) -> Archive:
        return AskedArchive(self._asking, convention_id)

    def record(self, source_id: str) -> Held | None:
        found = self._records({"source_key": source_key(identity(source_id))})
        return found.records[0] if found.records else None

    def page(self, *, prefix: str, after: str) -> HeldPage:
        return self._records({"prefix": prefix, "after": after})

    def started(self, external_ids: Collection[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        wanted = sorted(set(external_ids))
        for first in range(0, len(wanted), PAGE):
            asked = wanted[first : first + PAGE]
            found |= self._asking.ask({"external_ids": asked})["statuses"]
        return found

    def campaign(self, campaign_id: str) -> HeldCampaign | None:
        found = self._asking.ask({"campaign_id": campaign_id})["campaign"]
        return None if found is None else HeldCampaign(**found)

    def _records(self, question: Mapping[str, str]) -> HeldPage:
        answer = self._asking.ask({**question, **self._whose})
        return HeldPage(
            records=[
                Held(**{**each, "updated_at": datetime.fromisoformat(each["updated_at"])})
                for each in answer["records"]
            ],
            after=answer["after"],
        )
