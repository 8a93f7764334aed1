"""The description of `/api/v1` (OpenAPI 3.1). In: nothing. Out: a document. Never: a route that is not there."""

from __future__ import annotations

from typing import Any

import archiver

_Json = dict[str, Any]


def document(base: str) -> _Json:
    """Return the document; `base` is where the server is."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "newsvault",
            "version": archiver.__version__,
            "description": "Search and read an archive of news articles. Archived bodies come with a policy that lets "
            "nothing run and nothing out. Times are UTC, digests hex, sizes bytes.",
        },
        "servers": [{"url": base or "/"}],
        "paths": {},
    }
