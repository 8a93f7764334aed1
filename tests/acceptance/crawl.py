"""Start or resume a fault test's job: `python -m tests.acceptance.crawl`. Ends with the crawl's own exit code."""

from __future__ import annotations

import os
import sys
from urllib.parse import urlsplit

from tests.acceptance.place import archive_uri, enter_state


def main() -> None:
    state = enter_state()
    seeds = [os.environ["HX_SEED"], *os.environ.get("HX_EXTRA_SEEDS", "").split()]
    port = urlsplit(seeds[0]).port or 80
    command = [
        *(sys.executable, "-m", "archiver", "crawl", *seeds, "--spider", "site", "--archive", archive_uri()),
        *("--endpoint-url", os.environ["HX_ENDPOINT"], "--state", os.path.join(state, "job"), "--job", "faults"),
        *("--delay", "0", "--per-host", "8", "--concurrency", "16", "--allow", f"127.0.0.0/8:{port}"),
    ]
    os.execv(sys.executable, command)  # the same process: the suite's signals reach the crawl itself


if __name__ == "__main__":
    main()
