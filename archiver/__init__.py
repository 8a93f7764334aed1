"""An archive of news articles that can prove it lost nothing.

    import archiver

    with archiver.open("s3://press/daily") as archive:
        for row in archive.find("example.org", since="2026-11"):
            snapshot = archive.get(row.id)
            print(snapshot.title, len(snapshot.body))

Everything in `__all__` is public and loaded when it is first used: `import archiver` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archiver import errors
    from archiver.api import (
        ArchivedSnapshot,
        AsyncArchive,
        CrawlFacts,
        Info,
        OpenArchive,
        Results,
        Selected,
        aopen,
    )
    from archiver.archive import Archive, Receipt
    from archiver.catalog import Found, Hit, Row
    from archiver.errors import (
        ArchiveError,
        BadInput,
        BadRecord,
        BadUrl,
        ExtractionFailed,
        FetchFailed,
        FixityMismatch,
        JobLocked,
        JobPaused,
        KeyTaken,
        NewerSchema,
        NotArchived,
        Quarantined,
        StoreDenied,
        StoreError,
        StoreFull,
        TakenDown,
    )
    from archiver.extraction import extract
    from archiver.model import Article, Capture, Damage, Reading, Record, Snapshot, Verdict

    open = OpenArchive.open

__version__ = "0.1.0"

__all__ = [
    "Archive",
    "ArchiveError",
    "ArchivedSnapshot",
    "Article",
    "AsyncArchive",
    "BadInput",
    "BadRecord",
    "BadUrl",
    "Capture",
    "CrawlFacts",
    "Damage",
    "ExtractionFailed",
    "FetchFailed",
    "FixityMismatch",
    "Found",
    "Hit",
    "Info",
    "JobLocked",
    "JobPaused",
    "KeyTaken",
    "NewerSchema",
    "NotArchived",
    "OpenArchive",
    "Quarantined",
    "Reading",
    "Receipt",
    "Record",
    "Results",
    "Row",
    "Selected",
    "Snapshot",
    "StoreDenied",
    "StoreError",
    "StoreFull",
    "TakenDown",
    "Verdict",
    "__version__",
    "aopen",
    "errors",
    "extract",
    "open",
]

_HOMES = {
    "Archive": "archive",
    "Receipt": "archive",
    **dict.fromkeys(("Found", "Hit", "Row"), "catalog"),
    **dict.fromkeys(
        ("ArchivedSnapshot", "AsyncArchive", "CrawlFacts", "Info", "OpenArchive", "Results", "Selected", "aopen"), "api"
    ),
    "extract": "extraction",
    **dict.fromkeys(("Article", "Capture", "Damage", "Reading", "Record", "Snapshot", "Verdict"), "model"),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "open":
        value = import_module("archiver.api").OpenArchive.open
    elif name == "errors":
        value = import_module("archiver.errors")
    else:
        value = getattr(import_module(f"archiver.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = value  # asked for once
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
