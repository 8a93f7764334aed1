"""Rights: what a page itself says about its use. In: its head, links and JSON-LD. Out: Right values. Never: judging."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from archiver.extraction import jsonld
from archiver.extraction.head import Head
from archiver.extraction.links import Base
from archiver.model import Link, Right
from archiver.rights import bounded, clipped, directives

_AGENT = re.compile(
    r"[a-z0-9_-]*bot(?:-[a-z]+)?"
)  # meta elements named for one robot: googlebot, googlebot-news, gptbot
_META = {
    "tdm-reservation": "tdm-reservation", "tdm-policy": "tdm-policy", "copyright": "copyright", "rights": "copyright",
    "dc.rights": "copyright", "dcterms.rights": "copyright", "dcterms.license": "license", "dc.rights.license": "license",
}  # fmt: skip
_JSON_LD = {
    "license": "license", "usageInfo": "usage_info", "copyrightHolder": "copyright_holder",
    "copyrightYear": "copyright_year", "copyrightNotice": "copyright", "acquireLicensePage": "acquire_license_page",
    "conditionsOfAccess": "conditions_of_access",
}  # fmt: skip


def rights_of(head: Head, links: Iterable[Link], ld: dict[str, Any], base: Base) -> tuple[Right, ...]:
    """Return what the page's meta elements, links with rel=license and article node say, in this order."""
    return bounded([*_of_meta(head), *_of_links(head, links, base), *_of_json_ld(ld)])


def _of_meta(head: Head) -> Iterator[Right]:
    for name, values in head.meta.items():
        for value in values:
            if name == "robots" or _AGENT.fullmatch(name):
                yield from directives(value, where="meta", to=None if name == "robots" else name)
            elif name in _META and value:
                yield Right(name=_META[name], value=clipped(value), where="meta")


def _of_links(head: Head, links: Iterable[Link], base: Base) -> Iterator[Right]:
    declared = (base.join(reference) for reference in head.licenses)
    for url in (*declared, *(link.url for link in links if "license" in link.rel.split())):
        if url:
            yield Right(name="license", value=clipped(url), where="link")


def _of_json_ld(ld: dict[str, Any]) -> Iterator[Right]:
    for name, ours in _JSON_LD.items():
        values = ld.get(name)
        for one in values[:5] if isinstance(values, list) else [values]:
            if value := _value(one):
                yield Right(name=ours, value=clipped(value), where="json_ld")


def _value(one: Any) -> str:
    if isinstance(one, dict):
        one = one.get("url") or one.get("@id") or one
    return str(one) if isinstance(one, int) and not isinstance(one, bool) else jsonld.text(one)
