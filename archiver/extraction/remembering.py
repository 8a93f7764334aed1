"""Remembering: bytes that were read before are not searched for their article again. In: captures. Out: readings.

Where an article stands in a page follows from its bytes and from what its head says of it (`Hints`); links, dates and
claims depend on its address besides and are read anew each time. So a second copy at another address costs half, and
what is read of it is what a fresh reading says. Never: an answer kept for other bytes or other hints.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cache
from sys import getsizeof

from archiver.extraction.reading import read_capture
from archiver.extraction.text import Text
from archiver.model import Capture, Reading

ROOM = 16 << 20  # bytes: the articles of some thousand pages


class Memory:
    """The texts of the pages read last, as many as have room. `found` counts those that were asked for again."""

    def __init__(self, room: int = ROOM) -> None:
        self._room, self._held = room, 0
        self._texts: OrderedDict[Hashable, Text] = OrderedDict()
        self.found = 0

    def text(self, key: Hashable, find: Callable[[], Text]) -> Text:
        """The text kept under `key`, or what `find` finds, kept from now on."""
        if (kept := self._texts.get(key)) is not None:
            self._texts.move_to_end(key)
            self.found += 1
            return kept
        text = self._texts[key] = find()
        self._held += _size(text)
        while self._held > self._room:
            _, oldest = self._texts.popitem(last=False)
            self._held -= _size(oldest)
        return text


def _size(text: Text) -> int:
    updates = sum(getsizeof(update.text) for update in text.updates)
    return getsizeof(text.text) + getsizeof(text.markdown) + getsizeof(text.chosen) + updates + 2_000


@cache
def _memory() -> Memory:
    return Memory()


def read(capture: Capture) -> Reading:
    """Read a capture as `archiver.extraction.read` does; for processes that read many pages."""
    return read_capture(capture, memory=_memory())
