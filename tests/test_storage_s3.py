"""The S3 store where it differs from the others: options, answers that cannot be believed, refusals, clocks."""

from __future__ import annotations

import hashlib
import json
import time
import traceback
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest

from archiver.errors import (
    ArchiveError,
    BadInput,
    FixityMismatch,
    KeyTaken,
    NotArchived,
    StoreDenied,
    StoreError,
    StoreFull,
)
from archiver.storage import open_store
from archiver.storage.s3 import S3Store
from archiver.storage.s3_options import S3Options, parse
from tests.weed import SECRET_KEY, FaultProxy, Weed, changed, cut_answer, error, free_ports, lost_answer, reset

PAGE = b"<p>news</p>" * 500


@pytest.fixture
def proxy(weed: Weed) -> Iterator[FaultProxy]:
    """A proxy before the server; faults are put into it."""
    with FaultProxy(weed.endpoint).running() as running:
        yield running


@pytest.fixture
def spoilt(proxy: FaultProxy, s3_uri: str) -> Iterator[S3Store]:
    """A store that goes through the proxy."""
    with S3Store.from_uri(s3_uri, endpoint_url=proxy.endpoint) as store:
        yield store


def told(uri: str, **options: Any) -> S3Options:
    return parse(uri, **options).options


# ---- options


def test_options_come_from_the_uri_and_keywords_win() -> None:
    uri = "s3://bucket/a/b?endpoint_url=http://127.0.0.1:8333&addressing_style=path&attempts=7&anonymous=true"
    place = parse(uri, attempts=2, read_seconds=1)
    assert (place.bucket, place.prefix, place.name) == ("bucket", "a/b", "s3://bucket/a/b")
    assert place.options.endpoint_url == "http://127.0.0.1:8333"
    assert (place.options.addressing_style, place.options.anonymous) == ("path", True)
    assert (place.options.attempts, place.options.read_seconds) == (2, 1.0)


def test_the_uri_of_a_store_holds_all_options_it_was_given() -> None:
    place = parse("s3://bucket/a?attempts=7", endpoint_url="http://127.0.0.1:8333", anonymous=True, region=None)
    assert place.uri == "s3://bucket/a?attempts=7&endpoint_url=http://127.0.0.1:8333&anonymous=true"
    assert parse(place.uri) == place
    assert parse("s3://bucket/a/").uri == "s3://bucket/a"


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("s3://b-1?attempts=many", "attempts"),
        ("s3://b-1?attempts=0", "attempts"),
        ("s3://b-1?anonymous=perhaps", "anonymous"),
        ("s3://b-1?addressing_style=odd", "addressing_style"),
        ("s3://b-1?sse=rot13", "sse"),
        ("s3://b-1?sse_kms_key_id=abc", "sse_kms_key_id"),
        ("s3://b-1?object_lock_mode=none", "object_lock_mode"),
        ("s3://b-1?object_lock_days=-1", "object_lock_days"),
        ("s3://b-1?endpoint_url=ftp://x", "endpoint_url"),
        ("s3://b-1?colour=red", "colour"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(uri: str, name: str) -> None:
    with pytest.raises(BadInput, match=name):
        told(uri)


@pytest.mark.parametrize(
    ("uri", "options"),
    [
        ("s3://user:hunter2hunter2@bucket/x", {}),
        ("s3://bucket?aws_secret_access_key=hunter2hunter2", {}),
        ("s3://bucket?session_token=hunter2hunter2", {}),
        ("s3://bucket?password=hunter2hunter2", {}),
        ("s3://bucket?endpoint_url=http://user:hunter2hunter2@127.0.0.1:1", {}),
        ("s3://bucket", {"aws_secret_access_key": "hunter2hunter2"}),
    ],
)
def test_a_secret_in_a_uri_is_refused_and_not_repeated(uri: str, options: dict[str, str]) -> None:
    with pytest.raises(BadInput, match="AWS_SECRET_ACCESS_KEY") as caught:
        open_store(uri, **options)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value)).replace(str(uri), "")
    assert "hunter2" not in str(caught.value)


