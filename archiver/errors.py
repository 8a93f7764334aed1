"""Everything that can go wrong, as one tree. In: facts. Out: a sentence that names the cure. Never: I/O.

ArchiveError
├── BadInput            what the user gave cannot be used: an option, a job file            exit 2
│   └── BadUrl          … because it is no URL that can be archived
├── NotArchived         nothing is kept under that key, URL or collection                   exit 3
│   └── TakenDown       … because it was taken down; what is left is its tombstone          exit 3
├── BadRecord           a record cannot be read
│   └── NewerSchema     … because a newer version of this program wrote it
├── FixityMismatch      the bytes are not the bytes the record promises                     exit 1
├── KeyTaken            other bytes are already kept under this key                         exit 1
├── StoreError          the store failed; trying again may help                             exit 4
│   ├── StoreDenied     … because it refuses our credentials; a person must act             exit 6
│   └── StoreFull       … because it has no room left                                       exit 5
├── Quarantined         reading it ended two worker processes, so it is left out
├── JobLocked           another crawl holds this job                                        exit 7
├── JobPaused           the job was told to pause, so it is not begun                       exit 3
├── FetchFailed         a URL gave no usable answer
└── ExtractionFailed    the page was kept, its article could not be read
"""

from __future__ import annotations


class ArchiveError(Exception):
    """The root of the tree; catch it to catch everything this library raises on purpose."""

    exit_code = 1


class BadInput(ArchiveError):
    """Something the user gave cannot be used. `what` is the thing, `why` the reason and the cure."""

    exit_code = 2

    def __init__(self, what: str, why: str) -> None:
        super().__init__(what, why)
        self.what, self.why = what, why

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


class BadUrl(BadInput):
    """`what` is no URL that can be archived; `reason` is one word: `bad_scheme`, `bad_url` or `too_long`."""

    def __init__(self, what: str, reason: str, why: str) -> None:
        shown = what if len(what) <= 200 else what[:200] + "…"
        super().__init__(ascii(shown)[1:-1], why)  # a hostile link must not reach a terminal as it is
        self.args = (what, reason, why)
        self.reason = reason


class NotArchived(ArchiveError):
    """Nothing is kept under `key` (a key, a URL, an id or a collection's name)."""

    exit_code = 3

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return f"nothing archived for {self.key}"


class TakenDown(NotArchived):
    """`key` was taken down: its content was deleted for good. HTTP has 451 for it (RFC 7725). `on` is the day."""

    def __init__(self, key: str, reason: str, on: str) -> None:
        super().__init__(key)
        self.args = (key, reason, on)
        self.reason, self.on = reason, on

    def __str__(self) -> str:
        return f"{self.key}: taken down on {self.on} (451): {self.reason}"


class BadRecord(ArchiveError):
    """The record at `key` cannot be read; `why` says what is wrong with it."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(key, why)
        self.key, self.why = key, why

    def __str__(self) -> str:
        return f"{self.key}: not a readable record ({self.why}); run `archiver verify` to see what else is damaged"


class NewerSchema(BadRecord):
    """The record was written by a newer version of this program."""

    def __init__(self, key: str, schema: int, known: int) -> None:
        super().__init__(key, f"schema {schema}, this version reads up to {known}")
        self.args = (key, schema, known)
        self.schema, self.known = schema, known

    def __str__(self) -> str:
        cure = "upgrade with `pip install -U newsvault`"
        return f"{self.key}: record schema {self.schema} is newer than {self.known}; {cure}"


class FixityMismatch(ArchiveError):
    """The bytes at `key` do not have the sha256 that was promised."""

    def __init__(self, key: str, expected: str, actual: str) -> None:
        super().__init__(key, expected, actual)
        self.key, self.expected, self.actual = key, expected, actual

    def __str__(self) -> str:
        return f"{self.key}: expected sha256 {self.expected[:12]}, found {self.actual[:12]}"


class KeyTaken(ArchiveError):
    """`key` already holds other bytes than the ones we wanted to keep there; nothing was overwritten."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return f"{self.key}: other bytes are kept here already; nothing was overwritten"


class StoreError(ArchiveError):
    """The store at `uri` failed; the same call may succeed later."""

    exit_code = 4

    def __init__(self, uri: str, why: str) -> None:
        super().__init__(uri, why)
        self.uri, self.why = uri, why

    def __str__(self) -> str:
        return f"{self.uri}: {self.why}"


class StoreDenied(StoreError):
    """The store refuses our credentials or their rights; a person must act."""

    exit_code = 6


class StoreFull(StoreError):
    """The store, or the disk under it, has no room left."""

    exit_code = 5


class Quarantined(ArchiveError):
    """Work on the object at `key` ended two worker processes, so it was left out; `why` is how the second ended."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(key, why)
        self.key, self.why = key, why

    def __str__(self) -> str:
        return f"{self.key}: left out, for it ended two worker processes ({self.why})"


class JobLocked(ArchiveError):
    """Another crawl holds the job whose state is in `folder`."""

    exit_code = 7

    def __init__(self, folder: str, owner: str) -> None:
        super().__init__(folder, owner)
        self.folder, self.owner = folder, owner

    def __str__(self) -> str:
        return f"{self.folder}: another crawl ({self.owner}) holds this job; wait for it or stop it"


class JobPaused(ArchiveError):
    """The job whose state is in `folder` was told to pause at `since`, so it is not begun; nothing is lost."""

    exit_code = 3

    def __init__(self, folder: str, since: str) -> None:
        super().__init__(folder, since)
        self.folder, self.since = folder, since

    def __str__(self) -> str:
        return f"{self.folder}: this job is paused since {self.since}; `archiver resume {self.folder}` lets it go on"


class FetchFailed(ArchiveError):
    """`url` gave no usable answer; `reason` is one documented word (`timeout`, `dns_error` …), `detail` a sentence."""

    def __init__(self, url: str, reason: str, detail: str = "") -> None:
        super().__init__(url, reason, detail)
        self.url, self.reason, self.detail = url, reason, detail

    def __str__(self) -> str:
        return f"{self.url}: {self.reason}{': ' if self.detail else ''}{self.detail}"


class ExtractionFailed(ArchiveError):
    """The page at `url` was kept, but its article could not be read; `reason` is one word, `detail` a sentence."""

    def __init__(self, url: str, reason: str, detail: str = "") -> None:
        super().__init__(url, reason, detail)
        self.url, self.reason, self.detail = url, reason, detail

    def __str__(self) -> str:
        return f"{self.url}: no article read ({self.reason}{': ' if self.detail else ''}{self.detail})"
