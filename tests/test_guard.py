"""The guard lets a crawl out to the public web and nowhere else."""

from __future__ import annotations

import asyncio
import socket

import pytest

from archiver.errors import BadInput, FetchFailed
from archiver.fetch import Guard
from archiver.fetch.address import literal, not_public
from archiver.fetch.resolver import Resolver


def reason(guard: Guard, url: str) -> str | None:
    try:
        guard.check_url(url)
    except FetchFailed as failure:
        return failure.reason if failure.url == url else f"named {failure.url}"
    return None


def answers(*ips: str) -> Resolver:
    """A resolver that knows only these addresses, for every name."""
    return Resolver(lambda host: list(ips))


def addresses(guard: Guard, host: str, port: int = 80) -> list[str]:
    async def look_up() -> list[str]:
        try:
            return [address.ip for address in await guard.resolve(host, port)]
        finally:
            await guard.close()

    return asyncio.run(look_up())


def test_a_url_is_taken_apart_without_changing_its_target() -> None:
    place = Guard().check_url("HTTPS://News.Example/a%2fb/../c?q=%zz&r=1#part")
    assert (place.scheme, place.host, place.port) == ("https", "news.example", 443)
    assert place.target == "/a%2fb/../c?q=%zz&r=1"
    assert place.host_header == "news.example"


def test_a_query_without_a_path_gets_the_root_path() -> None:
    assert Guard().check_url("http://news.example?page=2").target == "/?page=2"


def test_the_port_is_in_the_host_header_only_where_it_is_not_the_usual_one() -> None:
    guard = Guard(ports=frozenset((80, 443, 8080)))
    assert guard.check_url("http://news.example:80/").host_header == "news.example"
    assert guard.check_url("https://news.example:80/").host_header == "news.example:80"
    assert guard.check_url("http://news.example:8080/").host_header == "news.example:8080"


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://news.example/", "gopher://x/", "data:text/html,x", "javascript:alert(1)"]
)
def test_only_http_and_https_are_fetched(url: str) -> None:
    assert reason(Guard(), url) == "bad_scheme"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "news.example/",
        "http:///path",
        "http:news.example",
        "http://user@news.example/",
        "http://user:word@news.example/",
        "http://news.example@127.0.0.1/",
        "http://news.example\\@127.0.0.1/",
        "http://news.example/a b",
        "http://news.example/a\r\nX: 1",
        "http://news.example/\x00",
        "http://news.example/café",
        "http://bücher.example/",
        "http://news%2eexample/",
        "http://news..example/",
        "http://news.example:0/",
        "http://news.example:99999/",
        "http://news.example:abc/",
        "http://news.example:٣/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://[nonsense]/",
        "http://256.1.1.1/",
        "http://1.2.3.4.5/",
        "http://09.1.1.1/",
        f"http://{'a' * 64}.example/",
        f"http://{'a.' * 130}example/",
    ],
)
def test_a_url_that_cannot_be_sent_as_it_is_is_refused(url: str) -> None:
    assert reason(Guard(), url) == "bad_url"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "2130706433",
        "0x7f000001",
        "0x7F.0x0.0x0.0x1",
        "0177.0.0.1",
        "017700000001",
        "127.1",
        "127.0.1",
        "１２７.０.０.１",
        "127。0。0。1",
        "0",
        "0.0.0.0",
        "0x",
        "10.0.0.5",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0xA9FEA9FE",
        "168.63.129.16",
        "192.0.0.192",
        "198.18.0.1",
        "203.0.113.7",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a00:5]",
        "[::127.0.0.1]",
        "[2002:7f00:1::]",
        "[2002:a9fe:a9fe::1]",
        "[64:ff9b::10.0.0.5]",
        "[64:ff9b:1::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[ff02::1]",
        "[2001:db8::1]",
        "[2001:0:7f00:1::]",
        "[3fff::1]",
        "[4000::1]",
    ],
)
def test_addresses_that_are_not_public_are_blocked_in_every_spelling(host: str) -> None:
    assert reason(Guard(), f"http://{host}/") == "blocked_address"


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "134744072", "[2606:4700:4700::1111]", "[64:ff9b::8.8.8.8]", "[::ffff:8.8.8.8]", "news.example"]
)
def test_public_addresses_and_names_pass(host: str) -> None:
    assert reason(Guard(), f"http://{host}/") is None


def test_a_name_that_ends_in_a_number_is_read_as_an_address_or_refused() -> None:
    assert literal("news.example") is None
    assert str(literal("1.1")) == "1.0.0.1"
    with pytest.raises(ValueError, match="not a number"):
        literal("news.1")


def test_a_public_port_other_than_80_and_443_is_blocked() -> None:
    assert reason(Guard(), "http://news.example:8080/") == "blocked_address"
    assert reason(Guard(), "http://8.8.8.8:22/") == "blocked_address"
    assert reason(Guard(ports=frozenset((8080,))), "http://news.example:8080/") is None


