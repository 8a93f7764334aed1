"""Which network addresses a crawler may talk to. In: a host or an address. Out: a literal, or why not. Never: I/O."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Ip = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits
_UNICAST6 = IPv6Network("2000::/3")  # the only block IANA gives out as global unicast

# Addresses at which clouds serve credentials to whoever asks. They stay closed even where private ones are open.
METADATA: frozenset[Ip] = frozenset(
    (
        IPv4Address("169.254.169.254"),  # AWS, Google, Azure, OpenStack …
        IPv4Address("169.254.170.2"),  # AWS ECS
        IPv4Address("169.254.169.253"),  # AWS resolver
        IPv4Address("100.100.100.200"),  # Alibaba
        IPv4Address("168.63.129.16"),  # Azure's agent: a public address by its number
        IPv4Address("192.0.0.192"),  # Oracle
        IPv6Address("fd00:ec2::254"),  # AWS
        IPv6Address("fd20:ce::254"),  # Google
    )
)
# IANA special-purpose blocks that some Python releases still call global (python/cpython 113171).
_SPECIAL: tuple[Network, ...] = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("198.18.0.0/15"),
    IPv4Network("240.0.0.0/4"),
    IPv6Network("2001::/23"),
    IPv6Network("2001:db8::/32"),
    IPv6Network("3fff::/20"),
)


def literal(host: str) -> Ip | None:
    """Return the address that `host` spells, or None for a name.

    Reads every spelling that inet_aton and browsers read: decimal, hex, octal, short (`127.1`), IPv6 in brackets
    (WHATWG URL, "ends in a number"). Raises ValueError for a number that is no address, such as `256.1.1.1`.
    """
    if host.startswith("["):
        if not host.endswith("]") or "%" in host:
            raise ValueError(f"{host} is not an IPv6 address")
        return IPv6Address(host[1:-1])
    parts = host.removesuffix(".").split(".")
    if not _NUMBER.fullmatch(parts[-1]):
        return None
    return _ipv4(parts)


def _ipv4(parts: list[str]) -> IPv4Address:
    numbers = [_number(part) for part in parts]
    if len(numbers) > 4 or any(n > 255 for n in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
        raise ValueError(f"{'.'.join(parts)} is not an IPv4 address")
    return IPv4Address(numbers[-1] + sum(n << 8 * (3 - i) for i, n in enumerate(numbers[:-1])))


def _number(part: str) -> int:
    if not _NUMBER.fullmatch(part) or len(part) > 64:
        raise ValueError(f"{part!r} is not a number")
    if part[:2] in ("0x", "0X"):
        return int(part[2:] or "0", 16)
    return int(part, 8 if len(part) > 1 and part[0] == "0" else 10)


def embedded(ip: Ip) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 one leads to: mapped, 6to4 (RFC 3056) or NAT64 (RFC 6052)."""
    if isinstance(ip, IPv4Address):
        return None
    if ip.ipv4_mapped or ip.sixtofour:
        return ip.ipv4_mapped or ip.sixtofour
    return IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None


def never(ip: Ip) -> str | None:
    """Say why no crawl may ever connect to `ip`, or None: it names no single machine."""
    inner = embedded(ip) or ip
    if inner.is_unspecified or inner in _SPECIAL[0]:
        return "unspecified address"
    if inner.is_multicast or ip.is_multicast:
        return "multicast address"
    if inner == IPv4Address("255.255.255.255"):
        return "broadcast address"
    return None


def not_public(ip: Ip) -> str | None:
    """Say why `ip` is not an address of the public internet, or None if it is one."""
    inner = embedded(ip)
    if inner is not None:
        return not_public(inner)
    if (why := never(ip)) is not None:
        return why
    if ip in METADATA:
        return "cloud metadata address"
    if ip.is_loopback:
        return "loopback address"
    if ip.is_link_local:
        return "link-local address"
    if ip.is_private or any(ip in network for network in _SPECIAL if network.version == ip.version):
        return "private or special-purpose address"
    if not ip.is_global or (isinstance(ip, IPv6Address) and ip not in _UNICAST6):
        return "not a global address"
    return None
