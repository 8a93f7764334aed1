"""Decompressors with one shape. In: coded bytes, in any pieces. Out: plain bytes, in bounded pieces. Never: policy.

No call gives more than one piece (1 MiB), and damage costs only what follows it, although the libraries drop all that a
call gave before they met it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Protocol

import brotli

from archiver.bodies import deflate

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PIECE = 1 << 20
REMEMBER = 256 * 1024  # input kept to go back to, after damage or with another decoder
GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
_STEP = 16 * 1024  # input per call where the library cannot be copied before it
_MEMBERS = 1000  # gzip members or zstd frames in one body; empty ones cost CPU and no output
_WINDOW_LOG = 23  # RFC 9659: zstd as a content coding has a window of at most 8 MiB


class Damaged(Exception):
    """The coded bytes are broken. Stays inside this room."""


class Engine(Protocol):
    finished: bool  # the coding's own end was seen

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` decodes to, in bounded pieces. Raises Damaged."""


class _Next:
    """What follows a coding's end: another gzip member or zstd frame, if it begins with `magic`, or padding.

    Padding is ignored to the end, as browsers do.
    """

    def __init__(self, magic: re.Pattern[bytes] | None) -> None:
        self._magic = magic
        self._held = b""
        self._count = 1

    def start(self, data: bytes) -> bytes:
        """Return `data`, and what was held back of it, if it begins a member. Raises Damaged after too many."""
        data, self._held = self._held + data, b""
        if self._magic is None:
            return b""
        if self._magic.match(data):
            self._count += 1
            if self._count > _MEMBERS:
                raise Damaged(f"more than {_MEMBERS} members")
            return data
        if len(data) < 4:
            self._held = data  # too short to tell
        else:
            self._magic = None
        return b""


class Zlib:
    """gzip, zlib or raw deflate, by `wbits`; gzip may have several members (RFC 1952, 2.2).

    Undone by zlib-ng: of 300 pages of 165 KB, 0.18 ms each; zlib takes 0.46.
    """

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._inflate = deflate.decompressobj(wbits)
        self._next = _Next(re.compile(re.escape(GZIP_MAGIC)) if wbits == 31 else None)
        self.finished = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        full = False
        while data or full:
            if self.finished:
                data = self._next.start(data)
                if not data:
                    return
                self._inflate, self.finished = deflate.decompressobj(self._wbits), False
            before = self._inflate.copy()  # 3 µs: zlib drops a call's output when it meets damage
            try:
                out = self._inflate.decompress(data, PIECE)
            except deflate.error as error:
                yield from _salvage(before, data)
                raise Damaged(str(error)) from error
            self.finished = self._inflate.eof
            data = self._inflate.unused_data if self.finished else self._inflate.unconsumed_tail
            full = len(out) == PIECE and not self.finished
            if out:
                yield out


def _salvage(inflate: deflate._Decompress, data: bytes) -> Iterator[bytes]:
    """Yield all that decodes before the damage, a byte of input at a time; at most one piece."""
    size = 0
    for position in range(len(data)):
        try:
            out = inflate.decompress(data[position : position + 1])
        except deflate.error:
            return
        if out:
            yield out
        size += len(out)
        if size > PIECE:
            return


class _Replaying:
    """An engine whose library drops a whole call's output when it meets damage, and cannot be copied.

    So it takes input in steps, remembers them, and after damage decodes once more, the last step a byte at a time.
    """

    def __init__(self) -> None:
        self._steps: list[bytes] = []
        self._remembered = 0
        self.finished = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _STEP):
            step, given = data[start : start + _STEP], 0
            try:
                for out in self._take(step):
                    given += len(out)
                    yield out
            except Damaged:
                yield from self._salvage(step, given)
                return
            if self._remembered <= REMEMBER:
                self._steps.append(step)
                self._remembered += len(step)

    def _take(self, step: bytes) -> Iterator[bytes]:
        raise NotImplementedError

    def _salvage(self, step: bytes, given: int) -> Iterator[bytes]:
        """Yield what `step` holds before the damage, but for the first `given` bytes. Raises Damaged after it."""
        if self._remembered > REMEMBER:
            raise Damaged("damage far into the body")
        twin = type(self)()
        for earlier in self._steps:
            for _ in twin._take(earlier):
                pass
        for position in range(len(step)):
            for out in twin._take(step[position : position + 1]):
                if out[given:]:
                    yield out[given:]
                given = max(0, given - len(out))
        self.finished = twin.finished


class Brotli(_Replaying):
    def __init__(self) -> None:
        super().__init__()
        self._brotli = brotli.Decompressor()

    def _take(self, step: bytes) -> Iterator[bytes]:
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


class Zstd(_Replaying):
    def __init__(self) -> None:
        super().__init__()
        self._zstd = self._new()
        self._next = _Next(ZSTD_MAGIC)

    @staticmethod
    def _new() -> zstd.ZstdDecompressor:
        return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})

    def _take(self, step: bytes) -> Iterator[bytes]:
        more = True
        while more:
            if self.finished:
                step = self._next.start(step)
                if not step:
                    return
                self._zstd, self.finished = self._new(), False
            try:
                out = self._zstd.decompress(step, PIECE)
            except zstd.ZstdError as error:
                raise Damaged(str(error)) from error
            self.finished = self._zstd.eof
            step = self._zstd.unused_data if self.finished else b""
            more = bool(step) if self.finished else not self._zstd.needs_input
            if out:
                yield out
