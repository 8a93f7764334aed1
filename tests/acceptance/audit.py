"""Name every damaged object, one JSON line each: `python -m tests.acceptance.audit`. Exit 1 if there is any."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.acceptance.place import archive_uri, enter_state


def main() -> int:
    enter_state()
    command = [sys.executable, "-m", "archiver", "verify", "--archive", archive_uri(), "--format", "jsonl"]
    return subprocess.run([*command, "--endpoint-url", os.environ["HX_ENDPOINT"]], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
