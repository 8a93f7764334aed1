"""Content codings are undone exactly, within bounds, and damage costs only what follows it."""

from __future__ import annotations

import gzip
import itertools
import random
import sys
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.fetch.decode import Decoder, TooMuch, coding_names, inflate_if_gzip

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIB = 1 << 20
PAGE = b"<html><p>" + b"".join(b"The council approved plan %d of the bridge. " % n for n in range(400)) + b"</p></html>"


def raw_deflate(data: bytes) -> bytes:
    return zlib.compress(data)[2:-4]


CODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "zlib": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstd.compress),
}
CODED = [pytest.param(name, code, id=label) for label, (name, code) in CODERS.items()]


def decode(codings: list[str], *pieces: bytes, limit: int = MIB) -> tuple[bytes, list[str]]:
    decoder = Decoder(codings, limit)
    out = [plain for piece in pieces for plain in decoder.feed(piece)]
    return b"".join([*out, *decoder.finish()]), decoder.flags


@pytest.mark.parametrize(("name", "code"), CODED)
def test_a_page_comes_back_whole(name: str, code: Callable[[bytes], bytes]) -> None:
    assert decode([name], code(PAGE)) == (PAGE, [])


@pytest.mark.parametrize(("name", "code"), CODED)
def test_a_page_comes_back_whole_from_single_bytes(name: str, code: Callable[[bytes], bytes]) -> None:
    coded = code(PAGE)
    assert decode([name], *(coded[n : n + 1] for n in range(len(coded)))) == (PAGE, [])


@pytest.mark.parametrize(("name", "code"), CODED)
def test_an_early_end_is_flagged_and_what_came_is_kept(name: str, code: Callable[[bytes], bytes]) -> None:
    coded = code(bytes(range(256)) * 300 + PAGE)
    body, flags = decode([name], coded[: len(coded) - 20])
    assert flags == ["truncated"]
    assert (bytes(range(256)) * 300 + PAGE).startswith(body)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_no_bytes_at_all_are_an_empty_body_without_flags(coding: str) -> None:
    assert decode([coding]) == (b"", [])


def test_codings_are_undone_from_the_last_applied() -> None:
    assert decode(["gzip", "br"], brotli.compress(gzip.compress(PAGE))) == (PAGE, [])
    assert decode(["gzip", "gzip"], gzip.compress(gzip.compress(PAGE))) == (PAGE, [])


def test_several_gzip_members_are_one_body() -> None:
    coded = gzip.compress(b"one ") + gzip.compress(b"two")
    assert decode(["gzip"], coded) == (b"one two", [])
    assert decode(["gzip"], *(coded[n : n + 1] for n in range(len(coded)))) == (b"one two", [])


def test_several_zstd_frames_are_one_body() -> None:
    coded = zstd.compress(b"one ") + zstd.compress(b"two")
    assert decode(["zstd"], coded) == (b"one two", [])
    assert decode(["zstd"], *(coded[n : n + 1] for n in range(len(coded)))) == (b"one two", [])


@pytest.mark.parametrize(("name", "code"), CODED)
def test_padding_after_the_end_is_ignored(name: str, code: Callable[[bytes], bytes]) -> None:
    assert decode([name], code(PAGE) + b"\0\0\0\0", b"\0") == (PAGE, [])


def test_a_wrong_checksum_is_flagged_and_all_of_the_text_is_kept() -> None:
    coded = gzip.compress(PAGE)
    body, flags = decode(["gzip"], coded[:-8] + b"\0\0\0\0" + coded[-4:])
    assert (body, flags) == (PAGE, ["truncated", "decode_error"])


def test_damage_in_the_middle_keeps_everything_before_it() -> None:
    noise = random.Random(1).randbytes(60_000)  # stored as it is, so positions in it are positions in the gzip
    coded = bytearray(gzip.compress(PAGE * 3 + noise, 1))
    coded[-20_000:-19_000] = b"\xff" * 1000
    body, flags = decode(["gzip"], bytes(coded))
    assert flags == ["truncated", "decode_error"]
    assert body.startswith(PAGE * 3)


@pytest.mark.parametrize(("name", "code"), [CODED[4], CODED[5]])
def test_damage_after_a_few_steps_of_brotli_or_zstd_keeps_what_came_before_it(
    name: str, code: Callable[[bytes], bytes]
) -> None:
    noise = random.Random(1).randbytes(300_000)
    coded = bytearray(code(noise))
    coded[200_000:] = b"\xff" * (len(coded) - 200_000)
    body, flags = decode([name], bytes(coded))
    assert flags == ["truncated", "decode_error"]
    assert len(body) >= 128 * 1024
    assert body[: 128 * 1024] == noise[: 128 * 1024]


