"""Counters for Prometheus. In: answers that were sent. Out: text. Never: URLs or words that somebody asked for."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from archiver.archive import Archive
from archiver.catalog import Query

_SECONDS = (0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """The counters of one server."""

    def __init__(self, archive: Archive) -> None:
        self._archive, self._registry = archive, CollectorRegistry()
        labels = ("route", "method", "status")
        self._answers = Counter("newsvault_http_answers", "Answers sent.", labels, registry=self._registry)
        self._seconds = Histogram(
            "newsvault_http_seconds",
            "Time until an answer's first byte.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._damaged = Counter(
            "newsvault_damaged_bodies", "Bodies that were not as promised.", registry=self._registry
        )
        self._snapshots = Gauge("newsvault_snapshots", "Snapshots in the catalog.", registry=self._registry)
        self._synced = Gauge("newsvault_synced_seconds", "When the catalog was last synced.", registry=self._registry)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._answers.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def damaged(self) -> None:
        """Count a body whose digest did not fit."""
        self._damaged.inc()

    def synced(self) -> None:
        """Note that the catalog is as new as now."""
        self._synced.set_to_current_time()

    def text(self) -> bytes:
        """Return everything in Prometheus's text format, 0.0.4."""
        self._snapshots.set(self._archive.catalog.count(Query()))
        return generate_latest(self._registry)
