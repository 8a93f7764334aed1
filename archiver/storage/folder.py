"""A store in a folder, laid out as on S3. In: a key. Out: a file. Never: half an object, a way out of the folder.

A put writes a temporary file beside the object (`~…`, a name no key can have), fsyncs it, gives it its name with one
system call and fsyncs the folder: a reader sees the whole object or none, and a kill leaves at most the temporary file.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Self
from uuid import uuid4

from archiver.errors import BadInput, KeyTaken, NotArchived, StoreDenied, StoreError, StoreFull
from archiver.storage.store import ObjectInfo, check_key, check_range, is_key, is_wanted

_FULL = (errno.ENOSPC, errno.EDQUOT)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
_STEP = 1024 * 1024
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK)  # what link(2) says on file systems without hard links


class FolderStore:
    """Objects as files under one folder. No symbolic link below that folder is followed."""

    def __init__(self, folder: str | os.PathLike[str], *, fsync: bool = True) -> None:
        """Open the store at `folder`, which need not exist yet. `fsync=False` trades safety at power loss for speed."""
        self.root = os.path.realpath(os.path.expanduser(folder))
        self.uri = Path(self.root).as_uri()
        self._fsync = fsync
        if os.path.exists(self.root) and not os.path.isdir(self.root):
            raise BadInput(self.root, "this is a file; an archive needs a folder")

    def put_new(self, key: str, data: bytes, *, media_type: str | None = None, encoding: str | None = None) -> bool:
        """See Store."""
        path = self._path(key)
        with self._writing(key):
            if not os.path.exists(path):
                with suppress(FileExistsError):
                    self._write(path, data, overwrite=False)
                    return True
            same = _holds(path, data)
            self._sync_folder(os.path.dirname(path))  # the other writer may not have come this far yet
        if not same:
            raise KeyTaken(key)
        return False

    def replace(self, key: str, data: bytes, *, media_type: str | None = None, encoding: str | None = None) -> None:
        """See Store."""
        path = self._path(key)
        with self._writing(key):
            self._write(path, data, overwrite=True)

    def get(self, key: str) -> bytes:
        """See Store."""
        with self._speaking(key), open(self._path(key), "rb") as file:
            return file.read()

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """See Store."""
        check_range(start, length)
        with self._speaking(key), open(self._path(key), "rb") as file:
            file.seek(start)
            return file.read(length)

    def head(self, key: str) -> ObjectInfo | None:
        """See Store. `sha256` is None: a file system keeps none."""
        path = self._path(key)
        try:
            with self._speaking(key):
                return None if os.path.isdir(path) else _info(key, os.stat(path, follow_symlinks=False))
        except NotArchived:
            return None

    def list(self, prefix: str = "", *, after: str | None = None) -> Iterator[ObjectInfo]:
        """See Store. Files whose names are no keys (temporary files among them) and symbolic links are not shown."""
        folders = [prefix.rpartition("/")[0]]
        if folders[0] and not is_key(folders[0]):
            return
        while folders:
            folder = folders.pop()
            for entry in self._scan(folder):
                key = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    if _may_hold(key + "/", prefix, after):
                        folders.append(key)
                elif is_key(key) and is_wanted(key, prefix, after) and entry.is_file(follow_symlinks=False):
                    with suppress(FileNotFoundError):  # deleted while we were looking
                        yield _info(key, entry.stat(follow_symlinks=False))

    def join(self, key: str, keys: Sequence[str], *, media_type: str | None = None) -> None:
        """See Store."""
        path = self._path(key)
        with self._writing(key):
            self._written(path, self._pieces(keys), overwrite=True)

    def _pieces(self, keys: Sequence[str]) -> Iterator[bytes]:
        for key in keys:
            with self._speaking(key), open(self._path(key), "rb") as file:
                while piece := file.read(_STEP):
                    yield piece

    def delete(self, key: str) -> None:
        """See Store."""
        path = self._path(key)
        with suppress(NotArchived), self._speaking(key):
            os.unlink(path)
            self._sync_folder(os.path.dirname(path))

    def check(self, *, write: bool) -> None:
        """See Store. To write, the folder is created if its parent allows it; to read, it must be there."""
        if not os.path.isdir(self.root) and not write:
            raise BadInput(self.root, "no such folder; check the path, or crawl into it first")
        with self._writing(self.root):
            if not write:
                os.scandir(self.root).close()
                return
            made = self._make_folder(self.root)
            try:
                self._probe()
            finally:
                with suppress(OSError):  # another crawl has begun to use it
                    for folder in reversed(made):
                        os.rmdir(folder)

    def close(self) -> None:
        """See Store. A folder holds no connection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def _path(self, key: str) -> str:
        """Return the file of `key`; raise StoreDenied where a symbolic link stands in the way.

        Whoever can plant a link in a shared folder could otherwise make us read or write any file of ours.
        """
        path = os.path.join(self.root, check_key(key))
        if os.path.realpath(path) != path:
            raise StoreDenied(self.uri, f"a symbolic link is in the way to {key}; put the real folder in its place")
        return path

    def _write(self, path: str, data: bytes, *, overwrite: bool) -> None:
        self._written(path, (data,), overwrite=overwrite)

    def _written(self, path: str, pieces: Iterable[bytes], *, overwrite: bool) -> None:
        """Write `pieces` under a temporary name and move it to `path`; FileExistsError unless `overwrite`."""
        temporary = os.path.join(os.path.dirname(path), f"~{uuid4().hex}")
        try:
            with self._create(temporary) as file:
                file.writelines(pieces)
                file.flush()
                if self._fsync:
                    os.fsync(file.fileno())
            _name(temporary, path, overwrite=overwrite)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
        self._sync_folder(os.path.dirname(path))

    def _create(self, path: str) -> BinaryIO:
        try:
            return open(path, "xb")
        except FileNotFoundError:  # asked only now: one system call less for all puts but the first into a folder
            self._make_folder(os.path.dirname(path))
            return open(path, "xb")

    def _make_folder(self, folder: str) -> tuple[str, ...]:
        """Create `folder` and its missing parents, by the umask; return those made. All survive a power loss."""
        missing = []
        while not os.path.isdir(folder):
            missing.append(folder)
            folder = os.path.dirname(folder)
        made = []
        for path in reversed(missing):
            with suppress(FileExistsError):  # another thread was faster
                os.mkdir(path)
                made.append(path)
            self._sync_folder(os.path.dirname(path))
        return tuple(made)

    def _sync_folder(self, folder: str) -> None:
        if not self._fsync:
            return
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _probe(self) -> None:
        """Do once what a put does, with 64 KB, and clean up."""
        path = os.path.join(self.root, f"~{uuid4().hex}")
        try:
            self._write(path, b"\0" * 65536, overwrite=False)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(path)

    def _scan(self, folder: str) -> Iterator[os.DirEntry[str]]:
        path = os.path.join(self.root, folder) if folder else self.root
        if os.path.realpath(path) != path:
            return
        with suppress(NotArchived), self._speaking(folder), os.scandir(path) as entries:
            yield from entries

    @contextmanager
    def _speaking(self, key: str) -> Iterator[None]:
        """Turn what the operating system says into our errors."""
        try:
            yield
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise NotArchived(key) from error
        except OSError as error:
            raise _translate(self.uri, error) from error

    @contextmanager
    def _writing(self, key: str) -> Iterator[None]:
        """The same for puts, where a file in a folder's place, or a folder in a file's, is the caller's business."""
        try:
            yield
        except (IsADirectoryError, NotADirectoryError) as error:
            raise BadInput(key, "a folder keeps no object below another object's key; choose another key") from error
        except OSError as error:
            raise _translate(self.uri, error) from error


