"""One JSON line for each archived article, read from the real storage: `python -m tests.acceptance.inventory`."""

from __future__ import annotations

import hashlib
import json

import archiver
from tests.acceptance.place import archive_uri, enter_state, store_options


def main() -> None:
    enter_state()
    with archiver.open(archive_uri(), **store_options()) as archive:
        for record in archive.records():
            if record.verdict is not archiver.Verdict.ARTICLE or record.html is None:
                continue
            try:
                sha256, good = hashlib.sha256(archive.body(record)).hexdigest(), True
            except archiver.ArchiveError:
                sha256, good = "", False
            print(json.dumps({"url": record.url, "key": record.html.key, "sha256": sha256, "json_ok": good}))


if __name__ == "__main__":
    main()