def test_a_secret_in_the_endpoint_of_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://user:hunter2@127.0.0.1:1")
    with pytest.raises(BadInput, match="endpoint_url") as caught:
        open_store("s3://bucket")
    assert "hunter2" not in str(caught.value)


def test_a_profile_that_does_not_exist_is_bad_input() -> None:
    with pytest.raises(BadInput, match="no such profile"):
        open_store("s3://bucket", profile="nobody")


def test_the_endpoint_can_stand_in_the_uri(weed: Weed, s3_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with open_store(f"{s3_uri}/press?endpoint_url={weed.endpoint}&addressing_style=path") as store:
        assert store.put_new("a", PAGE)
    assert weed.client.get_object(Bucket=s3_uri[5:], Key="press/a")["Body"].read() == PAGE


# ---- what is sent


def test_an_object_says_its_type_encoding_and_digest(weed: Weed, s3_uri: str) -> None:
    with open_store(s3_uri) as store:
        store.put_new("a", PAGE, media_type="text/html; charset=utf-8", encoding="gzip")
        info = store.head("a")
    digest = hashlib.sha256(PAGE)
    head = weed.client.head_object(Bucket=s3_uri[5:], Key="a", ChecksumMode="ENABLED")
    assert (head["ContentType"], head["ContentEncoding"]) == ("text/html; charset=utf-8", "gzip")
    assert head["Metadata"] == {"sha256": digest.hexdigest()}
    assert head["ChecksumSHA256"] == b64encode(digest.digest()).decode()
    assert info is not None
    assert info.sha256 == digest.hexdigest()


def test_no_acl_is_ever_sent_and_a_put_is_one_request(proxy: FaultProxy, spoilt: S3Store) -> None:
    spoilt.put_new("a", PAGE)
    spoilt.replace("a", PAGE)
    assert [method for method, _, _ in proxy.seen] == ["PUT", "PUT"]
    assert [headers.get("if-none-match") for _, _, headers in proxy.seen] == ["*", None]
    assert not any("acl" in path or any("acl" in name for name in headers) for _, path, headers in proxy.seen)


def test_encryption_and_storage_class_are_asked_for(proxy: FaultProxy, s3_uri: str) -> None:
    with S3Store.from_uri(s3_uri, endpoint_url=proxy.endpoint, sse="AES256", storage_class="STANDARD_IA") as store:
        assert store.put_new("a", PAGE)
        assert store.get("a") == PAGE
    sent = proxy.seen[0][2]
    assert (sent["x-amz-server-side-encryption"], sent["x-amz-storage-class"]) == ("AES256", "STANDARD_IA")


def test_object_lock_keeps_what_put_new_stored(weed: Weed, s3_uri: str) -> None:
    bucket = f"{s3_uri[5:]}-locked"
    weed.client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    with open_store(f"s3://{bucket}", object_lock_days=2, object_lock_mode="COMPLIANCE") as store:
        assert store.put_new("a", PAGE)
        store.replace("b", PAGE)
    retention = weed.client.get_object_retention(Bucket=bucket, Key="a")["Retention"]
    assert retention["Mode"] == "COMPLIANCE"
    assert abs(retention["RetainUntilDate"] - datetime.now(UTC) - timedelta(days=2)) < timedelta(minutes=5)
    version = weed.client.head_object(Bucket=bucket, Key="a")["VersionId"]
    with pytest.raises(weed.client.exceptions.ClientError, match="AccessDenied"):
        weed.client.delete_object(Bucket=bucket, Key="a", VersionId=version)
    assert "ObjectLockMode" not in weed.client.head_object(Bucket=bucket, Key="b")


def test_a_prefix_keeps_two_archives_of_a_bucket_apart(s3_uri: str) -> None:
    with open_store(f"{s3_uri}/one") as one, open_store(f"{s3_uri}/one-more") as more, open_store(s3_uri) as whole:
        one.put_new("a", b"1")
        more.put_new("a", b"2")
        assert [info.key for info in one.list()] == ["a"]
        assert sorted(info.key for info in whole.list()) == ["one-more/a", "one/a"]


def test_a_listing_of_many_pages_is_complete(s3_uri: str) -> None:
    every = {f"html/{number % 3}/{number:03}" for number in range(25)}
    with open_store(s3_uri, page_size=4) as store:
        for key in every:
            store.put_new(key, b"1")
        listed = [info.key for info in store.list()]
        assert (set(listed), len(listed)) == (every, 25)
        assert {info.key for info in store.list("html/", after="html/1/013")} == {k for k in every if k > "html/1/013"}


# ---- answers that cannot be believed


@pytest.mark.parametrize("fault", [error(500, "InternalError"), error(503, "SlowDown"), reset])
def test_a_passing_fault_is_not_noticed(proxy: FaultProxy, spoilt: S3Store, fault: Any) -> None:
    proxy.faults = [fault]
    assert spoilt.put_new("a", PAGE) is True
    proxy.faults = [fault]
    assert spoilt.get("a") == PAGE


def test_after_a_lost_acknowledgement_the_bytes_are_there_already(proxy: FaultProxy, spoilt: S3Store) -> None:
    proxy.faults = [lost_answer]
    assert spoilt.put_new("a", PAGE) is False
    assert spoilt.get("a") == PAGE


def test_a_conflict_with_a_writer_that_gave_up_is_tried_again(proxy: FaultProxy, spoilt: S3Store) -> None:
    proxy.faults = [error(409, "ConditionalRequestConflict")]
    assert spoilt.put_new("a", PAGE) is True


def test_a_key_that_is_taken_and_never_there_is_a_store_error(proxy: FaultProxy, spoilt: S3Store) -> None:
    conflict, absent = error(409, "ConditionalRequestConflict"), error(404, "NoSuchKey")
    proxy.faults = [conflict, absent] * 3
    with pytest.raises(StoreError, match="other writers"):
        spoilt.put_new("a", PAGE)


def test_a_body_cut_short_is_asked_for_again(proxy: FaultProxy, spoilt: S3Store) -> None:
    spoilt.put_new("a", PAGE)
    proxy.faults = [cut_answer]
    assert spoilt.get("a") == PAGE
    proxy.faults = [cut_answer]
    assert spoilt.get_range("a", 5, 500) == PAGE[5:505]
    proxy.always = cut_answer
    with pytest.raises(StoreError):
        spoilt.get("a")


def test_a_body_that_arrives_changed_is_read_again_and_never_returned(proxy: FaultProxy, spoilt: S3Store) -> None:
    flip = changed(lambda body, headers: bytes([body[0] ^ 1]) + body[1:])
    spoilt.put_new("a", PAGE)
    proxy.faults = [flip]
    assert spoilt.get("a") == PAGE
    proxy.always = flip
    with pytest.raises(FixityMismatch) as caught:
        spoilt.get("a")
    assert caught.value.expected == hashlib.sha256(PAGE).hexdigest()
    assert caught.value.actual == hashlib.sha256(bytes([PAGE[0] ^ 1]) + PAGE[1:]).hexdigest()


def test_a_server_without_ranges_gives_the_same_slice(proxy: FaultProxy, spoilt: S3Store) -> None:
    spoilt.put_new("a", PAGE)

    def whole(handler: Any, body: bytes) -> bool:
        handler.reply(200, [("Content-Type", "text/html")], PAGE)
        return True

    proxy.faults = [whole]
    assert spoilt.get_range("a", 7, 9) == PAGE[7:16]


def put_answer(**headers: str | None) -> Any:
    """The server's answer to a put with these headers (`_` for `-`) in place of its own; None takes one away."""

    def change(body: bytes, answer: dict[str, str]) -> bytes:
        for name, value in headers.items():
            answer.pop(name.replace("_", "-"), None)
            if value is not None:
                answer[name.replace("_", "-")] = value
        return body

    return changed(change)


WRONG = b64encode(hashlib.sha256(b"other").digest()).decode()
MD5 = f'"{hashlib.md5(PAGE, usedforsecurity=False).hexdigest()}"'


@pytest.mark.parametrize(
    "answer",
    [
        put_answer(x_amz_checksum_sha256=WRONG),
        put_answer(x_amz_checksum_sha256=None, etag=f'"{"0" * 32}"'),
    ],
)
def test_a_put_that_is_confirmed_for_other_bytes_is_an_error(proxy: FaultProxy, spoilt: S3Store, answer: Any) -> None:
    proxy.faults = [answer]
    with pytest.raises(StoreError, match="confirmed other bytes"):
        spoilt.put_new("a", PAGE)


def test_where_a_put_is_confirmed_by_nothing_the_size_decides(proxy: FaultProxy, spoilt: S3Store) -> None:
    silent = put_answer(x_amz_checksum_sha256=None, etag='"an-opaque-tag"')
    proxy.faults = [silent, put_answer(content_length="3")]
    with pytest.raises(StoreError, match="confirmed other bytes"):
        spoilt.put_new("a", PAGE)
    proxy.faults = [silent]
    assert spoilt.put_new("b", PAGE) is True


@pytest.mark.parametrize(
    "answer",
    [
        put_answer(x_amz_checksum_sha256=None, etag=MD5),
        put_answer(x_amz_checksum_sha256=None, etag=f'"{"0" * 32}"', x_amz_server_side_encryption="aws:kms"),
    ],
)
def test_a_server_without_checksums_is_believed_by_its_etag(proxy: FaultProxy, spoilt: S3Store, answer: Any) -> None:
    proxy.faults = [answer]
    assert spoilt.put_new("a", PAGE) is True


def test_without_any_stored_digest_the_bytes_are_compared(weed: Weed, proxy: FaultProxy, spoilt: S3Store) -> None:
    weed.client.put_object(Bucket=spoilt.bucket, Key="a", Body=PAGE)  # with a CRC32, as boto3 does
    assert spoilt.put_new("a", PAGE) is False
    with pytest.raises(KeyTaken):
        spoilt.put_new("a", PAGE[::-1])
    assert spoilt.get("a") == PAGE


# ---- the clock


def set_clock(monkeypatch: pytest.MonkeyPatch, off: timedelta) -> None:
    """Let this machine's clock be wrong, for botocore and for us."""

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Wrong:
            return cls.fromtimestamp((datetime.now(UTC) + off).timestamp(), tz)

    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: Wrong.now(UTC))
    monkeypatch.setattr("archiver.storage.s3_client.datetime", Wrong)


