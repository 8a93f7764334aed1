"""The pages' templates and what they can say. In: values. Out: HTML, escaped. Never: a link to anything but the web."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from markupsafe import Markup

import archiver
from archiver.report.charts import number
from archiver.warc.writing import timestamp
from archiver.web.addresses import in_path, path_of, path_to

FOLDER = Path(__file__).parent / "templates"
# controls and format characters (Unicode's Cc and Cf), but for tab, line feed and the joiners that scripts need
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ku", "ps", "sd", "ug", "ur", "yi"})


class Templates:
    """The templates of one site."""

    def __init__(self, **shared: Any) -> None:
        """Make the templates ready; `shared` are values that every page knows."""
        loader = jinja2.FileSystemLoader(FOLDER)
        self._environment = jinja2.Environment(
            loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
        )
        self._environment.filters.update(
            number=number, size=size, day=day, moment=moment, iso=_iso, stamp=timestamp, web=web_url,
            direction=direction, in_path=in_path, url_query=urlencode, quoted=lambda text: quote(text, safe=""),
            shown_url=shown_url, plain=plain,
        )  # fmt: skip
        self._environment.globals.update(path_of=path_of, path_to=path_to, version=archiver.__version__, **shared)
        for name in self._environment.list_templates(extensions=["html", "xml"]):
            self._environment.get_template(name)  # compiled now, not while the first readers wait

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        """Return the page."""
        return self._environment.get_template(name).render(values)


def size(count: int) -> str:
    """Bytes as people read them: 812 B, 34 KB, 1.2 GB."""
    value = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} TB"


def day(at: datetime) -> str:
    """2 November 2026."""
    return f"{at.day} {at:%B %Y}"


def moment(at: datetime) -> str:
    """2 November 2026, 08:30 UTC."""
    return f"{day(at)}, {at:%H:%M} UTC"


def _iso(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def web_url(url: str | None) -> str:
    """Return `url` if a link may lead there, an empty text for `javascript:` and the like."""
    return url if url and url.lower().startswith(("http://", "https://")) else ""


def direction(language: str | None) -> str:
    """Return which way a language is written: `ltr`, `rtl`, `auto` where it is not known."""
    if not language:
        return "auto"
    return "rtl" if language.partition("-")[0].lower() in RIGHT_TO_LEFT else "ltr"


def plain(text: str | None) -> str:
    """Return text without the characters that reorder or hide what is around them."""
    return _UNSEEN.sub("", text or "")


def shown_url(url: str) -> Markup:
    """Return a URL to be read: without its scheme, and with places where a line may break."""
    text = plain(url.partition("://")[2] or url)
    pieces = [Markup.escape(piece) for piece in text.rstrip("/").replace("/", "/\0").replace("?", "\0?").split("\0")]
    return Markup("<wbr>").join(pieces)
