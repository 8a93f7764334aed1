"""A store on S3, or on a server that speaks it. In: a key, bytes. Out: an object the server confirmed. Never: an ACL.

Every put carries its sha256, as a checksum the server verifies and as metadata, and is believed only when the answer
agrees: boto3 does not notice a server that stored something else. A crawler's credentials need PutObject, GetObject
and ListBucket, no more; without DeleteObject and with `If-None-Match: *` on every put a stolen key destroys nothing.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import uuid4

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from archiver.errors import FixityMismatch, KeyTaken, NotArchived, StoreDenied, StoreError
from archiver.storage.parts import SMALLEST_PART, Piece, parts_of
from archiver.storage.s3_client import ServerClock, make_client
from archiver.storage.s3_errors import code_of, translate
from archiver.storage.s3_options import S3Place, parse
from archiver.storage.store import ObjectInfo, check_key, check_range, is_key, is_wanted

_BAD_DIGEST = ("BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch")
_CUT = (boto.ReadTimeoutError, boto.ResponseStreamingError, boto.IncompleteReadError, boto.ConnectionClosedError)
_ROUNDS = 3  # of put_new, where the object that stood in the way is gone when we look


class S3Store:
    """Objects in a bucket, below a prefix. One client for all threads."""

    def __init__(self, place: S3Place) -> None:
        self.uri = place.uri
        self._name = place.name
        self.bucket = place.bucket
        self.prefix = f"{place.prefix}/" if place.prefix else ""
        self.options = place.options
        self._client = make_client(place.options)
        self._clock = ServerClock(self._client)

    @classmethod
    def from_uri(cls, uri: str, **options: object) -> Self:
        """Open the store at `s3://bucket[/prefix][?option=value…]`; options are the fields of S3Options."""
        return cls(parse(uri, **options))

    def put_new(self, key: str, data: bytes, *, media_type: str | None = None, encoding: str | None = None) -> bool:
        """See Store. An acknowledgement that got lost is asked for again: False, the bytes were there already."""
        once = {"IfNoneMatch": "*", **self._lock()}
        for _ in range(_ROUNDS):
            try:
                self._put(key, data, media_type=media_type, encoding=encoding, **once)
            except KeyTaken:  # 412: taken; 409: another writer of this key is not done yet
                same = self._same(key, data)
                if same is None:
                    continue
                if same:
                    return False
                raise
            return True
        raise StoreError(self._name, f"{key} is said to be there and cannot be found; other writers may be at it")

    def replace(self, key: str, data: bytes, *, media_type: str | None = None, encoding: str | None = None) -> None:
        """See Store."""
        self._put(key, data, media_type=media_type, encoding=encoding)

    def get(self, key: str) -> bytes:
        """See Store."""
        for final in (False, True):
            data, answer = self._read(key)
            expected, actual = answer.get("Metadata", {}).get("sha256"), hashlib.sha256(data).hexdigest()
            if expected in (None, actual):
                return data
            if final:
                raise FixityMismatch(key, expected, actual)
        raise AssertionError("unreachable")

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """See Store."""
        check_range(start, length)
        if length == 0:
            if self.head(key) is None:
                raise NotArchived(key)
            return b""
        data, answer = self._read(key, Range=f"bytes={start}-{start + length - 1}")
        if data and "ContentRange" not in answer:  # the server ignored the range (RFC 9110, 14.2)
            return data[start : start + length]
        return data

    def head(self, key: str) -> ObjectInfo | None:
        """See Store. `sha256` is the checksum the server verified, else the one we left in the metadata."""
        try:
            answer = self._call("head_object", key, Key=self._key(key), ChecksumMode="ENABLED")
        except NotArchived:
            return None
        digest = _hex(answer.get("ChecksumSHA256")) or answer.get("Metadata", {}).get("sha256")
        return ObjectInfo(
            key=key, size=answer["ContentLength"], modified=answer["LastModified"].astimezone(UTC), sha256=digest
        )

    def list(self, prefix: str = "", *, after: str | None = None) -> Iterator[ObjectInfo]:
        """See Store. `sha256` is None: a listing does not say it."""
        page: dict[str, Any] = {"Prefix": self.prefix + prefix, "MaxKeys": self.options.page_size}
        if start := _safe_start(prefix, after):
            page["StartAfter"] = self.prefix + start
        while True:
            answer = self._call("list_objects_v2", "", **page)
            for item in answer.get("Contents", ()):
                key = item["Key"].removeprefix(self.prefix)
                if is_key(key) and is_wanted(key, prefix, after):
                    yield ObjectInfo(key=key, size=item["Size"], modified=item["LastModified"].astimezone(UTC))
            if not answer.get("IsTruncated"):
                return
            page["ContinuationToken"] = answer["NextContinuationToken"]

    def join(self, key: str, keys: Sequence[str], *, media_type: str | None = None) -> None:
        """See Store. A multipart copy: what is large enough is copied by the server (UploadPartCopy)."""
        sizes = {}
        for one in keys:
            if (info := self.head(one)) is None:
                raise NotArchived(one)
            sizes[one] = info.size
        more = {"ContentType": media_type} if media_type else {}
        if self.options.storage_class:
            more["StorageClass"] = self.options.storage_class
        target = {"Key": self._key(key)}
        made = self._call("create_multipart_upload", key, **target, **more, **self._encryption(), **self._lock())
        target["UploadId"] = made["UploadId"]
        try:
            parts = [
                {"PartNumber": number, "ETag": self._part(key, {**target, "PartNumber": number}, pieces)}
                for number, pieces in enumerate(parts_of(sizes), 1)
            ]
            self._call("complete_multipart_upload", key, **target, MultipartUpload={"Parts": parts})
            joined = self.head(key)
            if joined is None or joined.size != sum(sizes.values()):
                raise StoreError(self.uri, f"{key}: the server joined other bytes than we named; do it again")
        except BaseException:
            with suppress(StoreError):
                self._call("abort_multipart_upload", key, **target)
            raise

    def _part(self, key: str, target: Mapping[str, Any], pieces: Sequence[Piece]) -> str:
        """Make one part, by copying if it is of one object; return its ETag."""
        if len(pieces) == 1 and pieces[0].length >= SMALLEST_PART:
            (piece,) = pieces
            answer = self._call(
                "upload_part_copy",
                piece.key,
                **target,
                CopySource={"Bucket": self.bucket, "Key": self._key(piece.key)},
                CopySourceRange=f"bytes={piece.start}-{piece.start + piece.length - 1}",
            )
            return str(answer["CopyPartResult"]["ETag"])
        data = b"".join(self.get_range(piece.key, piece.start, piece.length) for piece in pieces)
        answer = self._call("upload_part", key, **target, Body=data)
        return str(answer["ETag"])

    def delete(self, key: str) -> None:
        """See Store. In a bucket with versions the object's versions stay."""
        with suppress(NotArchived):
            self._call("delete_object", key, Key=self._key(key))

    def check(self, *, write: bool) -> None:
        """See Store. Never creates the bucket: SeaweedFS would, on the first put, so the bucket is asked for first."""
        with suppress(StoreDenied):  # HEAD has no body to say why, and needs a right (ListBucket) a writer may lack
            self._call("head_bucket", "")
        if write:
            self._check_write()
        else:
            self._call("list_objects_v2", "", Prefix=self.prefix, MaxKeys=1)

    def close(self) -> None:
        """See Store."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def _key(self, key: str) -> str:
        return self.prefix + check_key(key)

    def _call(self, operation: str, key: str, **parameters: Any) -> Mapping[str, Any]:
        """Ask the server, once more if our clock was wrong; translate what botocore raises. `key` is for the error."""
        call: Callable[..., Mapping[str, Any]] = getattr(self._client, operation)
        try:
            try:
                return call(Bucket=self.bucket, **parameters)
            except ClientError as error:
                if not self._clock.learn(error):
                    raise
                return call(Bucket=self.bucket, **parameters)
        except (ClientError, BotoCoreError) as error:
            raise translate(error, uri=self._name, bucket=self.bucket, key=key) from error

    def _put(self, key: str, data: bytes, *, media_type: str | None, encoding: str | None, **more: Any) -> None:
        digest = hashlib.sha256(data)
        given = {"ContentType": media_type, "ContentEncoding": encoding, "StorageClass": self.options.storage_class}
        more |= {name: value for name, value in given.items() if value} | self._encryption()
        checksum = b64encode(digest.digest()).decode()
        answer = self._call(
            "put_object",
            key,
            Key=self._key(key),
            Body=data,
            ChecksumSHA256=checksum,
            Metadata={"sha256": digest.hexdigest()},
            **more,
        )
        self._confirm(key, data, checksum, answer)

    def _encryption(self) -> dict[str, str]:
        chosen = {"ServerSideEncryption": self.options.sse, "SSEKMSKeyId": self.options.sse_kms_key_id}
        return {name: value for name, value in chosen.items() if value}

    def _lock(self) -> dict[str, Any]:
        if not self.options.object_lock_days:
            return {}
        until = datetime.now(UTC) + self._clock.offset + timedelta(days=self.options.object_lock_days)
        return {"ObjectLockMode": self.options.object_lock_mode, "ObjectLockRetainUntilDate": until}

    def _confirm(self, key: str, data: bytes, checksum: str, answer: Mapping[str, Any]) -> None:
        """Raise StoreError unless the answer to a put, or the object's size if it says too little, fits `data`."""
        etag = answer.get("ETag", "").strip('"')
        if stored := answer.get("ChecksumSHA256"):
            fits = stored == checksum
        elif _is_md5(etag) and not answer.get("ServerSideEncryption"):
            fits = etag == hashlib.md5(data, usedforsecurity=False).hexdigest()
        else:
            info = self.head(key)
            fits = info is not None and info.size == len(data)
        if not fits:
            raise StoreError(
                self.uri, f"{key}: the server confirmed other bytes than we sent; check what is stored there"
            )

    def _same(self, key: str, data: bytes) -> bool | None:
        """Whether the object at `key` is `data`; None if there is no object."""
        info = self.head(key)
        if info is None:
            return None
        if info.size != len(data):
            return False
        if info.sha256:
            return info.sha256 == hashlib.sha256(data).hexdigest()
        return self.get(key) == data

    def _read(self, key: str, **parameters: Any) -> tuple[bytes, Mapping[str, Any]]:
        """Return an object's bytes and the answer's facts. A body cut short is asked for again: botocore does not."""
        for left in reversed(range(self.options.attempts)):
            try:
                answer = self._call("get_object", key, Key=self._key(key), **parameters)
                with closing(answer["Body"]) as body:  # its own `with` gives urllib3's stream, with urllib3's errors
                    return body.read(), answer
            except StoreError as error:
                if isinstance(error.__cause__, ClientError) and code_of(error.__cause__)[1] == 416:
                    return b"", {}  # the range starts at or after the end
                raise
            except _CUT as error:
                if not left:
                    raise translate(error, uri=self._name, bucket=self.bucket, key=key) from error
        raise AssertionError("unreachable")

    def _check_write(self) -> None:
        """Try a put with a wrong checksum: the server looks at our rights, then refuses the body. Nothing is stored."""
        key = f"check-{uuid4().hex}"
        wrong = b64encode(hashlib.sha256(b"other bytes").digest()).decode()
        try:
            self._call(
                "put_object", key, Key=self._key(key), Body=b"is this writable?", ChecksumSHA256=wrong, IfNoneMatch="*"
            )
        except StoreError as error:
            if isinstance(error.__cause__, ClientError) and code_of(error.__cause__)[0] in _BAD_DIGEST:
                return
            raise
        self.delete(key)  # the server does not verify checksums; `_confirm` does


def _hex(checksum: str | None) -> str | None:
    """Hex digits of S3's base64 checksum; None for the checksum of an upload in parts, which has a `-` (no base64)."""
    return b64decode(checksum).hex() if checksum and "-" not in checksum else None


def _is_md5(etag: str) -> bool:
    return len(etag) == 32 and all(char in "0123456789abcdef" for char in etag)


def _safe_start(prefix: str, after: str | None) -> str:
    """Return a StartAfter that skips no wanted key, for servers that sort by byte and by path alike.

    SeaweedFS sorts path segment by path segment, as if `/` came before every other character, and takes a StartAfter
    that names a folder as the end of that folder. By byte, `-` and `.` come before `/`. So the answer ends before the
    first of those, inside a segment and before a letter, digit or `_`; what follows is left to the caller to compare.
    """
    if after is None or not after.startswith(prefix):
        return ""
    end = next((place for place in range(len(prefix), len(after)) if after[place] < "/"), len(after))
    for place in range(end - 1, len(prefix), -1):
        if after[place] != "/" and after[place - 1] != "/":
            return after[:place]
    return ""
