"""The rules of the house. `Service` is what the HTTP room knows; `running` and `sweeping` are
what the engine knows; both meet in the store."""

from __future__ import annotations

from dataclasses import dataclass

from osa.server.service.conventions import Conventions
from osa.server.service.ingestions import Ingestions
from osa.server.service.readiness import ReadinessCheck
from osa.server.service.reading import Reading
from osa.server.service.records import Records
from osa.server.service.tokens import Tokens
from osa.server.service.uploads import Uploads


@dataclass(frozen=True, kw_only=True)
class Service:
    """Everything a caller can ask for."""

    domain: str
    tokens: Tokens
    conventions: Conventions
    ingestions: Ingestions
    reading: Reading
    uploads: Uploads
    records: Records
    readiness: ReadinessCheck
