"""What a worker is given, what it is told after each batch, and what settings decide about both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any

from osa.conventions import Source, Step
from osa.server.model import Counts, Ingestion
from osa.server.service.rate import Rate
from osa.server.store.holds import Hold
from osa.server.store.line import Limits


class Verdict(Enum):
    """What a worker does after a commit."""

    CONTINUE = "continue"
    #: A cancel was asked for: end cleanly.
    STOP = "stop"
    #: The limit of items is reached, or too many failed of one that stops early.
    ENOUGH = "enough"
    #: The right is gone: drop everything.
    LOST = "lost"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What is decided by settings."""

    max_fruitless_attempts: int
    backoff_seconds: float
    backoff_max_seconds: float
    limits: Limits = field(default_factory=Limits)
    #: Lines of one ingestion's log; the oldest go beyond it.
    log_lines_kept: int = 10_000


@dataclass(kw_only=True)
class Job:
    """All that a slot needs to run one attempt, and what is known of it since."""

    hold: Hold
    ingestion: Ingestion
    #: After the last batch that is known to be committed.
    cursor: Mapping[str, Any]
    counts: Counts
    sources: Sequence[Source]
    fruitless: int
    #: Of a retry of failed items: the keys of those that count; all others are passed over.
    wanted: frozenset[str] | None = None
    rate: Rate = field(default_factory=Rate)
    #: The highest percent so far: between two of a known total there may be some of an unknown one.
    percent: float = 0.0
    #: Whether this attempt has moved the cursor.
    moved: bool = False
    #: Whether a batch of this attempt was not committed, because its campaign was canceled.
    refused: bool = False

    @property
    def step(self) -> Step | None:
        """The step of a campaign that it is."""
        ingestion = self.ingestion
        if (
            ingestion.campaign_id is None
            or ingestion.campaign_step is None
            or ingestion.start_position is None
        ):
            return None
        return Step(
            campaign_id=ingestion.campaign_id,
            number=ingestion.campaign_step,
            position=ingestion.start_position,
            memo=ingestion.memo or {},
        )

    @cached_property
    def origins(self) -> Mapping[str, int | None]:
        """The records among its sources, and their versions."""
        return {s.record_id: s.record_version for s in self.sources if s.record_id is not None}

    @property
    def seen(self) -> int:
        """How many items are committed, as far as the worker knows."""
        return self.counts.seen
