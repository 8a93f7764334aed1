"""Content codings, undone as the bytes come. In: coded bytes. Out: plain bytes, piece by piece, and flags. Never: I/O.

Every decoder is bounded: no call makes more than one piece (1 MiB) of output, and no layer more than `limit` in all,
so a bomb costs a few MiB, however deep it is nested. Damage costs only what follows it.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PIECE = 1 << 20
_STEP = 16 * 1024  # input per call where a decoder loses a whole call's output on damage (brotli, zstd)
_MEMBERS = 1000  # gzip members or zstd frames in one body; empty ones cost CPU and no output
_REMEMBER = 256 * 1024  # input kept while no output came, to start over with another decoder
_WINDOW_LOG = 23  # RFC 9659: zstd as a content coding has a window of at most 8 MiB
MAX_CODINGS = 4
GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


class Damaged(Exception):
    """The coded bytes are broken. Stays inside this room."""


class TooMuch(Exception):
    """A layer gave more than its limit. Stays inside this room."""


class _Engine(Protocol):
    finished: bool  # the coding's own end was seen

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` decodes to, in bounded pieces. Raises Damaged."""


class _Zlib:
    """gzip, zlib or raw deflate, by `wbits`; gzip may have several members (RFC 1952, 2.2)."""

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._inflate = zlib.decompressobj(wbits)
        self._members = 1
        self.finished = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        full = False
        while data or full:
            if self.finished and not self._next_member(data):
                return  # what follows the end is padding; browsers ignore it too
            before = self._inflate.copy()  # 3 µs: zlib drops a call's output when it meets damage
            try:
                out = self._inflate.decompress(data, PIECE)
            except zlib.error as error:
                yield from _salvage(before, data)
                raise Damaged(str(error)) from error
            self.finished = self._inflate.eof
            data = self._inflate.unused_data if self.finished else self._inflate.unconsumed_tail
            full = len(out) == PIECE and not self.finished
            if out:
                yield out

    def _next_member(self, data: bytes) -> bool:
        if self._wbits != 31 or not data.startswith(GZIP_MAGIC):
            return False
        self._members += 1
        if self._members > _MEMBERS:
            raise Damaged(f"more than {_MEMBERS} gzip members")
        self._inflate = zlib.decompressobj(self._wbits)
        self.finished = False
        return True


def _salvage(inflate: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """Yield all that decodes before the damage, a byte of input at a time; at most one piece."""
    size = 0
    for position in range(len(data)):
        try:
            out = inflate.decompress(data[position : position + 1])
        except zlib.error:
            return
        if out:
            yield out
        size += len(out)
        if size > PIECE:
            return


class _Brotli:
    def __init__(self) -> None:
        self._brotli = brotli.Decompressor()
        self.finished = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _STEP):
            step = data[start : start + _STEP]
            while not self.finished:
                try:
                    out = self._brotli.process(step, output_buffer_limit=PIECE)
                except brotli.error as error:
                    raise Damaged(str(error)) from error
                self.finished = self._brotli.is_finished()
                step = b""
                if out:
                    yield out
                if self._brotli.can_accept_more_data():
                    break


class _Zstd:
    def __init__(self) -> None:
        self._zstd = self._new()
        self._frames = 1
        self.finished = False

    @staticmethod
    def _new() -> zstd.ZstdDecompressor:
        return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _STEP):
            yield from self._feed_step(data[start : start + _STEP])

    def _feed_step(self, data: bytes) -> Iterator[bytes]:
        more = True
        while more:
            if self.finished and not self._next_frame(data):
                return
            try:
                out = self._zstd.decompress(data, PIECE)
            except zstd.ZstdError as error:
                raise Damaged(str(error)) from error
            self.finished = self._zstd.eof
            data = self._zstd.unused_data if self.finished else b""
            more = bool(data) if self.finished else not self._zstd.needs_input
            if out:
                yield out

    def _next_frame(self, data: bytes) -> bool:
        if not _ZSTD_MAGIC.match(data):
            return False
        self._frames += 1
        if self._frames > _MEMBERS:
            raise Damaged(f"more than {_MEMBERS} zstd frames")
        self._zstd = self._new()
        self.finished = False
        return True


Make = Callable[[], _Engine]


def _gzip_engines(start: bytes) -> list[Make]:
    return [lambda: _Zlib(31)] if start.startswith(GZIP_MAGIC) else []


def _deflate_engines(start: bytes) -> list[Make]:
    """Zlib's own wrapper, as RFC 9110, 8.4.1.2 asks, or the bare stream that some servers send."""
    wrapped = start[0] & 0x0F == 8 and int.from_bytes(start[:2], "big") % 31 == 0
    return [lambda: _Zlib(15), lambda: _Zlib(-15)] if wrapped else [lambda: _Zlib(-15)]


