"""Make the catalog anew from the records alone: `python -m tests.acceptance.rebuild`."""

from __future__ import annotations

import archiver
from tests.acceptance.place import archive_uri, enter_state, store_options


def main() -> None:
    enter_state()
    with archiver.open(archive_uri(), **store_options()) as archive:
        archive.sync()


if __name__ == "__main__":
    main()
