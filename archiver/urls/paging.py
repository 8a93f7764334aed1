"""Paging: whether one address is the page after another of the same list. In: two URLs. Out: yes or no. Never: I/O."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"([0-9]{1,6})")
_SECOND = (re.compile(r"[?&][\w.\[\]-]{1,20}=2(?![^&])"), re.compile(r"/(?:page[/-]?)?2(?=/?(?:\?|\Z))"))


def turns_page(here: str, there: str) -> bool:
    """Whether `there` is what follows `here`: one number is larger by 1, or it is page 2 and `here` the bare list.

    Both are canonical. `?p=3` → `?p=4`, `/page/3` → `/page/4`, `/news` → `/news/page/2`, `/news?a=b` → `/news?a=b&p=2`.
    """
    mine, theirs = _NUMBER.split(here), _NUMBER.split(there)
    if len(mine) == len(theirs):
        changed = [(a, b) for a, b in zip(mine, theirs, strict=True) if a != b]
        return len(changed) == 1 and changed[0][0].isdigit() and int(changed[0][1]) - int(changed[0][0]) == 1
    bare = here.rstrip("/")
    return any(_without(match, there).rstrip("/") == bare for one in _SECOND for match in one.finditer(there))


def page_number(before: str, here: str) -> int:
    """The number of the page at `here`, which follows `before` as `turns_page` says."""
    mine, theirs = _NUMBER.split(before), _NUMBER.split(here)
    if len(mine) != len(theirs):
        return 2
    return next(int(b) for a, b in zip(mine, theirs, strict=True) if a != b)


def _without(match: re.Match[str], url: str) -> str:
    before, after = url[: match.start()], url[match.end() :]
    return f"{before}?{after[1:]}" if match[0][0] == "?" and after[:1] == "&" else before + after