def _zstd_engines(start: bytes) -> list[Make]:
    return [_Zstd] if _ZSTD_MAGIC.match(start) else []


_CODINGS: dict[str, Callable[[bytes], list[Make]]] = {
    "gzip": _gzip_engines,
    "x-gzip": _gzip_engines,
    "deflate": _deflate_engines,
    "br": lambda start: [_Brotli],
    "zstd": _zstd_engines,
}


class _Layer:
    """One coding. Bytes that are not in it go through unchanged, with a flag."""

    def __init__(self, coding: str, limit: int) -> None:
        self._engines_for = _CODINGS[coding]
        self._limit = limit
        self._total = 0
        self._seen = b""  # input so far, while there was no output
        self._engine: _Engine | None = None
        self._others: list[Make] = []
        self._plain = False
        self._dead = False
        self.flags: list[str] = []

    def feed(self, data: bytes) -> Iterator[bytes]:
        for piece in self._decode(data):
            self._total += len(piece)
            if self._total > self._limit:
                raise TooMuch
            yield piece

    def finish(self) -> Iterator[bytes]:
        """Yield what was held back, and flag an end that came too early."""
        if self._engine is None and self._seen and not self._plain:
            yield from self._give_up()  # shorter than any magic number
        elif self._engine is not None and not self._engine.finished and not self._dead:
            self.flags.append("truncated")

    def _decode(self, data: bytes) -> Iterator[bytes]:
        if self._plain:
            yield data
        elif self._dead:
            return
        elif self._engine is None:
            self._seen += data
            if len(self._seen) >= 4:
                self._others = self._engines_for(self._seen)
                yield from self._try_next()
        else:
            if self._total == 0 and len(self._seen) < _REMEMBER:
                self._seen += data
            yield from self._run(self._engine, data)

    def _try_next(self) -> Iterator[bytes]:
        if not self._others:
            yield from self._give_up()
            return
        self._engine = self._others.pop(0)()
        yield from self._run(self._engine, self._seen)

    def _run(self, engine: _Engine, data: bytes) -> Iterator[bytes]:
        came = False
        try:
            for piece in engine.feed(data):
                came = True
                yield piece
        except Damaged:
            if came or self._total or len(self._seen) >= _REMEMBER:
                self._dead = True
                self.flags += ["truncated", "decode_error"]
            else:
                yield from self._try_next()

    def _give_up(self) -> Iterator[bytes]:
        """Nothing decoded: a lie if it reads as text or was never tried, else damage. Either way keep the bytes."""
        lie = self._engine is None or not _NOT_TEXT.search(self._seen[:512])
        self.flags.append("encoding_lie" if lie else "decode_error")
        self._plain, self._engine = True, None
        yield self._seen


class Decoder:
    """Undoes `codings`, given in the order in which they were applied (RFC 9110, 8.4)."""

    def __init__(self, codings: list[str], limit: int) -> None:
        self._layers: list[_Layer] = []
        self._unknown = False
        for coding in reversed(codings):
            if coding not in _CODINGS:
                self._unknown = True
                break
            self._layers.append(_Layer(coding, limit))

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` decodes to. Raises TooMuch where a layer gives more than its limit."""
        return self._through(0, data)

    def finish(self) -> Iterator[bytes]:
        """Yield the rest; call it once, when no more data will come."""
        for index, layer in enumerate(self._layers):
            for piece in layer.finish():
                yield from self._through(index + 1, piece)

    @property
    def flags(self) -> list[str]:
        """The flags that decoding earned; whole after `finish`."""
        found = [flag for layer in self._layers for flag in layer.flags]
        return [*found, "encoding_unknown"] if self._unknown else found

    def _through(self, index: int, data: bytes) -> Iterator[bytes]:
        if index == len(self._layers):
            yield data
            return
        for piece in self._layers[index].feed(data):
            yield from self._through(index + 1, piece)


def coding_names(values: list[str]) -> list[str]:
    """Read Content-Encoding values into coding names, `identity` left out."""
    names = [name.strip().lower() for value in values for name in value.split(",")]
    return [name for name in names if name not in ("", "identity")]


def inflate_if_gzip(body: bytes, limit: int) -> bytes | None:
    """Inflate `body` if it is gzip, as far as it goes. None if it is not, or if it gives more than `limit` bytes."""
    if not body.startswith(GZIP_MAGIC):
        return None
    layer = _Layer("gzip", limit)
    try:
        out = b"".join(layer.feed(body))
    except TooMuch:
        return None
    return None if "decode_error" in layer.flags and out == body else out
