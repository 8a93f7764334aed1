"""Page: what a spider hands to the pipeline about one URL. In: capture, reading, links. Out: one value. Never: I/O."""

from __future__ import annotations

from dataclasses import dataclass, field

from archiver.extraction.workers import PageWork
from archiver.frontier import NO_LINKS, Lease, Links, Outcome
from archiver.model import Capture, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answered or failed URL, ready to be kept. Scrapy calls it an item; pipelines may look, drop or replace it."""

    capture: Capture = field(repr=False)
    work: PageWork | None = field(default=None, repr=False)  # None: there is no body to keep
    lease: Lease | None = None  # None in a project that runs its own spiders without the ledger
    links: Links = field(default=NO_LINKS, repr=False)  # what the page led to
    repeats: str | None = None  # id of the record that kept these bytes first
    unchanged: bool = False  # the bytes are those of this URL's last capture

    @property
    def url(self) -> str:
        return self.capture.url

    @property
    def not_modified(self) -> bool:
        """Whether the server answered our conditional request with 304 (RFC 9110, 15.4.5)."""
        return self.capture.status == 304 and self.lease is not None and self.lease.is_conditional

    @property
    def outcome(self) -> tuple[Outcome, str]:
        """What becomes of the URL if the page is kept, and the reason word."""
        if self.capture.failure is not None:
            return Outcome.FAILED, self.capture.failure.reason
        if self.not_modified:
            return Outcome.UNCHANGED, "not_modified"
        if self.capture.status is None or not 200 <= self.capture.status < 300:
            return Outcome.FAILED, f"http_{self.capture.status}"
        verdict = self.work.reading.verdict if self.work else Verdict.EMPTY
        if verdict is not Verdict.ARTICLE:
            return Outcome.KEPT, str(verdict)
        if self.unchanged:
            return Outcome.UNCHANGED, ""
        return (Outcome.REPEATED, "same_bytes") if self.repeats else (Outcome.ARCHIVED, "")
