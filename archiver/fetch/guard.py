"""Network guard: what may be fetched, and at which address. In: a URL. Out: checked addresses. Never: HTTP.

The policy, in order:

1. Only `http` and `https`, no user name in the URL, no control characters, spaces or raw non-ASCII.
2. Never the unspecified address, multicast or broadcast.
3. `allow` opens what it names: `host-or-network[:port]`, such as `127.0.0.1:8900`, `10.1.0.0/16`, `[::1]:8080` or
   `intranet.example:8080`; without a port, every port. All else on the same address stays closed.
4. `allow_private` opens every private address and every port, except the cloud metadata addresses (they need `allow`).
5. All else: ports 80 and 443 of public addresses. A name is blocked when ANY of its addresses is not allowed: a site
   that mixes public and private answers is either broken or an attack (DNS rebinding).

The caller connects to exactly the addresses that `resolve` returns, so there is no second look-up to be lied to.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network

from archiver.errors import BadInput, FetchFailed
from archiver.fetch import address
from archiver.fetch.address import Ip, Network
from archiver.fetch.resolver import Resolver

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f]")
_AUTHORITY = re.compile(r"//([^/?#]*)([^#]*)")
_HOST_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]*))?", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")  # "_" is not in RFC 952, but names with it are served


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL taken apart. `host` is lower-case ASCII, IPv6 in brackets; `target` goes onto the request line as it is."""

    scheme: str
    host: str
    port: int
    target: str
    ip: Ip | None = None  # where the host is a literal address

    @property
    def host_header(self) -> str:
        """The Host header's value: the port only where it is not the scheme's own (RFC 9110, 7.2)."""
        return self.host if self.port == _DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"

    @property
    def server(self) -> tuple[str, str, int]:
        """What connections are kept by."""
        return self.scheme, self.host, self.port


@dataclass(frozen=True, slots=True)
class Address:
    """A checked address to connect to."""

    ip: str
    port: int


@dataclass(frozen=True, slots=True)
class _Opening:
    """One exception to the policy: a network or a host name, at one port or (None) at all."""

    network: Network | None
    host: str | None
    port: int | None

    def covers(self, ip: Ip, host: str, port: int) -> bool:
        if self.port not in (None, port):
            return False
        return ip in self.network if self.network is not None else host.rstrip(".") == self.host


class Guard:
    """Decides what may be connected to; see the top of this file for the policy."""

    def __init__(
        self,
        allow_private: bool = False,
        ports: frozenset[int] = frozenset((80, 443)),
        *,
        allow: Iterable[str] = (),
        resolver: Resolver | None = None,
    ) -> None:
        """Raises BadInput where an `allow` entry cannot be read."""
        self._allow_private = allow_private
        self._ports = ports
        self._openings = tuple(_opening(text) for text in allow)
        self._resolver = resolver or Resolver()

    def check_url(self, url: str) -> Destination:
        """Take `url` apart, or raise FetchFailed with `bad_scheme`, `bad_url` or `blocked_address`. No look-up."""
        place = _take_apart(url)
        if place.ip is not None:
            self._check(place.ip, place.host, place.port, url)
        elif not self._port_may_be_open(place.host, place.port):
            raise FetchFailed(url, "blocked_address", f"port {place.port} is not allowed")
        return place

    async def resolve(self, host: str, port: int, *, url: str = "") -> list[Address]:
        """Look `host` up and return its checked addresses, IPv6 and IPv4 alternating, the system's favourite first.

        Raises FetchFailed: `dns_error` where there is no answer, `blocked_address` where any answer is not allowed.
        `url` only names the culprit in the error.
        """
        url = url or f"{host}:{port}"
        try:
            ip = address.literal(host)
        except ValueError as error:
            raise FetchFailed(url, "bad_url", str(error)) from error
        ips = [ip] if ip is not None else await self._resolver.look_up(host, url)
        for one in ips:
            self._check(one, host, port, url)
        return [Address(str(one), port) for one in ips]

    async def close(self) -> None:
        """Let go of the look-up threads. The guard may be used again."""
        self._resolver.close()

    def _check(self, ip: Ip, host: str, port: int, url: str) -> None:
        why = self._objection(ip, host, port)
        if why is not None:
            raise FetchFailed(url, "blocked_address", f"{ip} port {port}: {why}")

    def _objection(self, ip: Ip, host: str, port: int) -> str | None:
        if (why := address.never(ip)) is not None:
            return why
        inner = address.embedded(ip) or ip
        if any(opening.covers(one, host, port) for opening in self._openings for one in (ip, inner)):
            return None
        if self._allow_private:
            return "cloud metadata address" if inner in address.METADATA else None
        if (why := address.not_public(ip)) is not None:
            return why
        return None if port in self._ports else "port is not allowed"

    def _port_may_be_open(self, host: str, port: int) -> bool:
        if self._allow_private or port in self._ports:
            return True
        return any(
            opening.port in (None, port) and opening.host in (None, host.rstrip(".")) for opening in self._openings
        )