def _name(temporary: str, path: str, *, overwrite: bool) -> None:
    """Give the finished file its name, in one step. link(2) never overwrites, rename(2) always does."""
    if overwrite:
        os.replace(temporary, path)
        return
    try:
        os.link(temporary, path, follow_symlinks=False)
    except OSError as error:
        if error.errno in _NO_LINKS:
            raise OSError(errno.EOPNOTSUPP, "this file system has no hard links") from error
        raise


def _holds(path: str, data: bytes) -> bool:
    if os.path.getsize(path) != len(data):
        return False
    with open(path, "rb") as file:
        return file.read() == data


def _info(key: str, status: os.stat_result) -> ObjectInfo:
    return ObjectInfo(key=key, size=status.st_size, modified=datetime.fromtimestamp(status.st_mtime, UTC))


def _may_hold(folder: str, prefix: str, after: str | None) -> bool:
    """Whether a key below `folder` (with its slash) can start with `prefix` and be greater than `after`."""
    wanted = folder.startswith(prefix) or prefix.startswith(folder)
    return wanted and (after is None or folder > after or after.startswith(folder))


def _translate(uri: str, error: OSError) -> StoreError:
    why = os.strerror(error.errno) if error.errno else str(error)
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in _FULL:
        return StoreFull(uri, f"{why}{where}; free some, then start again: nothing kept so far is lost")
    if error.errno in _DENIED:
        return StoreDenied(uri, f"{why}{where}; give this user the right to use it, or choose another folder")
    if error.errno == errno.EOPNOTSUPP:
        return StoreError(uri, "this file system has no hard links, which safe puts need; choose another disk")
    return StoreError(uri, f"{why}{where}")