@pytest.mark.parametrize("hours", [2, -2, 24 * 365])
def test_a_wrong_clock_is_corrected_by_the_servers(
    proxy: FaultProxy, spoilt: S3Store, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    with monkeypatch.context() as patch:
        set_clock(patch, timedelta(hours=hours))
        assert spoilt.put_new("a", PAGE) is True
        assert spoilt.get("a") == PAGE
        assert len(proxy.seen) == 3  # refused, put, got: the server's clock is learned once
    assert spoilt.put_new("b", PAGE) is True  # and unlearned when our clock is set


def test_a_wrong_clock_is_corrected_where_the_refusal_has_no_body(
    spoilt: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt.put_new("a", PAGE)
    set_clock(monkeypatch, timedelta(hours=-2))
    info = spoilt.head("a")
    assert info is not None
    assert info.size == len(PAGE)


def test_a_refusal_with_the_right_time_is_not_asked_again(proxy: FaultProxy, spoilt: S3Store) -> None:
    proxy.always = error(403, "AccessDenied")
    with pytest.raises(StoreDenied):
        spoilt.put_new("a", PAGE)
    assert len(proxy.seen) == 1


# ---- refusals


def test_a_missing_bucket_is_named_with_its_cure_and_not_created(weed: Weed, s3_uri: str) -> None:
    for write in (True, False):
        with (
            open_store(f"{s3_uri}-missing") as store,
            pytest.raises(BadInput, match=r"no such bucket; create it with `aws s3 mb s3://test-.*-missing`"),
        ):
            store.check(write=write)
    assert f"{s3_uri[5:]}-missing" not in [bucket["Name"] for bucket in weed.client.list_buckets()["Buckets"]]


def test_reading_from_a_missing_bucket_is_bad_input_not_an_absent_object(s3_uri: str) -> None:
    with open_store(f"{s3_uri}-missing") as store, pytest.raises(BadInput, match="no such bucket"):
        store.get("a")


@pytest.mark.parametrize("write", [True, False])
@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("AWS_ACCESS_KEY_ID", "UNKNOWNKEY0000000001", "does not know this access key"),
        ("AWS_SECRET_ACCESS_KEY", "wrong-wrong-wrong-wrong", "secret key does not fit"),
    ],
)
def test_wrong_credentials_are_denied_with_a_cure(
    s3_uri: str, monkeypatch: pytest.MonkeyPatch, write: bool, name: str, value: str, cure: str
) -> None:
    monkeypatch.setenv(name, value)
    with open_store(s3_uri) as store:
        with pytest.raises(StoreDenied, match=cure) as caught:
            store.check(write=write)
        with pytest.raises(StoreDenied, match=cure):
            store.put_new("a", PAGE)
        with pytest.raises(StoreDenied):
            store.head("a")
    assert SECRET_KEY not in "".join(traceback.format_exception(caught.value))
    assert "wrong-wrong" not in "".join(traceback.format_exception(caught.value))


