"""How the server itself is. In: nothing. Out: `/healthz` for a balancer, `/metrics` for Prometheus. Never: names."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from archiver.errors import ArchiveError
from archiver.web import policy, site


def healthz(request: Request) -> Response:
    """Answer 200 if the store and the catalog answer, 503 if one does not."""
    archive = site.of(request).archive
    try:
        archive.store.check(write=False)
        snapshots = next(archive.catalog.select("SELECT 1 FROM snapshots LIMIT 1"), None)
    except ArchiveError as error:
        return site.data({"status": "failing", "why": type(error).__name__}, status=503)
    return site.data({"status": "ok", "empty": snapshots is None})


def metrics(request: Request) -> Response:
    """Answer with the counters of this server."""
    return Response(site.of(request).metrics.text(), 200, policy.DATA, CONTENT_TYPE_LATEST)
