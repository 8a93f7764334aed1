"""Content codings, undone as the bytes come. In: coded bytes. Out: plain bytes, piece by piece, and flags. Never: I/O.

Every layer is bounded: it gives pieces of 1 MiB and no more than `limit` in all, so a bomb costs a few MiB of memory,
however deep it is nested. Bytes that are not in the coding they claim go through as served.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from archiver.fetch.engines import GZIP_MAGIC, REMEMBER, ZSTD_MAGIC, Brotli, Damaged, Engine, Zlib, Zstd

MAX_CODINGS = 4
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


class TooMuch(Exception):
    """A layer gave more than its limit. Stays inside this room."""


Make = Callable[[], Engine]


def _gzip_engines(start: bytes) -> list[Make]:
    return [lambda: Zlib(31)] if start.startswith(GZIP_MAGIC) else []


def _deflate_engines(start: bytes) -> list[Make]:
    """Zlib's own wrapper, as RFC 9110, 8.4.1.2 asks, or the bare stream that some servers send."""
    wrapped = start[0] & 0x0F == 8 and int.from_bytes(start[:2], "big") % 31 == 0
    return [lambda: Zlib(15), lambda: Zlib(-15)] if wrapped else [lambda: Zlib(-15)]


def _zstd_engines(start: bytes) -> list[Make]:
    return [Zstd] if ZSTD_MAGIC.match(start) else []


_CODINGS: dict[str, Callable[[bytes], list[Make]]] = {
    "gzip": _gzip_engines,
    "x-gzip": _gzip_engines,
    "deflate": _deflate_engines,
    "br": lambda start: [Brotli],
    "zstd": _zstd_engines,
}


class _Layer:
    """One coding. Bytes that are not in it go through unchanged, with a flag."""

    def __init__(self, coding: str, limit: int) -> None:
        self._engines_for = _CODINGS[coding]
        self._limit = limit
        self._total = 0
        self._seen = b""  # input so far, while there was no output
        self._engine: Engine | None = None
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
        if self._engine is None and self._seen and not self._plain:  # shorter than any magic number
            self._others = self._engines_for(self._seen)
            yield from self._try_next()
        if self._engine is None or self._engine.finished or self._dead:
            return
        if self._total == 0 and len(self._seen) < REMEMBER and not _NOT_TEXT.search(self._seen[:512]):
            yield from self._give_up()
        else:
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
            if self._total == 0 and len(self._seen) < REMEMBER:
                self._seen += data
            yield from self._run(self._engine, data)

    def _try_next(self) -> Iterator[bytes]:
        if not self._others:
            yield from self._give_up()
            return
        self._engine = self._others.pop(0)()
        yield from self._run(self._engine, self._seen)

    def _run(self, engine: Engine, data: bytes) -> Iterator[bytes]:
        came = False
        try:
            for piece in engine.feed(data):
                came = True
                yield piece
        except Damaged:
            if came or self._total or len(self._seen) >= REMEMBER:
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
