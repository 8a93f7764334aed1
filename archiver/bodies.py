"""The body as an object, gzip that proves whole. In: bytes. Out: bytes, digests. Never: I/O, unbounded output."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    deflate = zlib  # the two have one face, and what the one writes, the other reads
else:
    try:
        from zlib_ng import zlib_ng as deflate
    except ImportError:  # no wheel for this machine
        deflate = zlib

LIMIT = 64 * 1024 * 1024  # of a body whose size nothing promises; the crawler keeps 16 MiB at most

_GZIP = 31  # zlib's window bits for one gzip member (RFC 1952) with the largest window
_STEP = 1024 * 1024
_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00"  # RFC 1952, 2.3: deflate, no flags, no time. Its CRC does not cover these


class BodyDamaged(ValueError):
    """An object is not the one gzip member it should be. `truncated` tells a cut from a change."""

    def __init__(self, why: str, *, truncated: bool = False) -> None:
        super().__init__(why)
        self.truncated = truncated


def sha256_hex(data: bytes) -> str:
    """Return the sha256 of `data` in hex."""
    return hashlib.sha256(data).hexdigest()


def sha1_base32(data: bytes) -> str:
    """Return the sha1 of `data` in base32, as WARC and Common Crawl write it."""
    return base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode("ascii")


def pack(body: bytes) -> bytes:
    """Return `body` as one gzip member without name or time.

    Level 5 of zlib-ng: of 200 pages of 165 KB, 1.07 ms and 32.6 KB each; its level 6 takes 1.29 ms for 0.5 % less, its
    level 4 0.97 ms for 2 % more; zlib's level 5 takes 1.99 ms for as much.

    Its data ends at a byte, before an empty last block, so that it can become part of another member
    (`archiver.packs.splice`); that costs seven bytes.
    """
    packer = deflate.compressobj(level=5, wbits=_GZIP)
    return packer.compress(body) + packer.flush(deflate.Z_SYNC_FLUSH) + packer.flush()


def unpack(data: bytes, *, limit: int = LIMIT) -> bytes:
    """Return the body that `pack` packed, at most `limit` bytes of it. Raises BodyDamaged."""
    return b"".join(_pieces(data, limit))


def measure(data: bytes, *, limit: int = LIMIT) -> tuple[str, int]:
    """Return sha256 (hex) and size of the packed body, in little memory. Raises BodyDamaged."""
    digest, size = hashlib.sha256(), 0
    for piece in _pieces(data, limit):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def _pieces(data: bytes, limit: int) -> Iterator[bytes]:
    if data[: len(_HEAD)] != _HEAD[: len(data)]:
        raise BodyDamaged("not the gzip header we write")
    unpacker, size = zlib.decompressobj(wbits=_GZIP), 0
    while not unpacker.eof:
        try:
            piece = unpacker.decompress(data, _STEP)
        except zlib.error as error:
            raise BodyDamaged(f"gzip: {error}") from error
        data, size = unpacker.unconsumed_tail, size + len(piece)
        if size > limit:
            raise BodyDamaged(f"more than the {limit:,} bytes that were promised")
        if not piece and not data and not unpacker.eof:
            raise BodyDamaged("the gzip member stops before its end", truncated=True)
        yield piece
    if unpacker.unused_data or data:
        raise BodyDamaged("bytes after the end of the gzip member")
