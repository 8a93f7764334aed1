"""Host names and the addresses they may spell. In: a host as written. Out: its one spelling. Never: DNS."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from tldextract import TLDExtract

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_MAX_HOST = 253  # RFC 1035, 2.3.4, written without the final dot
_LABEL = re.compile(r"[a-z0-9_-]{1,63}\Z")
_DOTS = re.compile("[\u3002\uff0e\uff61]")  # the ideographic full stops that IDNA reads as dots (RFC 3490, 3.1)
_NUMBER = re.compile(r"0x[0-9a-f]*\Z|[0-9]+\Z")


@lru_cache(maxsize=4096)  # a page's links name a handful of hosts, over and over
def ascii_host(text: str) -> str:
    """Return the one spelling of a URL's host: lower case, A-labels, no final dot; IPv6 in brackets.

    Raises ValueError, in words, for what is no host.
    """
    if not text:
        raise ValueError("no host")
    if text.startswith("["):
        return _bracketed(text)
    name = _ascii_name(text)
    if _ends_in_number(name):
        address = _ipv4(name)
        if address is None:
            raise ValueError("the host looks like an address but is none")
        return str(address)
    if len(name) > _MAX_HOST or not all(_LABEL.match(label) for label in name.split(".")):
        raise ValueError("not a host name")
    return name


def literal_address(host: str) -> Address | None:
    """Return the address that `host` spells, or None where it is a name that DNS must answer.

    Reads what inet_aton and browsers read: `127.1`, `2130706433`, `0x7f.0.0.1`, `0177.0.0.1`, full-width digits,
    percent escapes, IPv6 with or without brackets or zone. An IPv4 address mapped into IPv6 comes back as IPv4, since
    that is where the packets go. NAT64 and 6to4 forms are left as IPv6: whoever guards the network judges them.
    """
    text = host.strip().strip("[]")
    if ":" in text:
        try:
            return _unmapped(ipaddress.IPv6Address(text))
        except ValueError:
            return None
    try:
        return _ipv4(_ascii_name(text))
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def registered_domain(host: str) -> str:
    """Return the domain that was registered (`bbc.co.uk` for `www.bbc.co.uk`), or `host` itself where there is none.

    Uses the public suffix list that comes with tldextract; never fetches one.
    """
    if literal_address(host) is not None:
        return host
    return _extractor()(host).top_domain_under_public_suffix or host


@lru_cache(maxsize=1)
def _extractor() -> TLDExtract:
    from tldextract import TLDExtract  # 0.13 s, and only few callers need it

    return TLDExtract(suffix_list_urls=(), cache_dir=None)


def _bracketed(text: str) -> str:
    if not text.endswith("]") or "%" in text:  # a zone (RFC 6874) means nothing outside this machine
        raise ValueError("not an IPv6 address")
    try:
        address = _unmapped(ipaddress.IPv6Address(text[1:-1]))
    except ValueError as error:
        raise ValueError("not an IPv6 address") from error
    return str(address) if address.version == 4 else f"[{address}]"


def _unmapped(address: ipaddress.IPv6Address) -> Address:
    return address.ipv4_mapped or address


def _ascii_name(text: str) -> str:
    """Lower case, percent escapes undone, IDNA applied, one final dot dropped. Raises ValueError."""
    if "%" in text:
        text = unquote(text, errors="strict")
    if not text.isascii():
        text = _idna(text)
    return text.lower().removesuffix(".")


def _idna(text: str) -> str:
    """IDNA 2008 with UTS 46 mapping; what 2008 forbids (`☕.example`) is Punycode all the same, as in browsers."""
    if len(text) > _MAX_HOST:
        raise ValueError("not a host name")
    import idna  # 12 ms, and most crawls never see such a host

    try:
        mapped = idna.uts46_remap(text, std3_rules=False, transitional=False)
        return ".".join(_a_label(label) for label in _DOTS.sub(".", mapped).split("."))
    except (UnicodeError, idna.IDNAError) as error:
        raise ValueError("not a host name") from error


def _a_label(label: str) -> str:
    import idna

    if label.isascii():
        return label
    try:
        return idna.alabel(label).decode("ascii")
    except idna.IDNAError:
        return "xn--" + unicodedata.normalize("NFKC", label).encode("punycode").decode("ascii")


def _ends_in_number(name: str) -> bool:
    return bool(_NUMBER.match(name.rsplit(".", 1)[-1]))


def _ipv4(name: str) -> ipaddress.IPv4Address | None:
    """Read one to four numbers, decimal, octal or hex, the last one filling what is left (inet_aton(3))."""
    parts = name.split(".")
    if len(parts) > 4 or not all(_NUMBER.match(part) and len(part) <= 40 for part in parts):
        return None
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:  # 09 is no octal number
        return None
    *high, low = numbers
    if any(number > 255 for number in high) or low >= 256 ** (5 - len(parts)):
        return None
    return ipaddress.IPv4Address(sum(number << 8 * (3 - index) for index, number in enumerate(high)) + low)


def _number(text: str) -> int:
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    return int(text, 8) if text.startswith("0") and len(text) > 1 else int(text)
