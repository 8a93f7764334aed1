"""An answer is read the same however its bytes arrive: head, framing, end."""

from __future__ import annotations

import gzip
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import BadInput, FetchFailed
from archiver.fetch import FLAGS, Guard, Limits
from archiver.fetch.receive import ResponseReader
from archiver.fetch.wire import parse_head, request_bytes

URL = "http://news.example/story"


def read(*pieces: bytes, method: str = "GET", url: str = URL, end: bool = True, **options: object) -> ResponseReader:
    limits = Limits(**{k: v for k, v in options.items() if k != "keep_bytes"})  # type: ignore[arg-type]  # by name
    reader = ResponseReader(url, method, limits, options.get("keep_bytes"))  # type: ignore[arg-type]  # an int or None
    for piece in pieces:
        if not reader.done:
            reader.feed(piece)
    if end and not reader.done:
        reader.end()
    assert set(reader.flags) <= set(FLAGS)
    return reader


def failure(*pieces: bytes, **options: object) -> str:
    with pytest.raises(FetchFailed) as caught:
        read(*pieces, **options)  # type: ignore[arg-type]  # passed on
    assert caught.value.url == URL
    return caught.value.reason


def head(*lines: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    return "\r\n".join([status, *lines, "", ""]).encode("latin-1")


def test_headers_keep_order_case_and_repetitions() -> None:
    reader = read(head("Set-Cookie: a=1", "x-LOWER:  v ", "Set-Cookie: b=2", "Content-Length: 0"))
    assert reader.head is not None
    assert reader.head.headers == (
        ("Set-Cookie", "a=1"),
        ("x-LOWER", "v"),
        ("Set-Cookie", "b=2"),
        ("Content-Length", "0"),
    )


def test_the_raw_head_is_kept_byte_for_byte() -> None:
    lines = b"X-Raw: caf\xe9 \xff\r\nthis is no header\r\nX-Fold: a\r\n\t b\r\nContent-Length: 2\r\n\n"
    raw = b"HTTP/1.1 200 Fine, thanks\n" + lines
    reader = read(raw + b"ok")
    assert reader.head is not None
    assert reader.head.raw == raw
    assert reader.head.reason == "Fine, thanks"
    assert dict(reader.head.headers)["X-Raw"] == "café ÿ"
    assert dict(reader.head.headers)["X-Fold"] == "a b"
    assert reader.flags == ("header_broken",)
    assert reader.body == b"ok"


@pytest.mark.parametrize(
    ("line", "version", "status", "reason"),
    [
        ("HTTP/1.0 200 OK", "HTTP/1.0", 200, "OK"),
        ("HTTP/1.1 999 Request denied", "HTTP/1.1", 999, "Request denied"),
        ("HTTP/1.1 404", "HTTP/1.1", 404, ""),
        ("HTTP/1.1 200 ", "HTTP/1.1", 200, ""),
        ("HTTP/2 200 OK", "HTTP/2", 200, "OK"),
    ],
)
def test_status_lines_that_servers_send(line: str, version: str, status: int, reason: str) -> None:
    found = parse_head(f"{line}\r\n\r\n".encode())
    assert found is not None
    assert (found.http_version, found.status, found.reason) == (version, status, reason)


@pytest.mark.parametrize(
    "junk",
    [
        b"<html>HTTP/0.9</html>",
        b"\x16\x03\x01\x00",
        b"SSH-2.0-x\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"\r\n",
    ],
)
def test_what_is_not_http_is_a_protocol_error(junk: bytes) -> None:
    assert failure(junk) == "protocol_error"


def test_a_switch_of_protocols_that_nobody_asked_for_is_a_protocol_error() -> None:
    assert failure(head(status="HTTP/1.1 101 Switching Protocols")) == "protocol_error"


def test_informational_answers_are_skipped() -> None:
    reader = read(head("Link: </x.css>", status="HTTP/1.1 103 Early Hints") * 200 + head("Content-Length: 2") + b"ok")
    assert (reader.body, reader.flags) == (b"ok", ())


def test_too_many_informational_answers_are_a_protocol_error() -> None:
    assert failure(head(status="HTTP/1.1 103 Early Hints") * 301) == "protocol_error"


def test_headers_over_the_limit_are_too_large_before_they_end() -> None:
    assert failure(b"HTTP/1.1 200 OK\r\n", b"X-Bomb: " + b"b" * 5000, end=False, head_bytes=4096) == "too_large"


def test_informational_answers_count_towards_the_limit_of_the_headers() -> None:
    hint = head("Link: " + "x" * 1000, status="HTTP/1.1 103 Early Hints")
    assert failure(hint * 5, end=False, head_bytes=4096) == "too_large"


def test_a_close_without_an_answer_is_a_reset() -> None:
    assert failure() == "reset"
    assert failure(b"HTTP/1.1 200 OK\r\nContent-Le") == "reset"


def test_a_length_is_kept_to_and_extra_bytes_are_flagged_and_end_the_connection() -> None:
    reader = read(head("Content-Length: 4") + b"pageHTTP/1.1 200 OK\r\n\r\nsmuggled")
    assert (reader.body, reader.flags, reader.reusable) == (b"page", ("extra_bytes",), False)


def test_a_length_that_is_not_reached_is_truncated() -> None:
    reader = read(head("Content-Length: 10") + b"half")
    assert (reader.body, reader.flags, reader.wire_bytes) == (b"half", ("truncated",), 4)


@pytest.mark.parametrize("value", ["banana", "-5", "+5", "0x5", "5, 6", "", "9" * 40])
def test_a_length_that_is_no_number_means_read_to_the_close(value: str) -> None:
    reader = read(head(f"Content-Length: {value}") + b"all of it")
    assert (reader.body, reader.flags) == (b"all of it", ("content_length_invalid", "no_content_length"))


def test_a_length_said_twice_alike_is_one_length() -> None:
    reader = read(head("Content-Length: 2, 2", "Content-Length: 2") + b"ok")
    assert (reader.body, reader.flags, reader.reusable) == (b"ok", (), True)


def test_without_a_length_the_close_ends_the_body_and_nothing_proves_it_whole() -> None:
    reader = read(head(), b"some", b" text")
    assert (reader.body, reader.flags, reader.reusable) == (b"some text", ("no_content_length",), False)


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_answers_that_never_have_a_body(method: str, status: int) -> None:
    reader = read(head("Content-Length: 500", status=f"HTTP/1.1 {status} x"), method=method, end=False)
    assert (reader.done, reader.body, reader.reusable) == (True, b"", True)


CHUNKED = head("Transfer-Encoding: chunked")


def test_chunks_are_joined_with_extensions_and_trailers_read_over() -> None:
    reader = read(CHUNKED + b'3;name="a;b"\r\nabc\r\n00A \r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n')
    assert (reader.body, reader.flags, reader.reusable, reader.wire_bytes) == (b"abc0123456789", (), True, 13)


def test_bare_line_feeds_end_chunk_lines_too() -> None:
    assert read(CHUNKED + b"3\nabc\n0\n\n").body == b"abc"


@pytest.mark.parametrize(
    "rest", [b"ZZZ\r\nmore", b"-3\r\nabc", b"0x3\r\nabc", b"\r\n", b"1_0\r\n", b"f" * 17 + b"\r\n", b"5" + b" " * 5000]
)
def test_a_chunk_size_that_cannot_be_read_ends_the_body_there(rest: bytes) -> None:
    reader = read(CHUNKED + b"3\r\nabc\r\n" + rest, end=False)
    assert (reader.done, reader.body, reader.flags, reader.reusable) == (True, b"abc", ("truncated",), False)


def test_chunk_data_that_runs_over_its_size_ends_the_body() -> None:
    assert read(CHUNKED + b"3\r\nabcdef\r\n0\r\n\r\n", end=False).flags == ("truncated",)


def test_chunks_without_a_last_one_are_truncated() -> None:
    assert read(CHUNKED + b"3\r\nabc\r\n").flags == ("truncated",)
    assert read(CHUNKED + b"9\r\nabc").flags == ("truncated",)


def test_a_last_chunk_without_its_trailer_is_whole_but_ends_the_connection() -> None:
    reader = read(CHUNKED + b"3\r\nabc\r\n0\r\n")
    assert (reader.body, reader.flags, reader.reusable) == (b"abc", (), False)


def test_an_endless_trailer_ends_the_answer() -> None:
    reader = read(CHUNKED + b"3\r\nabc\r\n0\r\n" + b"X: y\r\n" * 20_000, end=False)
    assert (reader.done, reader.body, reader.reusable) == (True, b"abc", False)


def test_chunked_wins_over_a_length() -> None:
    reader = read(head("Content-Length: 1", "Transfer-Encoding: chunked") + b"3\r\nabc\r\n0\r\n\r\n")
    assert (reader.body, reader.flags) == (b"abc", ("length_conflict",))


def test_a_transfer_coding_under_chunked_is_undone() -> None:
    coded = gzip.compress(b"text")
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(coded), coded)
    assert read(head("Transfer-Encoding: gzip, chunked") + body).body == b"text"