def _take_apart(url: str) -> Destination:
    match = _SCHEME.fullmatch(url)
    if match is None:
        raise FetchFailed(url, "bad_url", "no scheme")
    scheme = match[1].lower()
    if scheme not in _DEFAULT_PORTS:
        raise FetchFailed(url, "bad_scheme", f"{scheme}: is not fetched, only http and https are")
    if _CONTROL.search(url):
        raise FetchFailed(url, "bad_url", "a space or control character that is not percent-encoded")
    parts = _AUTHORITY.match(match[2])
    if parts is None or not parts[1]:
        raise FetchFailed(url, "bad_url", "no host")
    host, port, ip = _authority(url, parts[1], _DEFAULT_PORTS[scheme])
    target = parts[2] if parts[2].startswith("/") else f"/{parts[2]}"
    if not target.isascii():
        raise FetchFailed(url, "bad_url", "a path that is not percent-encoded")
    return Destination(scheme, host, port, target, ip)


def _authority(url: str, text: str, default_port: int) -> tuple[str, int, Ip | None]:
    if "@" in text:
        raise FetchFailed(url, "bad_url", "a user name in the URL")
    match = _HOST_PORT.fullmatch(text)
    if match is None:
        raise FetchFailed(url, "bad_url", "host and port cannot be read")
    port = int(match[2][:6]) if match[2] else default_port
    if not 0 < port < 65536:
        raise FetchFailed(url, "bad_url", f"no port has the number {port}")
    # Full-width digits and ideographic dots become ASCII in browsers and resolvers, so they are judged as ASCII.
    host = unicodedata.normalize("NFKC", match[1]).replace("。", ".").lower()
    try:
        ip = address.literal(host)
    except ValueError as error:
        raise FetchFailed(url, "bad_url", str(error)) from error
    if ip is None and not _is_name(match[1]):
        raise FetchFailed(url, "bad_url", "host is not a name in ASCII (IDNA) form")
    return host, port, ip


def _is_name(host: str) -> bool:
    return len(host) <= 254 and all(_LABEL.fullmatch(label) for label in host.removesuffix(".").split("."))


def _opening(text: str) -> _Opening:
    match = re.fullmatch(r"\[([^\]]+)\](/\d+)?(?::(\d+))?|([^:\[\]]+?)()(?::(\d+))?", text)
    if match is None:
        raise BadInput(text, "not a host, an address or a network, with or without :port (IPv6 goes in brackets)")
    name = (match[1] or "") + (match[2] or "") or match[4].lower()
    port_text = match[3] or match[6]
    port = int(port_text) if port_text else None
    try:
        return _Opening(ip_network(name, strict=False), None, port)
    except ValueError:
        if "/" in name or match[1] or not _is_name(name):
            raise BadInput(text, "neither a host name nor a network") from None
        return _Opening(None, name.rstrip("."), port)