def test_nothing_more_is_taken_after_damage() -> None:
    coded = gzip.compress(PAGE)
    broken = coded[:-8] + b"\0" * 8
    assert decode(["gzip"], broken, gzip.compress(b"more"))[0] == PAGE


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_plain_text_that_claims_a_coding_is_kept_as_served(coding: str) -> None:
    assert decode([coding], PAGE) == (PAGE, ["encoding_lie"])
    assert decode([coding], PAGE[:1], PAGE[1:]) == (PAGE, ["encoding_lie"])


def test_a_body_shorter_than_any_magic_number_is_kept_as_served() -> None:
    assert decode(["gzip"], b"no") == (b"no", ["encoding_lie"])


def test_binary_junk_in_a_coding_without_magic_is_kept_as_served_and_called_damage() -> None:
    junk = b"\xff\x00\x01\x02" * 50
    assert decode(["br"], junk) == (junk, ["decode_error"])


def test_an_unknown_coding_stops_decoding_there() -> None:
    assert decode(["x-sdch"], PAGE) == (PAGE, ["encoding_unknown"])
    assert decode(["x-sdch", "gzip"], gzip.compress(PAGE)) == (PAGE, ["encoding_unknown"])


def test_names_are_read_from_any_number_of_headers() -> None:
    assert coding_names(["GZIP , identity", "", "br"]) == ["gzip", "br"]


BOMBS: dict[str, Callable[[], bytes]] = {
    "gzip": lambda: gzip.compress(b" " * (100 * MIB), 1),
    "deflate": lambda: zlib.compress(b" " * (100 * MIB), 1),
    "br": lambda: brotli.compress(b" " * (100 * MIB), quality=1),
    "zstd": lambda: zstd.compress(b" " * (100 * MIB), 1),
}


@pytest.mark.parametrize("coding", BOMBS)
def test_a_bomb_stops_at_the_limit_and_costs_little_memory(coding: str) -> None:
    bomb = BOMBS[coding]()
    tracemalloc.start()
    try:
        with pytest.raises(TooMuch):
            decode([coding], bomb, limit=4 * MIB)
        assert tracemalloc.get_traced_memory()[1] < 16 * MIB
    finally:
        tracemalloc.stop()


def test_a_bomb_inside_a_layer_stops_too_though_nothing_comes_out_of_it() -> None:
    empty_members = gzip.compress(b"") * 400
    hidden = gzip.compress(empty_members + b"\0" * (50 * MIB))  # the outer layer alone gives 50 MiB
    with pytest.raises(TooMuch):
        decode(["gzip", "gzip"], hidden, limit=4 * MIB)


def test_endless_empty_gzip_members_are_damage() -> None:
    assert decode(["gzip"], gzip.compress(b"x") + gzip.compress(b"") * 2000)[1] == ["truncated", "decode_error"]


def test_a_zstd_window_larger_than_browsers_take_is_damage() -> None:
    coded = zstd.compress(PAGE * 2000, options={zstd.CompressionParameter.window_log: 27})
    body, flags = decode(["zstd"], coded, limit=64 * MIB)
    assert "decode_error" in flags
    assert body == coded


@given(st.binary(max_size=3000), st.sampled_from(sorted(CODERS)), st.lists(st.integers(0, 4000), max_size=5))
def test_any_bytes_come_back_however_they_are_cut(data: bytes, label: str, cuts: list[int]) -> None:
    name, code = CODERS[label]
    coded = code(data)
    edges = [0, *sorted(min(cut, len(coded)) for cut in cuts), len(coded)]
    pieces = [coded[a:b] for a, b in itertools.pairwise(edges)]
    assert decode([name], *pieces) == (data, [])


@given(st.binary(max_size=600), st.sampled_from(["gzip", "deflate", "br", "zstd"]), st.booleans())
def test_no_bytes_make_a_decoder_fail(data: bytes, coding: str, magic: bool) -> None:
    start = {"gzip": b"\x1f\x8b\x08\0", "deflate": b"\x78\x9c", "br": b"\x1b", "zstd": b"\x28\xb5\x2f\xfd"}[coding]
    decode([coding], start + data if magic else data)


def test_the_helper_inflates_gzip_within_its_limit() -> None:
    assert inflate_if_gzip(gzip.compress(PAGE), MIB) == PAGE
    assert inflate_if_gzip(gzip.compress(PAGE)[:-100], MIB) is not None
    assert inflate_if_gzip(PAGE, MIB) is None
    assert inflate_if_gzip(b"\x1f\x8b but no gzip", MIB) is None
    assert inflate_if_gzip(gzip.compress(PAGE), 100) is None