def test_wire_bytes_are_those_before_decoding() -> None:
    coded = gzip.compress(b"text " * 1000)
    reader = read(head("Content-Encoding: gzip", f"Content-Length: {len(coded)}") + coded)
    assert (len(reader.body), reader.wire_bytes) == (5000, len(coded))


def test_a_cut_in_wire_and_coding_is_flagged_once() -> None:
    coded = gzip.compress(b"text " * 1000)
    reader = read(head("Content-Encoding: gzip", f"Content-Length: {len(coded)}") + coded[:-9])
    assert reader.flags == ("truncated",)


def test_a_body_over_the_limit_is_too_large() -> None:
    assert failure(CHUNKED + b"400\r\n" + b"x" * 1024 + b"\r\n", body_bytes=1000, end=False) == "too_large"


def test_a_decoded_body_over_the_limit_is_too_large() -> None:
    bomb = gzip.compress(b" " * 100_000)
    assert failure(head("Content-Encoding: gzip") + bomb, body_bytes=50_000, end=False) == "too_large"


def test_a_length_over_the_limit_is_too_large_at_once() -> None:
    assert failure(head("Content-Length: 100000000000"), end=False) == "too_large"


def test_the_limit_on_the_wire_follows_that_of_the_body() -> None:
    assert Limits(body_bytes=50 << 20).most_wire_bytes == 51 << 20
    assert Limits(body_bytes=50 << 20, wire_bytes=9).most_wire_bytes == 9


