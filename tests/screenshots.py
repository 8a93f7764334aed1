"""Pictures of every page for the documentation: `python -m tests.screenshots docs/images [NAME …]`.

Needs Chromium, Playwright and Pillow, which makes the files small. Look at what comes out before it is committed.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.browser import chromium
from tests.gallery import COURIER, archive_at
from tests.serving import served

STORY = f"{COURIER}/harbour/2026/evening-ferry.html"
WIDE, PHONE = (1280, 860), (390, 844)
LIMIT = 100_000  # bytes of one file


class View(NamedTuple):
    name: str
    path: str
    size: tuple[int, int] = WIDE
    scheme: str = "light"


PAGES = {
    "home": "/",
    "search": "/search?q=the+harbour+board",
    "snapshot": f"/web/20261003/{STORY}",
    "captures": f"/web/*/{STORY}",
    "diff": f"/diff/20260921/20261027/{STORY}",
    "domain": f"/domain/{COURIER.partition('://')[2]}",
    "crawl": "/crawl/courier-40",
    "data": "/data",
}
VIEWS = (
    *(View(name, path) for name, path in PAGES.items()),
    *(View(f"{name}-dark", path, scheme="dark") for name, path in PAGES.items()),
    *(View(f"{name}-phone", path, size=PHONE) for name, path in PAGES.items()),
    View("snapshot-rtl", "/web/2026/https://mina.example/1"),
    View("problem", "/web/2026/https://mina.example/never-seen"),
)


def main(folder: Path, names: list[str]) -> None:
    """Take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    views = [view for view in VIEWS if not names or view.name in names]
    with tempfile.TemporaryDirectory() as place, archive_at(Path(place)) as archive, served(archive) as server:
        for name, data in pictures(server.url, views):
            (folder / f"{name}.png").write_bytes(data)
            print(f"{name}.png {len(data):,}", file=sys.stderr)


def pictures(url: str, views: list[View]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the picture of each view of the server at `url`."""
    with chromium() as browser:
        for view in views:
            width, height = view.size
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=view.scheme,
                device_scale_factor=2 if view.size == PHONE else 1,
            )
            page = context.new_page()
            page.goto(url + view.path)
            page.wait_for_load_state("networkidle")
            yield view.name, small(page.screenshot())
            context.close()


def small(data: bytes) -> bytes:
    """The picture with as many colours as fit into LIMIT bytes."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as picture:
        for colours in (256, 128, 64, 32):
            out = io.BytesIO()
            picture.convert("RGB").quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
            if out.tell() <= LIMIT:
                break
    return out.getvalue()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
