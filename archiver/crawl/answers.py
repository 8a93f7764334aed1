"""Answers: what a response or a failure means for its URL. In: captures, exceptions. Out: reason words. Never: I/O."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from archiver.errors import BadUrl, FetchFailed
from archiver.model import Capture, Failure

NEVER_ASKED = frozenset(
    {"robots", "redirect_off_scope", "excluded", "not_included", "not_a_page", "too_deep", "path_repeats"}
)  # the job's own rules kept us from asking: skipped, not failed
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 522, 524})
BUSY = frozenset({"http_429", "http_503"})
MAY_PASS = frozenset(
    {
        "timeout", "reset", "connect_error", "dns_error", "truncated", "worker_died", "not_kept", "spider_error",
        "internal_error",
    }
).union(f"http_{status}" for status in TRANSIENT)  # fmt: skip
MAX_RETRY_AFTER = 30 * 86400.0


def failure_of(error: BaseException) -> Failure:
    """The reason word behind an exception; our own are often the cause of Scrapy's."""
    seen = error
    while seen is not None:
        if isinstance(seen, FetchFailed):
            return Failure(reason=seen.reason, detail=seen.detail)
        if isinstance(seen, BadUrl):
            return Failure(reason=seen.reason, detail=str(seen))
        seen = seen.__cause__ or seen.__context__  # type: ignore[assignment]
    return Failure(reason="internal_error", detail=f"{type(error).__name__}: {error}")


def may_pass(reason: str) -> bool:
    """Whether a failure for this reason may be none the next time."""
    return reason in MAY_PASS


def transient(capture: Capture) -> str | None:
    """Why this answer is worth another attempt; None if it is not."""
    if capture.status in TRANSIENT:
        return f"http_{capture.status}"
    return "truncated" if "truncated" in capture.flags and capture.status == 200 else None


def retry_after(capture: Capture) -> float | None:
    """Seconds that a 429 or 503 asks us to wait (RFC 9110, 10.2.3): a number, or a date by the server's own clock."""
    if capture.status not in (429, 503):
        return None
    headers = {name.lower(): value.strip() for name, value in capture.headers}
    value = headers.get("retry-after", "")
    if value.isdigit():
        return min(float(value), MAX_RETRY_AFTER)
    until = _date(value)
    if until is None:
        return None
    now = _date(headers.get("date", "")) or capture.captured_at
    return min(max(0.0, (until - now).total_seconds()), MAX_RETRY_AFTER)


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
