"""What botocore says, in our words. In: its exception. Out: an ArchiveError with a cure. Never: a key or a token."""

from __future__ import annotations

import re

from botocore import exceptions as boto
from botocore.exceptions import ClientError

from archiver.errors import ArchiveError, BadInput, KeyTaken, NotArchived, StoreDenied, StoreError, StoreFull

_ROLE = "ask the bucket's owner for the right, or use other credentials"
_SET = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or name a profile"
_DENIED = {
    "InvalidAccessKeyId": f"the server does not know this access key; {_SET}",
    "SignatureDoesNotMatch": f"the secret key does not fit the access key; {_SET}",
    "ExpiredToken": "the session token has expired; sign in again",
    "InvalidToken": "the session token is not valid; sign in again",
    "RequestTimeTooSkewed": "this machine's clock is wrong; set it (for example with `timedatectl set-ntp true`)",
    "RequestExpired": "this machine's clock is wrong; set it (for example with `timedatectl set-ntp true`)",
    "AllAccessDisabled": f"access to this bucket is disabled; {_ROLE}",
    "AccountProblem": "there is a problem with the account; ask the server's operator",
    "400": "refused without a reason; the session token may have expired, or the region is wrong (option `region`)",
    "401": f"access denied; {_ROLE}",
    "403": f"access denied; {_ROLE}",
}
_COLD = "this object is in cold storage; restore it first (`aws s3api restore-object`)"
_REGION = "the bucket is in another region; set the option `region` or AWS_DEFAULT_REGION"
_OTHER = {
    "InvalidObjectState": _COLD,
    "PermanentRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "NotImplemented": "the server cannot do what we need (If-None-Match: *, SHA-256 checksums); use a newer server",
}
_NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.TokenRetrievalError,
    boto.NoAuthTokenError,
    boto.SSOError,
)
_UNREACHABLE = (boto.ConnectionError, boto.HTTPClientError)


def translate(error: Exception, *, uri: str, bucket: str, key: str) -> ArchiveError:
    """Return our error for one of botocore's; `key` is the caller's key, empty where the bucket itself was asked."""
    if isinstance(error, ClientError):
        return _from_answer(error, uri=uri, bucket=bucket, key=key)
    if isinstance(error, _NO_CREDENTIALS):
        return StoreDenied(uri, f"no usable credentials; {_SET}, or set the option `anonymous` for a public archive")
    if isinstance(error, boto.SSLError):
        return StoreError(uri, "no secure connection (TLS); check the endpoint and its certificate (AWS_CA_BUNDLE)")
    if isinstance(error, (boto.ReadTimeoutError, boto.ConnectTimeoutError)):
        return StoreError(uri, "the server does not answer in time; it may be overloaded or out of reach")
    if isinstance(error, _UNREACHABLE):
        return StoreError(uri, f"no connection ({type(error).__name__}); is the server up, is `endpoint_url` right?")
    if isinstance(error, (boto.ParamValidationError, boto.InvalidDNSNameError)):
        return BadInput(uri, "S3 does not take this bucket, key or option")
    return StoreError(uri, f"boto3 failed with {type(error).__name__}")


def code_of(error: ClientError) -> tuple[str, int]:
    """Return S3's error code and the HTTP status. An answer without a body (HEAD) has its status as its code."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error.response.get("Error", {}).get("Code", str(status)), status


def _from_answer(error: ClientError, *, uri: str, bucket: str, key: str) -> ArchiveError:
    code, status = code_of(error)
    if code == "NoSuchBucket" or (status == 404 and not key):
        return BadInput(f"s3://{bucket}", f"no such bucket; create it with `aws s3 mb s3://{bucket}`")
    if status == 404:
        return NotArchived(key)
    if status == 412 or code == "ConditionalRequestConflict":
        return KeyTaken(key)
    if status == 507 or code == "InsufficientStorage" or "quota" in code.lower() or "storagefull" in code.lower():
        return StoreFull(uri, f"no room left ({code}); free some or raise the quota")
    if code in _OTHER:
        return StoreError(uri, _OTHER[code])
    if code in _DENIED:
        return StoreDenied(uri, _DENIED[code])
    if status in (401, 403):
        return StoreDenied(uri, f"access denied ({_said(error)}); {_ROLE}")
    return StoreError(uri, f"the server answered {status} {code} ({_said(error)})")


def _said(error: ClientError) -> str:
    """One printable line of the server's message. Long runs of key material, should it echo any, are cut out."""
    line = " ".join(error.response.get("Error", {}).get("Message", "no reason given").split())[:200]
    return re.sub(r"[A-Za-z0-9+/=]{32,}", "…", "".join(char for char in line if char.isprintable()))
