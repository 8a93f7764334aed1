"""robots.txt (RFC 9309). In: a URL. Out: a verdict, with the reason in words. Never: a fetch of its own.

What an origin's answer means (RFC 9309, 2.3.1):

| answer | verdict | kept for |
|---|---|---|
| 2xx | what the file says; HTML says nothing | 24 h |
| a redirect, followed up to 5 times | what the last one says; more, or a circle: allowed | 24 h |
| 4xx but 429 | allowed: there is no file | 24 h |
| 429, 5xx, no answer, a blocked address, an incomplete file | nothing is allowed | 5 min |

429 says "not now", so it counts as unreachable although its number begins with 4. Of a long file the first 512,000
bytes count, up to the last whole line: half a rule could forbid, or allow, anything.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from protego import Protego

from archiver.errors import FetchFailed
from archiver.fetch.decode import inflate_if_gzip
from archiver.fetch.exchange import Exchange
from archiver.fetch.groups import Groups, groups_of
from archiver.model import Headers, Right
from archiver.rights import clipped

READ_BYTES = 512_000  # RFC 9309, 2.5: at least 500 KiB
DEADLINE_SECONDS = 30.0
KEEP_SECONDS = 24 * 3600.0  # RFC 9309, 2.4: not longer
KEEP_FAILURE_SECONDS = 5 * 60.0
_REDIRECTS = 5
_NO_HOST = frozenset({"dns_error", "connect_error", "blocked_address", "tls"})
_KEEP_ORIGINS = 2000
_SITEMAPS = 1000
_PARSE_ELSEWHERE = 64 * 1024  # Protego takes 0.4 s for a full file; the event loop must not wait for that
_AGENT_LINE = re.compile(r"\s*user[-\s]*agent\s*[:\s]\s*([^#]*)", re.IGNORECASE)
_CONTACT = re.compile(r"\+?https?://\S+|\S+@\S+")


@dataclass(frozen=True, slots=True)
class RobotsVerdict:
    """Whether a URL may be fetched. `unreachable` says that the answer may change when asked again soon.

    `no_host` is the reason word where not even a server was reached: the URL itself would fail for the same reason.
    """

    allowed: bool
    reason: str
    crawl_delay: float | None = None  # seconds
    sitemaps: tuple[str, ...] = ()  # absolute http(s) URLs; the guard judges them when they are fetched
    unreachable: bool = False
    no_host: str = ""
    rights: tuple[Right, ...] = ()  # the same as facts to keep, with whom it was said to, and what else is signalled


class Fetch(Protocol):
    """What `Client.fetch` offers and this module needs."""

    async def __call__(
        self, url: str, *, headers: Headers, deadline_seconds: float | None, keep_bytes: int | None
    ) -> Exchange:
        """Return the answer, cut quietly after `keep_bytes`. Raises FetchFailed."""


@dataclass(frozen=True, slots=True)
class _Policy:
    """What one origin's robots.txt says to us. Without rules, `allowed` holds for all its URLs."""

    allowed: bool
    reason: str
    rules: Protego | None = None
    sitemaps: tuple[str, ...] = ()
    unreachable: bool = False
    no_host: str = ""
    groups: Groups | None = None


