"""The rules of the house. `Service` is what the HTTP room knows; `running` and `sweeping` are
what the engine knows; both meet in the store."""

from __future__ import annotations

from dataclasses import dataclass

from osa.server.service.audit import Audit
from osa.server.service.campaigns import Campaigns
from osa.server.service.cleanups import Cleanups
from osa.server.service.conventions import Conventions
from osa.server.service.deletions import Deletions
from osa.server.service.diagnoses import Diagnoses
from osa.server.service.ingestions import Ingestions
from osa.server.service.logs import Logs
from osa.server.service.readiness import ReadinessCheck
from osa.server.service.reading import Reading
from osa.server.service.records import Records
from osa.server.service.retries import Retries
from osa.server.service.status import StatusCheck
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
    diagnoses: Diagnoses
    retries: Retries
    campaigns: Campaigns
    deletions: Deletions
    cleanups: Cleanups
    uploads: Uploads
    logs: Logs
    records: Records
    readiness: ReadinessCheck
    audit: Audit
    status: StatusCheck
