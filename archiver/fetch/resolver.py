"""Name look-ups. In: a host name. Out: its addresses, all of them. Never: a judgement on them (that is guard.py)."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from itertools import chain, zip_longest

from archiver.errors import FetchFailed
from archiver.fetch.address import Ip

KEEP_SECONDS = 30.0  # long enough for a page and its robots.txt, short enough for a moved server
_KEEP_NAMES = 4096
_THREADS = 8  # a look-up that hangs holds a thread for as long as the system's resolver waits

Lookup = Callable[[str], list[str]]


def system_lookup(host: str) -> list[str]:
    """Ask the system's resolver; blocks. Raises socket.gaierror, or UnicodeError for a name it cannot encode."""
    answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(sockaddr[0]) for *_, sockaddr in answers]


class Resolver:
    """Looks names up in threads of its own, once per name at a time, and remembers good answers for 30 seconds.

    Not in the event loop's default executor: slow name servers must not hold up whoever else uses that one.
    """

    def __init__(self, lookup: Lookup = system_lookup, clock: Callable[[], float] = time.monotonic) -> None:
        self._lookup = lookup
        self._clock = clock
        self._threads: ThreadPoolExecutor | None = None
        self._known: OrderedDict[str, tuple[float, list[Ip]]] = OrderedDict()
        self._under_way: dict[str, asyncio.Future[list[str]]] = {}

    async def look_up(self, host: str, url: str) -> list[Ip]:
        """Return all addresses of `host`, families alternating. Raises FetchFailed with `dns_error`."""
        known = self._known.get(host)
        if known is not None and self._clock() < known[0]:
            return known[1]
        try:
            answers = await asyncio.shield(self._ask(host))
        except socket.gaierror as error:
            raise FetchFailed(url, "dns_error", f"{host}: {error.strerror or error}") from error
        except UnicodeError as error:
            raise FetchFailed(url, "bad_url", f"{host} is not a host name") from error
        ips = _alternate(ip_address(answer) for answer in dict.fromkeys(answers))
        if not ips:
            raise FetchFailed(url, "dns_error", f"{host}: no address")
        self._remember(host, ips)
        return ips

    def close(self) -> None:
        """Drop the threads; a look-up that hangs ends by itself."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None
        self._under_way.clear()

    def _ask(self, host: str) -> asyncio.Future[list[str]]:
        under_way = self._under_way.get(host)
        if under_way is None:
            self._threads = self._threads or ThreadPoolExecutor(_THREADS, thread_name_prefix="archiver-dns")
            under_way = asyncio.get_running_loop().run_in_executor(self._threads, self._lookup, host)
            self._under_way[host] = under_way
            under_way.add_done_callback(lambda future: self._forget(host, future))
        return under_way

    def _forget(self, host: str, future: asyncio.Future[list[str]]) -> None:
        if self._under_way.get(host) is future:
            del self._under_way[host]
        if not future.cancelled():
            future.exception()  # retrieved here too: everyone who asked may have given up

    def _remember(self, host: str, ips: list[Ip]) -> None:
        self._known[host] = (self._clock() + KEEP_SECONDS, ips)
        self._known.move_to_end(host)
        if len(self._known) > _KEEP_NAMES:
            self._known.popitem(last=False)


def _alternate(ips: Iterable[Ip]) -> list[Ip]:
    """Keep the system's order (RFC 6724) but let the families take turns, so that one dead family costs one try."""
    ordered = list(ips)
    if not ordered:
        return []
    first = [ip for ip in ordered if ip.version == ordered[0].version]
    other = [ip for ip in ordered if ip.version != ordered[0].version]
    return [ip for ip in chain.from_iterable(zip_longest(first, other)) if ip is not None]
