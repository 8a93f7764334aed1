"""Bodies: what is packed comes back, and what was changed does not pass."""

from __future__ import annotations

import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.bodies import BodyDamaged, measure, pack, sha1_base32, sha256_hex, unpack

BODY = b"<html>" + random.Random(1).randbytes(5000) + b"a" * 5000 + b"</html>"


@given(st.binary())
def test_a_packed_body_comes_back_as_it_was(body: bytes) -> None:
    assert unpack(pack(body)) == body == gzip.decompress(pack(body))
    assert measure(pack(body)) == (sha256_hex(body), len(body))


def test_bodies_larger_than_a_step_come_back_whole() -> None:
    body = random.Random(2).randbytes(1_100_000) + b"0" * 2_500_000
    assert measure(pack(body)) == (sha256_hex(body), len(body))


def test_the_same_body_is_packed_the_same() -> None:
    assert pack(BODY) == pack(BODY)


@pytest.mark.parametrize("kept", [0, 1, 9, 10, 11, 500, -9, -1])
def test_a_cut_object_is_told_from_a_changed_one(kept: int) -> None:
    with pytest.raises(BodyDamaged) as caught:
        unpack(pack(BODY)[:kept])
    assert caught.value.truncated


def test_a_changed_byte_is_found_by_gzip_or_by_the_digest() -> None:
    data, found = pack(BODY), 0
    for position in range(0, len(data), 13):
        changed = bytearray(data)
        changed[position] ^= 0xFF
        try:
            found += measure(bytes(changed)) != measure(data)
        except BodyDamaged:
            found += 1
    # Bytes 8 and 9 of the header say how hard and where it was packed: no digest of the body can cover them.
    assert found == len(range(0, len(data), 13))


def test_bytes_after_the_end_are_damage() -> None:
    with pytest.raises(BodyDamaged, match="after the end"):
        unpack(pack(BODY) + b"x")
    with pytest.raises(BodyDamaged, match="after the end"):
        unpack(pack(BODY) + pack(BODY))


def test_other_bytes_are_no_body() -> None:
    with pytest.raises(BodyDamaged, match="not the gzip header"):
        unpack(b"<html>plain</html>")


def test_a_bomb_stops_at_the_promised_size() -> None:
    with pytest.raises(BodyDamaged, match="more than the 1,000 bytes"):
        unpack(pack(bytes(50_000_000)), limit=1000)


def test_sha1_is_written_as_warc_writes_it() -> None:
    assert sha1_base32(b"abc") == "VGMT4NSHA2AWVOR6EVYXQUGCNSONBWE5"  # a9993e36… of FIPS 180, in base32
