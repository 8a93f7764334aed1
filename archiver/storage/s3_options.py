"""What an S3 store can be told. In: a URI, keyword options. Out: bucket, prefix, S3Options. Never: a secret, I/O.

Credentials come from where boto3 finds them (AWS_* variables, a profile, the machine's role), never from a URI.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from archiver.errors import BadInput
from archiver.storage.store import check_key

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_SECRET = re.compile(r"key|secret|token|password|passwd|credential|signature", re.IGNORECASE)
_CURE = (
    "credentials go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or into a profile, never into a URI or an option"
)
_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Options:
    """How to reach the bucket and how to keep objects in it. Each can be a keyword or a query parameter of the URI."""

    endpoint_url: str = ""  # of a server that is not AWS; empty: AWS_ENDPOINT_URL or AWS
    region: str = ""  # empty: AWS_DEFAULT_REGION or the profile's
    profile: str = ""  # a section of ~/.aws/config; empty: AWS_PROFILE or the default
    addressing_style: Literal["auto", "path", "virtual"] = "auto"  # bucket in the path or in the host name
    anonymous: bool = False  # send no credentials: for public archives
    sse: Literal["", "AES256", "aws:kms"] = ""  # encryption at rest; empty: the bucket's own setting
    sse_kms_key_id: str = ""
    storage_class: str = ""  # for example STANDARD_IA
    object_lock_days: int = 0  # retention of what `put_new` stores; the bucket must have Object Lock; 0: none
    object_lock_mode: Literal["GOVERNANCE", "COMPLIANCE"] = "GOVERNANCE"
    connect_seconds: float = 5.0
    read_seconds: float = 20.0
    attempts: int = 3  # in all, for one call; pauses of 0-1, 0-2, 0-4 … s between them
    connections: int = 16  # kept open; more than the threads that use the store
    page_size: int = 1000  # keys in one answer of a listing; S3 gives at most 1,000

    def __post_init__(self) -> None:
        _one_of("addressing_style", self.addressing_style, ("auto", "path", "virtual"))
        _one_of("sse", self.sse, ("", "AES256", "aws:kms"))
        _one_of("object_lock_mode", self.object_lock_mode, ("GOVERNANCE", "COMPLIANCE"))
        if self.sse_kms_key_id and self.sse != "aws:kms":
            raise BadInput("sse_kms_key_id", "only used with sse=aws:kms; set both")
        for name in ("connect_seconds", "read_seconds", "attempts", "connections", "page_size"):
            if getattr(self, name) <= 0:
                raise BadInput(name, "must be more than 0")
        if self.object_lock_days < 0:
            raise BadInput("object_lock_days", "must be 0 (no lock) or more")
        check_endpoint(self.endpoint_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Place:
    """A parsed URI. `name` is it without options, for messages; `uri` has all that were given, and opens it again."""

    name: str
    uri: str
    bucket: str
    prefix: str  # no slash at either end; may be empty
    options: S3Options


def parse(uri: str, **options: object) -> S3Place:
    """Read `s3://bucket[/prefix][?option=value…]`; keyword options win over those in the URI. Raises BadInput."""
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise BadInput("s3://", "this URI cannot be read; write s3://bucket/prefix") from error
    if "@" in parts.netloc:
        raise BadInput("s3://", _CURE)
    if not _BUCKET.fullmatch(parts.netloc) or parts.fragment:
        raise BadInput(f"s3://{parts.netloc}", "not a bucket's URI; write s3://bucket/prefix")
    prefix = parts.path.strip("/")
    if prefix:
        check_key(prefix)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    given = {name: value for name, value in {**query, **options}.items() if value is not None}
    chosen = _options(given)
    name = f"s3://{parts.netloc}" + (f"/{prefix}" if prefix else "")
    return S3Place(
        name=name,
        uri=f"{name}?{_query(given)}" if given else name,
        bucket=parts.netloc,
        prefix=prefix,
        options=chosen,
    )


def check_endpoint(url: str) -> None:
    """Raise BadInput for an endpoint that is no http(s) URL or that holds a user or a password. Empty is fine."""
    if not url:
        return
    parts = urlsplit(url)
    if "@" in parts.netloc or parts.query:
        raise BadInput("endpoint_url", _CURE)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadInput(f"endpoint_url {url}", "not an http(s) URL; write for example http://127.0.0.1:8333")


def _query(given: dict[str, object]) -> str:
    words = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}
    return urlencode(words, safe=":/")


def _options(given: dict[str, object]) -> S3Options:
    defaults = {field.name: field.default for field in fields(S3Options)}
    for name in given:
        if name not in defaults:
            raise BadInput(name, _CURE if _SECRET.search(name) else f"no such option; there are {', '.join(defaults)}")
    values: dict[str, Any] = {name: _coerce(name, value, type(defaults[name])) for name, value in given.items()}
    return S3Options(**values)


def _coerce(name: str, value: object, kind: type) -> object:
    """Make a word from a URI the type of the option: bool, int, float or str."""
    try:
        if kind is bool and isinstance(value, str):
            return _WORDS[value.lower()]
        return kind(value)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(name, f"cannot be {value!r}; it is a {kind.__name__}") from error


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise BadInput(name, f"cannot be {value!r}; choose {', '.join(word for word in allowed if word)}")
