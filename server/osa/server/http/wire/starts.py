"""What callers send to start and to cancel."""

from __future__ import annotations

from typing import Annotated

from pydantic import MISSING, BeforeValidator, Field

from osa.server.http.wire.sources import Source
from osa.server.http.wire.strict import Strict, whole
from osa.server.http.wire.words import (
    ConventionId,
    ExternalId,
    Labels,
    Limit,
    Metadata,
    Parameters,
)
from osa.server.model import StartRequest


class StartIngestion(Strict):
    convention_id: ConventionId
    source: Source | MISSING = MISSING
    parameters: Parameters | MISSING = MISSING
    batch_size: Annotated[int, Field(ge=1, le=10000), BeforeValidator(whole)] = 1000
    limit: Limit | MISSING = MISSING
    name: (
        Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
        | MISSING
    ) = MISSING
    external_id: ExternalId | MISSING = MISSING
    metadata: Metadata | MISSING = MISSING
    labels: Labels | MISSING = MISSING

    def requested(self) -> StartRequest:
        return StartRequest(
            convention_id=self.convention_id,
            source=None if self.source is MISSING else self.source.requested(),
            parameters={} if self.parameters is MISSING else self.parameters,
            batch_size=self.batch_size,
            limit=None if self.limit is MISSING else self.limit,
            name=None if self.name is MISSING else self.name,
            external_id=None if self.external_id is MISSING else self.external_id,
            metadata={} if self.metadata is MISSING else self.metadata,
            labels={} if self.labels is MISSING else self.labels,
        )


class CancelIngestion(Strict):
    reason: Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")] | MISSING = MISSING
    grace_seconds: Annotated[int, Field(ge=0, le=3600), BeforeValidator(whole)] = 120
