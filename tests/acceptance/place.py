"""Where a fault test keeps its archive and its state: read from the variables that the suite sets."""

from __future__ import annotations

import os


def archive_uri() -> str:
    return f"s3://{os.environ['HX_BUCKET']}"


def store_options() -> dict[str, object]:
    return {"endpoint_url": os.environ["HX_ENDPOINT"], "addressing_style": "path"}


def enter_state() -> str:
    """Keep everything local below the test's folder, so that its damage hits all of it."""
    state = os.environ["HX_STATE"]
    os.environ["NEWSVAULT_CACHE"] = os.path.join(state, "cache")
    return state
