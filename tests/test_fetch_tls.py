"""TLS is checked by default; where it is not, the exchange says so."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from archiver.errors import FetchFailed
from archiver.fetch import Client, Exchange, Guard, Limits
from archiver.fetch.resolver import Resolver
from tests.wire import Talk, answer, certificate, ok, raw_server

Made = tuple[ssl.SSLContext, str, x509.Certificate]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return certificate(Path(tmp_path_factory.mktemp("tls")), "news.example", "127.0.0.1")


def fetch(url: str, times: int = 1, connect_seconds: float = 5, **options: object) -> list[Exchange]:
    async def run() -> list[Exchange]:
        guard = Guard(allow_private=True, resolver=Resolver(lambda host: ["127.0.0.1"]))
        client = Client(guard, limits=Limits(connect_seconds=connect_seconds), **options)  # type: ignore[arg-type]  # by name
        try:
            return [await client.fetch(url) for _ in range(times)]
        finally:
            await client.close()

    return asyncio.run(run())


def failure(url: str, **options: object) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        fetch(url, **options)  # type: ignore[arg-type]  # passed on
    return caught.value


def test_a_trusted_certificate_is_verified_and_its_facts_are_kept(made: Made) -> None:
    context, pem, cert = made
    with raw_server(ok(b"page"), tls=context) as server:
        (found,) = fetch(server.url(host="news.example"), ca_file=pem)
    assert found.body == b"page"
    assert found.tls is not None
    assert found.tls.verified
    assert found.tls.version.startswith("TLSv1.")
    assert found.tls.cipher
    assert (found.tls.subject, found.tls.issuer) == ("CN=news.example", "CN=news.example")
    assert found.tls.not_after == "2090-01-01T00:00:00Z"
    assert found.tls.sha256 == hashlib.sha256(cert.public_bytes(Encoding.DER)).hexdigest()


def test_an_address_can_have_a_certificate(made: Made) -> None:
    with raw_server(ok(b"page"), tls=made[0]) as server:
        (found,) = fetch(server.url(), ca_file=made[1])
    assert found.tls is not None
    assert found.tls.verified


def test_an_unknown_certificate_is_refused_in_words(made: Made) -> None:
    with raw_server(ok(b"page"), tls=made[0]) as server:
        found = failure(server.url(host="news.example"))
    assert (found.reason, found.detail) == ("tls", "certificate not accepted: self-signed certificate")
    assert server.requests == []


def test_a_certificate_for_another_name_is_refused(made: Made) -> None:
    with raw_server(ok(b"page"), tls=made[0]) as server:
        found = failure(server.url(host="other.example"), ca_file=made[1])
    assert found.reason == "tls"
    assert "Hostname mismatch" in found.detail


def test_an_insecure_host_may_show_anything_and_the_exchange_says_so(made: Made) -> None:
    with raw_server(ok(b"page"), tls=made[0]) as server:
        (found,) = fetch(server.url(host="other.example"), insecure_hosts=frozenset(("other.example",)))
    assert found.tls is not None
    assert not found.tls.verified
    assert found.tls.subject == "CN=news.example"


def test_one_insecure_host_does_not_make_others_so(made: Made) -> None:
    with raw_server(ok(b"page"), tls=made[0]) as server:
        found = failure(server.url(host="news.example"), insecure_hosts=frozenset(("other.example",)))
    assert found.reason == "tls"


def test_a_server_that_speaks_no_tls_is_a_tls_failure() -> None:
    with raw_server(lambda talk: talk.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        found = failure(f"https://127.0.0.1:{server.port}/")
    assert found.reason == "tls"


def test_a_connection_that_closes_in_the_handshake_is_no_certificate_problem() -> None:
    with raw_server(lambda talk: None) as server:
        assert failure(f"https://127.0.0.1:{server.port}/").reason in ("reset", "tls")


def test_a_silent_handshake_is_a_timeout() -> None:
    with raw_server(Talk.wait_for_close) as server:
        assert failure(f"https://127.0.0.1:{server.port}/", connect_seconds=0.3).reason == "timeout"


def test_a_tls_connection_serves_again(made: Made) -> None:
    with raw_server(answer(ok(b"1"), ok(b"2"), close=False), tls=made[0]) as server:
        found = fetch(server.url(), times=2, ca_file=made[1])
    assert [one.body for one in found] == [b"1", b"2"]
    assert server.connections == 1
    assert found[0].tls == found[1].tls


def test_large_pages_come_whole_through_tls_though_the_server_closes_at_once(made: Made) -> None:
    page = bytes(range(256)) * 4000
    with raw_server(ok(page, "Connection: close"), tls=made[0]) as server:
        found = fetch(server.url(), times=40, ca_file=made[1])
    assert [(one.body == page, one.flags) for one in found] == [(True, ())] * 40