def test_no_credentials_are_denied_with_a_cure(s3_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with open_store(s3_uri) as store, pytest.raises(StoreDenied, match="set AWS_ACCESS_KEY_ID"):
        store.check(write=True)


def allow(weed: Weed, bucket: str, *actions: str) -> None:
    """Let everybody do `actions` on the bucket and its objects."""
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    rule = {"Effect": "Allow", "Principal": "*", "Action": list(actions), "Resource": resources}
    weed.client.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [rule]}))


def test_a_public_archive_is_read_without_credentials_and_not_written(
    weed: Weed, s3_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(s3_uri) as store:
        store.put_new("html/a", PAGE)
    allow(weed, s3_uri[5:], "s3:GetObject", "s3:ListBucket")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with open_store(f"{s3_uri}?anonymous=true") as store:
        store.check(write=False)
        assert store.get("html/a") == PAGE
        assert [info.key for info in store.list()] == ["html/a"]
        for attempt in (
            lambda: store.check(write=True),
            lambda: store.put_new("b", PAGE),
            lambda: store.delete("html/a"),
        ):
            with pytest.raises(StoreDenied):
                attempt()


def test_a_writer_that_may_not_list_passes_the_check(proxy: FaultProxy, spoilt: S3Store) -> None:
    proxy.faults = [error(403, "AccessDenied")]  # of HEAD on the bucket, which needs ListBucket
    spoilt.check(write=True)
    assert [method for method, _, _ in proxy.seen] == ["HEAD", "PUT"]
    assert list(spoilt.list()) == []


def test_a_server_that_ignores_checksums_is_cleaned_up_after_the_check(proxy: FaultProxy, spoilt: S3Store) -> None:
    def accept(handler: Any, body: bytes) -> bool:
        handler.reply(200, [("ETag", '"x"')], b"")
        return True

    proxy.faults = [lambda handler, body: False, accept]
    spoilt.check(write=True)
    assert [method for method, _, _ in proxy.seen] == ["HEAD", "PUT", "DELETE"]
    assert proxy.seen[1][1] == proxy.seen[2][1]


@pytest.mark.parametrize(
    ("status", "code", "kind", "words"),
    [
        (403, "AccessDenied", StoreDenied, "ask the bucket's owner"),
        (400, "ExpiredToken", StoreDenied, "sign in again"),
        (403, "RequestTimeTooSkewed", StoreDenied, "clock is wrong"),
        (403, "SomethingNew", StoreDenied, "access denied"),
        (507, "InsufficientStorage", StoreFull, "no room left"),
        (403, "QuotaExceeded", StoreFull, "raise the quota"),
        (507, "XMinioStorageFull", StoreFull, "no room left"),
        (404, "NoSuchBucket", BadInput, "no such bucket"),
        (501, "NotImplemented", StoreError, "newer server"),
        (400, "AuthorizationHeaderMalformed", StoreError, "another region"),
        (500, "InternalError", StoreError, "500 InternalError"),
        (503, "SlowDown", StoreError, "503 SlowDown"),
        (400, "InvalidRequest", StoreError, "400 InvalidRequest"),
    ],
)
def test_a_refusal_is_told_in_our_words(
    proxy: FaultProxy, s3_uri: str, status: int, code: str, kind: type[ArchiveError], words: str
) -> None:
    token = "c2VjcmV0" * 8
    proxy.always = error(status, code, f"as you said: {token}")
    with S3Store.from_uri(s3_uri, endpoint_url=proxy.endpoint, attempts=1) as store:
        with pytest.raises(ArchiveError, match=words) as caught:
            store.put_new("a", PAGE)
        assert type(caught.value) is kind
        assert token not in str(caught.value)


def test_cold_storage_is_said_to_be_cold(proxy: FaultProxy, spoilt: S3Store) -> None:
    proxy.always = error(403, "InvalidObjectState")
    with pytest.raises(StoreError, match="cold storage"):
        spoilt.get("a")


def test_a_refused_connection_is_a_store_error_that_names_the_endpoint_option(s3_uri: str) -> None:
    with open_store(s3_uri, endpoint_url=f"http://127.0.0.1:{free_ports(1)[0]}", attempts=1) as store:
        for attempt in (lambda: store.put_new("a", PAGE), lambda: store.check(write=True), lambda: store.get("a")):
            with pytest.raises(StoreError, match="is the server up, is `endpoint_url` right"):
                attempt()


def test_a_server_that_hangs_is_given_up(proxy: FaultProxy, s3_uri: str) -> None:
    def hang(handler: Any, body: bytes) -> bool:
        time.sleep(0.6)
        handler.hang_up()
        return True

    proxy.always = hang
    with (
        S3Store.from_uri(s3_uri, endpoint_url=proxy.endpoint, attempts=1, read_seconds=0.1) as store,
        pytest.raises(StoreError, match="does not answer in time"),
    ):
        store.put_new("a", PAGE)


@pytest.mark.slow
def test_a_store_outlives_a_killed_server_and_so_does_what_it_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Weed(tmp_path)
    server.start()
    try:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        server.client.create_bucket(Bucket="press")
        with open_store("s3://press", attempts=1) as store:
            kept = [f"html/{number}" for number in range(20)]
            assert all(store.put_new(key, key.encode() * 100) for key in kept)
            server.kill()
            with pytest.raises(StoreError):
                store.put_new("html/20", b"1")
            server.start()
            assert store.put_new("html/20", b"1")
            assert all(store.get(key) == key.encode() * 100 for key in kept)
            assert not store.put_new(kept[0], kept[0].encode() * 100)
            with pytest.raises(NotArchived):
                store.get("html/21")
    finally:
        server.kill()
