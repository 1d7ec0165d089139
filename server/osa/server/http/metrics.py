"""Metrics for Prometheus: what this process did, and what the database says when it is asked."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from osa.server.errors import Unavailable
from osa.server.model.service import Measures
from osa.server.service.status import StatusCheck

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4

#: From an index lookup to a client that should have been told to ask again later.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The metrics of one application; nothing is global."""

    def __init__(self, status: StatusCheck) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "osa_http_requests_total",
            "Requests that were answered.",
            ["operation", "status"],
            registry=registry,
        )
        self.seconds = Histogram(
            "osa_http_request_duration_seconds",
            "Time to the end of the answer, streams and waiting reads left out.",
            ["operation"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self.shed = Counter(
            "osa_http_shed_total",
            "Requests that were turned away because too many were under way.",
            ["kind"],
            registry=registry,
        )
        self.rate_limited = Counter(
            "osa_http_rate_limited_total",
            "Requests that were refused because their sender had sent too many.",
            ["policy"],
            registry=registry,
        )
        self.streams = Gauge("osa_streams_open", "Streams that are open.", registry=registry)
        for kind in ("reads", "writes", "cancels"):
            self.shed.labels(kind)
            self.rate_limited.labels(kind)
        self.rate_limited.labels("unauthenticated")
        ProcessCollector(registry=registry)
        registry.register(_Looking(status))

    def exposed(self) -> bytes:
        """All of it, in the text format."""
        return generate_latest(_WithoutCreation(self._registry))


class _WithoutCreation(Collector):
    """Leaves out when each counter was made: another series for each, and of no use in this
    format. The library's own switch for that is global."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for family in self._registry.collect():
            family.samples = [one for one in family.samples if not one.name.endswith("_created")]
            yield family


class _Looking(Collector):
    """Looks when it is asked. While the database is away, it says that and no more."""

    def __init__(self, status: StatusCheck) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        version = GaugeMetricFamily("osa_build_info", "The server's version.", labels=["version"])
        version.add_metric([self._status.version], 1)
        yield version
        try:
            found = self._status.measures()
        except Unavailable:
            yield _gauge("osa_database_up", "Whether the database answers.", 0)
            return
        yield _gauge("osa_database_up", "Whether the database answers.", 1)
        yield from _families(found)


def _families(found: Measures) -> Iterator[Metric]:
    active = GaugeMetricFamily(
        "osa_ingestions_active", "Ingestions that are not done.", labels=["status"]
    )
    for status, count in found.active.items():
        active.add_metric([status.value], count)
    yield active
    ended = GaugeMetricFamily(
        "osa_ingestions_ended_recent",
        "Ingestions that ended in the last hour, and are still listed.",
        labels=["status"],
    )
    for status, count in found.ended_lately.items():
        ended.add_metric([status.value], count)
    yield ended
    yield _gauge(
        "osa_database_latency_seconds",
        "How long a question to the database took.",
        found.database_seconds,
    )
    yield _gauge(
        "osa_queue_oldest_seconds",
        "How long the first has waited of those whose time has come.",
        found.queue_oldest_seconds,
    )
    yield _gauge(
        "osa_ingestions_stalled",
        "Ingestions whose worker lives, and that did not move for a minute.",
        found.stalled,
    )
    yield _gauge(
        "osa_cancels_overdue",
        "Canceling ingestions that are past their deadline.",
        found.cancels_overdue,
    )
    yield _gauge(
        "osa_heartbeat_oldest_seconds",
        "The longest silence about an ingestion that a worker has.",
        found.heartbeat_oldest_seconds,
    )
    yield _gauge(
        "osa_workers_alive", "Workers that gave a sign of life lately.", found.workers_alive
    )
    yield _gauge("osa_worker_slots", "Ingestions that they can run at once.", found.slots)
    yield _gauge("osa_worker_slots_busy", "Ingestions that they run.", found.slots_busy)
    yield _gauge(
        "osa_storage_free_bytes", "Room on the disk of the archive.", found.storage.free_bytes
    )
    yield _gauge(
        "osa_storage_total_bytes", "Size of the disk of the archive.", found.storage.total_bytes
    )
    yield _gauge(
        "osa_storage_min_free_bytes",
        "Room below which nothing is accepted.",
        found.storage.min_free_bytes,
    )


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