def test_allow_private_opens_private_addresses_at_any_port() -> None:
    guard = Guard(allow_private=True)
    for host in ("127.0.0.1", "10.0.0.5", "192.168.1.1", "[::1]", "[fe80::1]", "[::ffff:127.0.0.1]"):
        assert reason(guard, f"http://{host}:8900/") is None


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "224.0.0.1", "[ff02::1]", "255.255.255.255", "[::ffff:0.0.0.0]"])
def test_what_names_no_machine_stays_blocked_whatever_is_allowed(host: str) -> None:
    assert reason(Guard(allow_private=True, allow=["0.0.0.0/0", "[::]/0"]), f"http://{host}/") == "blocked_address"


def test_cloud_metadata_stays_blocked_under_allow_private_and_needs_its_own_exception() -> None:
    url = "http://169.254.169.254/latest/meta-data/"
    assert reason(Guard(allow_private=True), url) == "blocked_address"
    assert reason(Guard(allow_private=True), "http://[::ffff:169.254.169.254]/") == "blocked_address"
    assert reason(Guard(allow=["169.254.169.254"]), url) is None


def test_an_exception_opens_its_own_port_and_no_other() -> None:
    guard = Guard(allow=["127.0.0.1:8900", "127.0.1.0/24:8900", "[::1]:8900"])
    for url in ("http://127.0.0.1:8900/", "http://127.1:8900/", "http://127.0.1.77:8900/", "http://[::1]:8900/"):
        assert reason(guard, url) is None
    for url in ("http://127.0.0.1:8901/", "http://127.0.0.1/", "http://127.0.0.2:8900/", "http://[::1]:8901/"):
        assert reason(guard, url) == "blocked_address"


def test_an_exception_without_a_port_opens_all_ports() -> None:
    guard = Guard(allow=["10.1.0.0/16"])
    assert reason(guard, "http://10.1.2.3:9000/") is None
    assert reason(guard, "http://10.2.2.3:9000/") == "blocked_address"


def test_an_exception_for_a_name_opens_whatever_address_it_has() -> None:
    guard = Guard(allow=["intranet.example:8080"], resolver=answers("10.0.0.5"))
    assert reason(guard, "http://intranet.example:8080/") is None
    assert addresses(guard, "intranet.example", 8080) == ["10.0.0.5"]
    with pytest.raises(FetchFailed, match="blocked_address"):
        addresses(guard, "other.example", 8080)


@pytest.mark.parametrize("text", ["", "http://127.0.0.1", "127.0.0.1:port", "::1", "10.0.0.0/99", "[::1", "a b"])
def test_an_exception_that_cannot_be_read_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput):
        Guard(allow=[text])


def test_a_name_is_blocked_when_any_of_its_addresses_is_not_public() -> None:
    with pytest.raises(FetchFailed) as caught:
        addresses(Guard(resolver=answers("8.8.8.8", "10.0.0.5")), "mixed.example")
    assert caught.value.reason == "blocked_address"


def test_a_name_with_public_addresses_gives_all_of_them_families_in_turn() -> None:
    guard = Guard(resolver=answers("2606:4700::1", "2606:4700::2", "8.8.8.8", "2606:4700::1"))
    assert addresses(guard, "news.example") == ["2606:4700::1", "8.8.8.8", "2606:4700::2"]


def test_a_literal_needs_no_look_up() -> None:
    def fail(host: str) -> list[str]:
        raise AssertionError(host)

    assert addresses(Guard(resolver=Resolver(fail)), "0x08080808") == ["8.8.8.8"]


def test_an_unknown_name_is_a_dns_error() -> None:
    def unknown(host: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(FetchFailed) as caught:
        addresses(Guard(resolver=Resolver(unknown)), "nowhere.example")
    assert caught.value.reason == "dns_error"


def test_each_answer_is_checked_again_even_from_the_cache() -> None:
    resolver = answers("10.0.0.5")
    assert addresses(Guard(allow_private=True, resolver=resolver), "x.example") == ["10.0.0.5"]
    with pytest.raises(FetchFailed, match="blocked_address"):
        addresses(Guard(resolver=resolver), "x.example")


def test_a_good_answer_is_remembered_for_thirty_seconds() -> None:
    asked: list[str] = []
    now = [0.0]

    def lookup(host: str) -> list[str]:
        asked.append(host)
        return ["8.8.8.8"]

    guard = Guard(resolver=Resolver(lookup, clock=lambda: now[0]))
    addresses(guard, "news.example")
    now[0] = 29.9
    addresses(guard, "news.example")
    assert len(asked) == 1
    now[0] = 30.1
    addresses(guard, "news.example")
    assert len(asked) == 2


def test_the_same_name_is_looked_up_once_at_a_time() -> None:
    asked: list[str] = []

    def lookup(host: str) -> list[str]:
        asked.append(host)
        return ["8.8.8.8"]

    async def together() -> None:
        guard = Guard(resolver=Resolver(lookup))
        await asyncio.gather(*(guard.resolve("news.example", 80) for _ in range(20)))
        await guard.close()

    asyncio.run(together())
    assert asked == ["news.example"]


def test_the_words_say_what_kind_of_address_it_is() -> None:
    found = {host: not_public(address) for host in ("127.0.0.1", "[fe80::1]", "10.0.0.1") if (address := literal(host))}
    assert found == {
        "127.0.0.1": "loopback address",
        "[fe80::1]": "link-local address",
        "10.0.0.1": "private or special-purpose address",
    }
