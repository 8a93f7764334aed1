"""The client keeps what was really said, from real sockets, and every failure has its reason."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from dataclasses import fields
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from archiver.errors import BadInput, FetchFailed
from archiver.fetch import Client, Exchange, Guard, Limits
from archiver.fetch.resolver import Resolver
from tests.wire import RawServer, Script, Talk, answer, ok, raw_server

T = TypeVar("T")
QUICK = Limits(total_seconds=5, connect_seconds=2, idle_seconds=0.2)


def with_client(
    work: Callable[[Client], Awaitable[T]],
    *,
    guard: Guard | None = None,
    limits: Limits | None = None,
    max_idle_per_host: int = 2,
) -> T:
    async def run() -> T:
        client = Client(guard or Guard(allow_private=True), limits=limits, max_idle_per_host=max_idle_per_host)
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(run())


def fetch(
    url: str,
    *,
    guard: Guard | None = None,
    limits: Limits | None = None,
    method: str = "GET",
    headers: tuple[tuple[str, str], ...] = (),
    deadline_seconds: float | None = None,
    keep_bytes: int | None = None,
) -> Exchange:
    def work(client: Client) -> Awaitable[Exchange]:
        return client.fetch(
            url, method=method, headers=headers, deadline_seconds=deadline_seconds, keep_bytes=keep_bytes
        )

    return with_client(work, guard=guard, limits=limits)


def failure(script: Script | bytes, limits: Limits | None = None) -> FetchFailed:
    with raw_server(script) as server, pytest.raises(FetchFailed) as caught:
        fetch(server.url(), limits=limits)
    assert caught.value.url == server.url()
    return caught.value


def test_an_exchange_says_what_was_sent_and_what_came() -> None:
    with raw_server(
        ok(b"<p>text", "Server: x", "set-cookie: a=1", "Set-Cookie: b=2", status="203 So they say")
    ) as server:
        found = fetch(server.url("/a?b=%20c"), headers=(("User-Agent", "newsvault/1"), ("accept", "*/*")))
    assert (found.url, found.status, found.reason) == (server.url("/a?b=%20c"), 203, "So they say")
    assert found.http_version == "HTTP/1.1"
    assert found.headers == (("Server", "x"), ("set-cookie", "a=1"), ("Set-Cookie", "b=2"), ("Content-Length", "7"))
    assert (found.body, found.wire_bytes, found.flags) == (b"<p>text", 7, ())
    assert (found.peer, found.tls) == (server.place, None)
    assert found.raw_head.startswith(b"HTTP/1.1 203 So they say\r\nServer: x\r\n")


def test_the_kept_request_is_the_one_that_arrived() -> None:
    with raw_server(ok(b"")) as server:
        found = fetch(server.url("/a?b"), headers=(("User-Agent", "newsvault/1"), ("X-Odd", "caf\xe9")))
    lines = [f"{found.request.method} {found.request.target} {found.request.http_version}"]
    lines += [f"{name}: {value}" for name, value in found.request.headers]
    assert server.requests == ["\r\n".join([*lines, "", ""]).encode("latin-1")]
    assert [name for name, _ in found.request.headers] == ["Host", "User-Agent", "X-Odd", "Accept-Encoding"]


def test_cookies_and_credentials_are_sent_and_not_kept() -> None:
    with raw_server(ok(b"")) as server:
        found = fetch(server.url(), headers=(("Cookie", "s=secret"), ("Authorization", "Basic secret")))
    assert server.requests[0].count(b"secret") == 2
    assert "secret" not in repr(found)


def test_the_caller_decides_about_accept_encoding() -> None:
    with raw_server(ok(b"")) as server:
        fetch(server.url(), headers=(("accept-encoding", "gzip"),))
    assert server.requests[0].lower().count(b"accept-encoding") == 1


def test_the_body_is_not_in_the_repr() -> None:
    with raw_server(ok(b"a whole page")) as server:
        assert "a whole page" not in repr(fetch(server.url()))


def test_times_are_aware_and_ordered() -> None:
    before = datetime.now(UTC)
    with raw_server(ok(b"x")) as server:
        found = fetch(server.url())
    assert before <= found.started_at <= datetime.now(UTC)
    assert 0 <= found.first_byte_seconds <= found.total_seconds


def test_a_gzip_page_is_decoded() -> None:
    coded = gzip.compress(b"text " * 9000)
    with raw_server(ok(coded, "Content-Encoding: gzip")) as server:
        found = fetch(server.url())
    assert (found.body, found.wire_bytes, found.flags) == (b"text " * 9000, len(coded), ())
    assert found.header("content-encoding") == "gzip"


def test_an_answer_in_single_bytes_is_whole() -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"

    def drip(talk: Talk) -> None:
        talk.request()
        talk.send(*(raw[n : n + 1] for n in range(len(raw))))

    with raw_server(drip) as server:
        assert fetch(server.url()).body == b"abc"


def test_an_error_status_is_an_exchange_too() -> None:
    with raw_server(ok(b"gone", status="410 Gone")) as server:
        assert fetch(server.url()).status == 410


def test_redirects_are_not_followed() -> None:
    with raw_server(ok(b"", "Location: /next", status="302 Found")) as server:
        assert fetch(server.url()).header("LOCATION") == "/next"
    assert len(server.requests) == 1


def test_a_head_request_has_no_body() -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n") as server:
        found = fetch(server.url(), method="HEAD")
    assert (found.body, found.flags) == (b"", ())
    assert server.requests[0].startswith(b"HEAD / HTTP/1.1\r\n")


def test_a_body_that_ends_too_early_is_kept_and_flagged() -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf") as server:
        found = fetch(server.url())
    assert (found.body, found.flags) == (b"half", ("truncated",))


def test_reading_can_stop_after_the_bytes_wanted() -> None:
    def endless(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            talk.send(b"x" * 65536)

    with raw_server(endless) as server:
        found = fetch(server.url(), keep_bytes=100_000)
    assert (len(found.body), found.flags) == (100_000, ("no_content_length", "cut"))


# Failures and their reasons.


def test_a_reset_in_the_body_is_a_reset() -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf")
        time.sleep(0.05)  # let the client read first: RST drops what is under way
        talk.reset()

    assert failure(script).reason == "reset"


def test_a_close_without_an_answer_is_a_reset() -> None:
    assert failure(lambda talk: None).reason == "reset"


def test_a_close_after_the_request_is_a_reset_and_not_tried_again() -> None:
    def script(talk: Talk) -> None:
        talk.request()

    with raw_server(script) as server, pytest.raises(FetchFailed, match="reset"):
        fetch(server.url())
    assert server.connections == 1


def test_silence_before_the_answer_is_a_timeout() -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.wait_for_close()

    found = failure(script, QUICK)
    assert (found.reason, found.detail) == ("timeout", "silent for 0.2 s")


def test_silence_in_the_body_is_a_timeout() -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf")
        talk.wait_for_close()

    assert failure(script, QUICK).reason == "timeout"


def test_drips_do_not_outlive_the_deadline() -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            talk.send(b"X-Drip: 1\r\n")
            time.sleep(0.05)

    found = failure(script, Limits(total_seconds=0.4, idle_seconds=5))
    assert (found.reason, found.detail) == ("timeout", "no end within the time given")


def test_one_fetch_may_have_a_deadline_of_its_own() -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.wait_for_close()

    with raw_server(script) as server, pytest.raises(FetchFailed, match="no end within"):
        fetch(server.url(), deadline_seconds=0.2)


def test_a_missing_trailer_does_not_lose_the_body() -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n")
        talk.wait_for_close()

    with raw_server(script) as server:
        found = fetch(server.url(), limits=QUICK)
    assert (found.body, found.flags) == (b"abc", ())


def test_nobody_listening_is_a_connect_error() -> None:
    with raw_server(b"") as server:
        url = server.url()
    with pytest.raises(FetchFailed) as caught:
        fetch(url)
    assert caught.value.reason == "connect_error"


def test_what_is_not_http_is_a_protocol_error() -> None:
    assert failure(b"SSH-2.0-OpenSSH_9.2\r\n").reason == "protocol_error"


def test_endless_headers_are_too_large() -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            talk.send(b"X-Bomb: bbbbbbbbbbbbbbbbbbbbbb\r\n" * 100)

    assert failure(script).reason == "too_large"


def test_an_endless_body_is_too_large_and_costs_bounded_memory() -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            talk.send(b"x" * 65536)

    tracemalloc.start()
    try:
        assert failure(script, Limits(body_bytes=4 << 20)).reason == "too_large"
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_a_slow_name_server_is_a_dns_error() -> None:
    def slow(host: str) -> list[str]:
        time.sleep(0.5)
        return ["127.0.0.1"]

    with pytest.raises(FetchFailed) as caught:
        fetch("http://slow.example/", guard=Guard(resolver=Resolver(slow)), limits=Limits(connect_seconds=0.1))
    assert caught.value.reason == "dns_error"


def test_a_request_header_that_breaks_the_framing_is_bad_input() -> None:
    with pytest.raises(BadInput):
        fetch("http://127.0.0.1:9/", headers=(("X", "a\r\nY: b"),))


# The checked address is the connected one.


def test_the_default_guard_never_connects_to_this_machine() -> None:
    with raw_server(ok(b"secret")) as server:
        for host in ("127.0.0.1", "2130706433", "localhost", "[::ffff:127.0.0.1]"):
            with pytest.raises(FetchFailed) as caught:
                fetch(server.url(host=host), guard=Guard(ports=frozenset((server.port,))))
            assert caught.value.reason == "blocked_address"
    assert server.connections == 0


def test_an_open_port_leaves_the_others_of_the_same_address_closed() -> None:
    with raw_server(ok(b"site")) as site, raw_server(ok(b"secret")) as inside:
        guard = Guard(allow=[site.place])
        assert fetch(site.url(), guard=guard).body == b"site"
        with pytest.raises(FetchFailed, match="blocked_address"):
            fetch(inside.url(), guard=guard)
    assert inside.connections == 0


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    asked: list[str] = []

    def rebinding(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.2"] if len(asked) == 1 else ["127.0.0.1"]

    with raw_server(ok(b"checked"), host="127.0.0.2") as server:
        guard = Guard(allow=[server.place], resolver=Resolver(rebinding))
        found = fetch(server.url(host="rebind.example"), guard=guard)
    assert (found.body, found.peer) == (b"checked", server.place)
    assert asked == ["rebind.example"]
    assert f"Host: rebind.example:{server.port}".encode() in server.requests[0]


def test_a_dead_address_is_passed_over_for_the_next() -> None:
    with raw_server(ok(b"here"), host="127.0.0.2") as server:
        guard = Guard(allow_private=True, resolver=Resolver(lambda host: ["127.0.0.3", "127.0.0.2"]))
        assert fetch(server.url(host="two.example"), guard=guard).peer == server.place


# Kept connections.


def several(server: RawServer, paths: int, max_idle_per_host: int = 2) -> list[Exchange]:
    async def work(client: Client) -> list[Exchange]:
        found = []
        for number in range(paths):
            found.append(await client.fetch(server.url(f"/{number}")))
            await asyncio.sleep(0.05)  # let a close by the server arrive
        return found

    return with_client(work, max_idle_per_host=max_idle_per_host)


def test_a_connection_serves_again() -> None:
    with raw_server(answer(*(ok(b"%d" % n) for n in range(5)), close=False)) as server:
        assert [found.body for found in several(server, 5)] == [b"0", b"1", b"2", b"3", b"4"]
    assert server.connections == 1


def test_a_connection_is_not_kept_where_none_may_be_idle() -> None:
    with raw_server(answer(ok(b"a"), ok(b"b"), close=False)) as server:
        several(server, 2, max_idle_per_host=0)
    assert server.connections == 2


def test_extra_bytes_never_become_the_next_answer() -> None:
    poison = ok(b"page") + ok(b"smuggled")
    with raw_server(answer(poison, poison, close=False)) as server:
        assert [found.body for found in several(server, 2)] == [b"page", b"page"]
    assert server.connections == 2


def test_bytes_that_come_between_two_requests_close_the_connection() -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(ok(b"page"))
        time.sleep(0.02)
        talk.send(ok(b"smuggled"))
        talk.wait_for_close()

    with raw_server(script) as server:
        assert [found.body for found in several(server, 2)] == [b"page", b"page"]
    assert server.connections == 2


def test_a_connection_that_the_server_closed_meanwhile_is_not_used() -> None:
    with raw_server(answer(ok(b"page"))) as server:
        assert [found.body for found in several(server, 3)] == [b"page"] * 3
    assert server.connections == 3


def test_a_kept_connection_that_closes_on_the_next_request_is_tried_again_once() -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(ok(b"page"))
        talk.request()

    with raw_server(script) as server:
        assert [found.body for found in several(server, 2)] == [b"page", b"page"]
    assert server.connections == 2
    assert len(server.requests) == 3


def test_a_kept_connection_that_answers_in_part_is_not_tried_again() -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(ok(b"page"))
        talk.request()
        talk.send(b"HTTP/1.1 2")

    with raw_server(script) as server, pytest.raises(FetchFailed, match="before the headers were complete"):
        several(server, 2)
    assert server.connections == 1


def test_many_fetches_at_once_keep_apart() -> None:
    def echo(talk: Talk) -> None:
        while line := talk.request():
            talk.send(ok(line.split(b" ")[1]))

    async def work(client: Client) -> list[Exchange]:
        return await asyncio.gather(*(client.fetch(server.url(f"/{n}")) for n in range(30)))

    with raw_server(echo) as server:
        assert [found.body for found in with_client(work)] == [b"/%d" % n for n in range(30)]


def test_a_cancelled_fetch_closes_its_connection() -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.wait_for_close()

    async def work(client: Client) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.fetch(server.url()), 0.1)

    with raw_server(script) as server:
        with_client(work)
    assert len(server.requests) == 1


def test_a_client_that_closes_fails_its_fetches_and_never_passes_half_a_page_off_as_whole() -> None:
    def script(talk: Talk) -> None:
        talk.request()
        talk.send(b"HTTP/1.1 200 OK\r\n\r\nhalf of a page that ends with the connection")
        talk.wait_for_close()

    async def work(client: Client) -> None:
        fetching = asyncio.ensure_future(client.fetch(server.url()))
        while not server.requests:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        await client.close()
        with pytest.raises(FetchFailed, match="we closed"):
            await fetching

    with raw_server(script) as server:
        with_client(work)


def test_every_field_of_an_exchange_is_filled() -> None:
    with raw_server(ok(b"x")) as server:
        found = fetch(server.url())
    assert {f.name for f in fields(found) if getattr(found, f.name) is None} == {"tls"}
