"""A store that is read over HTTP: a web server, a public bucket. In: a key. Out: its bytes. Never: a write.

Nothing can be listed, so an archive here is searched by what `archiver publish` put beside it.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NoReturn, Self
from urllib.parse import urljoin, urlsplit

from archiver.errors import BadInput, NotArchived, StoreDenied, StoreError
from archiver.storage.store import ObjectInfo, check_key, check_range

_SECONDS = 30.0
_TRIES = 3
_REDIRECTS = 3


class HttpStore:
    """Objects below a URL, read with GET, HEAD and Range (RFC 9110). Any thread may call any method."""

    def __init__(self, uri: str) -> None:
        """Read below `uri`, an http or https URL. Raises BadInput for one with a query, or without a host."""
        parts = urlsplit(uri)
        if not parts.hostname or parts.query or parts.fragment or parts.username:
            raise BadInput(uri, "write https://host/path, without a query and without credentials")
        self.uri = uri.rstrip("/")
        self._idle: list[tuple[tuple[str, str], http.client.HTTPConnection]] = []  # kept from one request to the next

    def get(self, key: str) -> bytes:
        """See Store."""
        status, _, data = self._ask("GET", key)
        self._check(key, status)
        return data

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """See Store. Raises StoreError where the server does not know ranges: the whole would come instead."""
        check_range(start, length)
        if length == 0:
            return b""
        status, headers, data = self._ask("GET", key, {"Range": f"bytes={start}-{start + length - 1}"})
        if status == 416:  # behind the end
            return b""
        self._check(key, status)
        if status == 206 and not headers.get("content-range", "").startswith(f"bytes {start}-"):
            raise StoreError(self.uri, f"{key}: another range came than the one that was asked for")
        return data if status == 206 else data[start : start + length]

    def head(self, key: str) -> ObjectInfo | None:
        """See Store."""
        status, headers, _ = self._ask("HEAD", key)
        if status in (404, 410):
            return None
        self._check(key, status)
        return ObjectInfo(key=key, size=int(headers.get("content-length", 0)), modified=_moment(headers))

    def list(self, prefix: str = "", *, after: str | None = None) -> Iterator[ObjectInfo]:
        """Raise StoreError: a web server has no list of its objects."""
        raise StoreError(self.uri, "cannot be listed over HTTP; search what is published, or read it from its bucket")

    def check(self, *, write: bool) -> None:
        """See Store."""
        if write:
            self._refuse()
        self.head("catalog.json")

    def put_new(self, key: str, data: bytes, *, media_type: str | None = None, encoding: str | None = None) -> bool:
        """Raise StoreDenied."""
        self._refuse()

    def replace(self, key: str, data: bytes, *, media_type: str | None = None, encoding: str | None = None) -> None:
        """Raise StoreDenied."""
        self._refuse()

    def join(self, key: str, keys: Sequence[str], *, media_type: str | None = None) -> None:
        """See Store. Refused: read only."""
        self._refuse()

    def delete(self, key: str) -> None:
        """Raise StoreDenied."""
        self._refuse()

    def close(self) -> None:
        """See Store."""
        while self._idle:
            self._idle.pop()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def _refuse(self) -> NoReturn:
        raise StoreDenied(self.uri, "is read only over HTTP; write to the bucket or folder behind it")

    def _check(self, key: str, status: int) -> None:
        if status in (404, 410):
            raise NotArchived(key)
        if status in (401, 403):
            raise StoreDenied(self.uri, f"{key}: HTTP {status}; the server does not show it to everybody")
        if status not in (200, 206):
            raise StoreError(self.uri, f"{key}: HTTP {status}")

    def _ask(
        self, method: str, key: str, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        url = f"{self.uri}/{check_key(key)}"
        for _ in range(_REDIRECTS + 1):
            status, found, data = self._once(method, url, headers or {})
            if status not in (301, 302, 307, 308):
                return status, found, data
            there = urljoin(url, found.get("location", ""))
            if urlsplit(url).scheme == "https" and urlsplit(there).scheme != "https":
                raise StoreError(self.uri, f"{key}: redirected from https to {urlsplit(there).scheme or 'nowhere'}")
            url = there
        raise StoreError(self.uri, f"{key}: redirected more than {_REDIRECTS} times")

    def _once(self, method: str, url: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        """Ask once; again after a connection broke, as kept ones do, or the server had no time."""
        parts = urlsplit(url)
        place = parts.scheme, parts.netloc
        for chance in range(_TRIES):
            connection = self._connection(place)
            try:
                connection.request(method, parts.path or "/", headers={"Accept-Encoding": "identity", **headers})
                answer = connection.getresponse()
                data = answer.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                self.close()  # others that were kept may be cut, too: the next chance has a new one
                if chance == _TRIES - 1 or isinstance(error, ssl.SSLCertVerificationError):
                    raise StoreError(self.uri, f"no answer ({error})") from error
                continue
            self._idle.append((place, connection))
            if answer.status < 500 or chance == _TRIES - 1:
                return answer.status, {name.lower(): value for name, value in answer.getheaders()}, data
        raise AssertionError("unreachable")

    def _connection(self, place: tuple[str, str]) -> http.client.HTTPConnection:
        """One that is idle, or a new one; what leads elsewhere, as after a redirect, is closed on the way."""
        while self._idle:
            try:
                where, connection = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if where == place:
                return connection
            connection.close()
        made = http.client.HTTPSConnection if place[0] == "https" else http.client.HTTPConnection
        return made(place[1], timeout=_SECONDS)


def _moment(headers: Mapping[str, str]) -> datetime:
    try:
        return parsedate_to_datetime(headers.get("last-modified", "")).astimezone(UTC)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
