"""Lengths in the catalog: how long the articles of a host were. In: a catalog, a host. Out: Usual. Never: a write."""

from __future__ import annotations

from archiver.catalog.database import Catalog
from archiver.lengths import LOOKED_AT, usual
from archiver.model import Usual
from archiver.urls import registered_domain

_ROWS = 2_000  # of a domain, the latest: among them a host is looked for
_LATEST = "SELECT host, words FROM snapshots WHERE domain = ? AND verdict = 'article' ORDER BY captured_at DESC LIMIT ?"


def usual_at(catalog: Catalog, host: str) -> Usual | None:
    """Return what is usual of the latest articles of `host`; None where too few are kept. Raises StoreError."""
    domain = registered_domain(host) if host else ""
    words = [words for its, words in catalog.select(_LATEST, (domain, _ROWS)) if its == host]
    return usual(words[:LOOKED_AT])