def test_tiny_chunks_count_with_their_framing() -> None:
    assert failure(CHUNKED, b"1\r\nx\r\n" * 500, b"1\r\nx\r\n", wire_bytes=2000, end=False) == "too_large"


def test_a_dozen_codings_over_one_another_are_refused() -> None:
    assert failure(head("Content-Encoding: " + ", ".join(["gzip"] * 12)) + b"x") == "decode_error"


def test_reading_stops_quietly_where_the_caller_wants_it_to() -> None:
    reader = read(head("Content-Length: 100000000000"), b"x" * 700, b"x" * 700, keep_bytes=1000, end=False)
    assert (len(reader.body), reader.flags, reader.done, reader.reusable) == (1000, ("cut",), True, False)


def test_a_body_of_just_the_wanted_size_is_not_cut() -> None:
    reader = read(head("Content-Length: 4") + b"page", keep_bytes=4)
    assert (reader.body, reader.flags, reader.reusable) == (b"page", (), True)


GZIP = head("Content-Type: text/html", "Content-Length: 24") + gzip.compress(b"text", mtime=0)


def test_gzip_that_nothing_declares_is_kept_as_served_and_flagged() -> None:
    reader = read(GZIP)
    assert (reader.flags, reader.body) == (("gzip_undeclared",), gzip.compress(b"text", mtime=0))