class Robots:
    """Asks each origin once, however many of its URLs are asked about at the same time, and remembers the answer.

    `user_agent` is our User-Agent header or just its product token; contact URLs and addresses in it are not matched.
    """

    def __init__(
        self, fetch: Fetch, user_agent: str, *, headers: Headers = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._agent = _CONTACT.sub(" ", user_agent).strip()
        self._headers = headers or (("User-Agent", user_agent), ("Accept", "text/plain,*/*;q=0.8"))
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, _Policy]] = OrderedDict()
        self._under_way: dict[str, asyncio.Task[_Policy]] = {}

    async def verdict(self, url: str) -> RobotsVerdict:
        """Say whether `url` may be fetched. Never raises FetchFailed: what cannot be asked is not allowed."""
        try:
            origin = _origin(url)
        except ValueError:
            return RobotsVerdict(False, "not a URL")
        policy = await self._policy(origin)
        if policy.rules is None:
            return RobotsVerdict(
                policy.allowed, policy.reason, None, policy.sitemaps, policy.unreachable, policy.no_host
            )
        allowed = policy.rules.can_fetch(url, self._agent)
        reason = "allowed by robots.txt" if allowed else "disallowed by robots.txt"
        rights = _rights(policy.groups, allowed=allowed) if policy.groups else ()
        return RobotsVerdict(allowed, reason, policy.rules.crawl_delay(self._agent), policy.sitemaps, rights=rights)

    async def _policy(self, origin: str) -> _Policy:
        known = self._known.get(origin)
        if known is not None and self._clock() < known[0]:
            self._known.move_to_end(origin)
            return known[1]
        task = self._under_way.get(origin)
        if task is None:
            task = self._under_way[origin] = asyncio.ensure_future(self._ask(origin))
            task.add_done_callback(lambda _: self._under_way.pop(origin, None))
        return await asyncio.shield(task)  # one impatient caller does not end it for the others

    async def _ask(self, origin: str) -> _Policy:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                policy = await self._read(origin)
        except FetchFailed as failure:
            policy = _unreachable(failure.reason)
        except TimeoutError:
            policy = _unreachable("timeout")
        seconds = KEEP_FAILURE_SECONDS if policy.unreachable else KEEP_SECONDS
        self._known[origin] = (self._clock() + seconds, policy)
        self._known.move_to_end(origin)
        if len(self._known) > _KEEP_ORIGINS:
            self._known.popitem(last=False)
        return policy

    async def _read(self, origin: str) -> _Policy:
        url, seen = f"{origin}/robots.txt", set[str]()
        for _ in range(_REDIRECTS + 1):
            answer = await self._fetch(
                url, headers=self._headers, deadline_seconds=DEADLINE_SECONDS, keep_bytes=READ_BYTES
            )
            location = answer.leads_to
            if location is None:
                return await self._judge(answer, origin)
            seen.add(url)
            url = _join(url, location)
            if url in seen:
                return _Policy(True, "no robots.txt (redirects in a circle)")
        return _Policy(True, f"no robots.txt (more than {_REDIRECTS} redirects)")

    async def _judge(self, answer: Exchange, origin: str) -> _Policy:
        if answer.status == 429 or answer.status >= 500:
            return _unreachable(f"http_{answer.status}")
        if not 200 <= answer.status < 300:
            return _Policy(True, f"no robots.txt (http_{answer.status})")
        if "truncated" in answer.flags or "decode_error" in answer.flags:
            return _unreachable("truncated")
        text = _text(answer)
        if text.lstrip()[:1] == "<":
            return _Policy(True, "no robots.txt (a web page instead)")
        if len(text) < _PARSE_ELSEWHERE:
            return _parse(text, self._agent, origin)
        return await asyncio.to_thread(_parse, text, self._agent, origin)


def _unreachable(why: str) -> _Policy:
    no_host = why if why in _NO_HOST else ""
    return _Policy(False, f"robots.txt unreachable ({why})", unreachable=True, no_host=no_host)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}"


def _join(base: str, location: str) -> str:
    try:
        return urljoin(base, location.strip()).partition("#")[0]
    except ValueError as error:
        raise FetchFailed(base, "bad_url", "a redirect to what is no URL") from error


def _text(answer: Exchange) -> str:
    body = answer.body
    if "gzip_undeclared" in answer.flags:
        body = (inflate_if_gzip(body, 64 * READ_BYTES) or b"")[:READ_BYTES]
    if "cut" in answer.flags or len(body) == READ_BYTES:
        body = body[: max(body.rfind(b"\n"), body.rfind(b"\r")) + 1]
    encoding = "utf-16" if body[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return body.decode(encoding, "replace")


def _parse(text: str, agent: str, origin: str) -> _Policy:
    rules = Protego.parse(_without_other_agents(text, agent))
    sitemaps = (urljoin(origin + "/", sitemap) for sitemap, _ in zip(rules.sitemaps, range(_SITEMAPS), strict=False))
    kept = tuple(dict.fromkeys(s for s in sitemaps if s.lower().startswith(("http://", "https://"))))
    return _Policy(True, "allowed by robots.txt", rules, kept, groups=groups_of(text, agent))


def _rights(groups: Groups, *, allowed: bool) -> tuple[Right, ...]:
    def said(name: str, value: str, to: str | None = None) -> Right:
        return Right(name=name, value=clipped(value), to=to, where="robots.txt")

    own = [said("robots", "allow" if allowed else "disallow", groups.ours)] if groups.ours else []
    signals = [said(name, value, groups.ours) for name, value in groups.signals]
    closed = [said("ai_opt_out", ", ".join(groups.shut_out))] if groups.shut_out else []
    return (*own, *signals, *closed)


def _without_other_agents(text: str, agent: str) -> str:
    """Name all agents that cannot be us alike.

    Protego keeps one copy of the rules per agent of a group: 10,000 agents before 20,000 rules would take gigabytes.
    """
    agent = agent.lower()
    lines: list[str] = []
    for line in text.splitlines():
        match = _AGENT_LINE.match(line)
        if match is not None:
            name = match[1].strip().lower().replace("*", "") or "*" * ("*" in match[1])
            ours = name == "*" or (name and name in agent)
            line = f"User-agent: {name}" if ours else "User-agent: (another)"
            if lines and lines[-1] == line:
                continue
        lines.append(line)
    return "\n".join(lines)
