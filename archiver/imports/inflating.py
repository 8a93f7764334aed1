"""A file, inflated as it is read. In: plain bytes or gzip members. Out: bytes, lines. Never: unbounded memory.

The file may come from anyone: a line, a read and the ratio of what comes out to what goes in all have limits.
"""

from __future__ import annotations

import zlib
from typing import IO

RATIO = 200  # text packs to a tenth, a page of spaces to a hundredth; deflate can do 1,032
FREE = 64 * 1024 * 1024  # bytes that may come out before the ratio counts

_GZIP = 31  # zlib's window bits for one gzip member
_STEP = 64 * 1024


class Unreadable(Exception):
    """The file cannot be read on; stays inside this room. `reason` is one word."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


class Inflating:
    """Reads `file`, gzip or not; gzip members after one another are one stream."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._buffer = b""
        self._taken = self._given = 0
        first = file.read(_STEP)
        self._unpacker = zlib.decompressobj(_GZIP) if first.startswith(b"\x1f\x8b") else None
        self._waiting = first  # read from the file, not inflated yet
        self._is_fresh = True  # nothing of the current member was read
        self._taken = len(first)

    @property
    def taken(self) -> int:
        """How many bytes of the file were read."""
        return self._taken

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer only at the end."""
        pieces, left = [], size
        while left > 0 and (self._buffer or self._fill()):
            piece, self._buffer = self._buffer[:left], self._buffer[left:]
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def line(self, limit: int) -> bytes:
        """Return the next line with its end, b"" at the end of the file. Raises Unreadable beyond `limit` bytes."""
        while (at := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > limit:
                break
            before = self._buffer
            if not self._fill():
                break
            self._buffer = before + self._buffer
        end = at + 1 if at >= 0 else len(self._buffer)
        if end > limit:
            raise Unreadable("broken", f"a header line of more than {limit:,} bytes")
        line, self._buffer = self._buffer[:end], self._buffer[end:]
        return line

    def _fill(self) -> bool:
        """Put the next bytes in place of the buffer; False at the end of the file."""
        while True:
            if not self._waiting:
                self._waiting = self._file.read(_STEP)
                self._taken += len(self._waiting)
                if not self._waiting:
                    return self._ended()
            piece = self._inflate()
            if piece:
                self._buffer = piece
                self._given += len(piece)
                if self._given > FREE and self._given > RATIO * self._taken:
                    raise Unreadable("bomb", f"inflates to more than {RATIO} times its size")
                return True

    def _inflate(self) -> bytes:
        if self._unpacker is None:
            piece, self._waiting = self._waiting, b""
            return piece
        try:
            piece = self._unpacker.decompress(self._waiting, _STEP)
        except zlib.error as error:
            raise Unreadable("broken", f"gzip: {error}") from error
        self._waiting = self._unpacker.unconsumed_tail
        if self._unpacker.eof:
            self._waiting = self._unpacker.unused_data.lstrip(b"\0")  # some writers pad
            self._unpacker = zlib.decompressobj(_GZIP)
            self._is_fresh = True
        else:
            self._is_fresh = False
        return piece

    def _ended(self) -> bool:
        if self._unpacker is not None and not self._is_fresh:
            raise Unreadable("cut", "the last gzip member stops before its end")
        return False
