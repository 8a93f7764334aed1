"""A shard in a store, read by ranges. In: a store, a key. Out: an SQLite connection. Never: the whole file.

SQLite asks for pages; each miss fetches a block, and twice as much each time the next block is asked for, as it is
along the list of a common word. Needs apsw (the extra `remote`): the sqlite3 of Python reads files only.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from itertools import count
from typing import Any

from archiver.errors import ArchiveError, BadInput
from archiver.storage import Store

BLOCK = 64 * 1024  # bytes; the size of a shard's page
_MOST = 16  # blocks of one request
_FIRST = 4  # blocks of the first request
_KEPT = 1024  # blocks in memory: 64 MB

_IMMUTABLE = 0x2000  # SQLITE_IOCAP_IMMUTABLE
_names = count()


@dataclass(slots=True)
class Traffic:
    """What reading took."""

    requests: int = 0
    bytes: int = 0


class RangeFile:
    """The bytes of an object, fetched in blocks as they are asked for."""

    def __init__(self, store: Store, key: str, size: int, traffic: Traffic) -> None:
        self._store, self._key, self._size, self._traffic = store, key, size, traffic
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._expected, self._ahead = 0, _FIRST // 2  # the small tables come first
        self.error: ArchiveError | None = None  # what SQLite can only call an I/O error

    def read(self, amount: int, offset: int) -> bytes:
        """Return the bytes; fewer at the end of the file. Raises what the store raises."""
        first, last = offset // BLOCK, (offset + amount - 1) // BLOCK
        data = b"".join(self._block(number) for number in range(first, last + 1))
        start = offset - first * BLOCK
        return data[start : start + amount]

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            self._fetch(number)
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _fetch(self, number: int) -> None:
        self._ahead = min(self._ahead * 2, _MOST) if number == self._expected else 1
        wanted = min(self._ahead, -(-self._size // BLOCK) - number)
        data = self._store.get_range(self._key, number * BLOCK, wanted * BLOCK)
        self._traffic.requests += 1
        self._traffic.bytes += len(data)
        for at in range(wanted):
            self._blocks[number + at] = data[at * BLOCK : (at + 1) * BLOCK]
        self._expected = number + wanted
        while len(self._blocks) > _KEPT:
            self._blocks.popitem(last=False)

    # what SQLite calls, by the names that apsw gives it

    def xRead(self, amount: int, offset: int) -> bytes:  # apsw's name
        try:
            return self.read(amount, offset)
        except ArchiveError as error:
            self.error = error
            raise

    def xFileSize(self) -> int:
        return self._size

    def xDeviceCharacteristics(self) -> int:
        return _IMMUTABLE

    def xSectorSize(self) -> int:
        return 4096

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, operation: int, pointer: int) -> bool:
        return False

    def xLock(self, level: int) -> None:
        pass

    def xUnlock(self, level: int) -> None:
        pass

    def xSync(self, flags: int) -> None:
        pass

    def xClose(self) -> None:
        self._blocks.clear()


class RemoteShard:
    """An open shard; `connection` reads it."""

    def __init__(self, store: Store, key: str, size: int, traffic: Traffic) -> None:
        """Open the shard at `key`, of `size` bytes. Raises BadInput where apsw is not installed."""
        apsw = need_apsw()
        self.file = file = RangeFile(store, key, size, traffic)
        name = f"newsvault-{next(_names)}"

        class Vfs(apsw.VFS):  # type: ignore[misc, name-defined]  # apsw is imported when it is needed
            def __init__(self) -> None:
                super().__init__(name, "")

            def xOpen(self, name: Any, flags: list[int]) -> RangeFile:
                flags[1] = flags[0]
                return file

            def xFullPathname(self, name: str) -> str:
                return name

            def xAccess(self, name: str, flags: int) -> bool:
                return False  # no journal lies beside an immutable file

        self._vfs = Vfs()
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        self.connection: Any = apsw.Connection("file:shard?immutable=1", flags=flags, vfs=name)

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()
        self._vfs.unregister()


def need_apsw() -> Any:
    """Return the module apsw. Raises BadInput, with the cures, where it is not installed."""
    try:
        import apsw
    except ImportError as error:
        cure = "needs apsw: `pip install newsvault[remote]`; or bring the index here once, with --pull"
        raise BadInput("searching a published archive where it is", cure) from error
    return apsw