def test_gzip_is_expected_of_a_gz_url_and_of_a_gzip_type() -> None:
    assert read(GZIP, url="http://news.example/sitemap.xml.gz?x=1").flags == ()
    assert read(GZIP.replace(b"text/html", b"application/x-gzip")).flags == ()


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [
        ("HTTP/1.1", "", True),
        ("HTTP/1.1", "Connection: close\r\n", False),
        ("HTTP/1.1", "Connection: x, CLOSE\r\n", False),
        ("HTTP/1.0", "", False),
        ("HTTP/1.0", "Connection: Keep-Alive\r\n", True),
    ],
)
def test_when_a_connection_serves_again(version: str, connection: str, kept: bool) -> None:
    raw = f"{version} 200 OK\r\n{connection}Content-Length: 2\r\n\r\nok".encode()
    assert read(raw).reusable is kept


ANSWERS = [
    head("Content-Length: 5") + b"hello",
    head(status="HTTP/1.1 100 Continue") + CHUNKED + b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n",
    head("Content-Encoding: gzip", "Transfer-Encoding: chunked")
    + b"%x\r\n%s\r\n0\r\n\r\n" % (25, gzip.compress(b"hello", mtime=0)),
    b"HTTP/1.0 200 OK\nX: 1\n folded\nno header\n\nto the close",
    CHUNKED + b"3\r\nabc\r\nnonsense\r\n",
]


@given(st.sampled_from(ANSWERS), st.lists(st.integers(1, 120), max_size=12))
def test_an_answer_reads_the_same_however_it_is_cut(raw: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    cut = read(*(raw[a:b] for a, b in itertools.pairwise(edges)))
    whole = read(raw)
    assert (cut.head, cut.body, cut.flags) == (whole.head, whole.body, whole.flags)
    assert (cut.reusable, cut.wire_bytes) == (whole.reusable, whole.wire_bytes)


@given(st.binary(max_size=400), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", head("Transfer-Encoding: chunked")]))
def test_no_bytes_make_the_reader_fail_but_in_words(data: bytes, start: bytes) -> None:
    reason = "none"
    try:
        read(start + data)
    except FetchFailed as failed:
        reason = failed.reason
    assert reason in ("none", "protocol_error", "reset", "decode_error", "too_large")


def test_a_request_goes_out_in_the_order_given_with_host_before() -> None:
    place = Guard().check_url("http://news.example/a?b=c")
    raw, kept = request_bytes("GET", place, (("User-Agent", "x"), ("accept", "*/*")))
    assert raw == b"GET /a?b=c HTTP/1.1\r\nHost: news.example\r\nUser-Agent: x\r\naccept: */*\r\n\r\n"
    assert kept == (("Host", "news.example"), ("User-Agent", "x"), ("accept", "*/*"))


def test_credentials_are_sent_but_not_kept() -> None:
    place = Guard().check_url("http://news.example/")
    secret = (("cookie", "s=1"), ("Authorization", "Basic x"), ("Proxy-Authorization", "y"), ("Accept", "*/*"))
    raw, kept = request_bytes("GET", place, secret)
    assert b"cookie: s=1\r\nAuthorization: Basic x\r\n" in raw
    assert [name for name, _ in kept] == ["Host", "Accept"]


@pytest.mark.parametrize("header", [("X", "a\r\nY: b"), ("X Y", "a"), ("", "a"), ("X", "a\0"), ("X", "日本")])
def test_a_request_header_that_would_break_the_framing_is_bad_input(header: tuple[str, str]) -> None:
    with pytest.raises(BadInput):
        request_bytes("GET", Guard().check_url("http://news.example/"), (header,))
