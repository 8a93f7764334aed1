"""The boto3 client, tuned, and the clock it signs by. In: S3Options. Out: a client. Never: a secret in an error."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import boto3
import botocore
from botocore.auth import AUTH_TYPE_MAPS, SIGV4_TIMESTAMP, S3SigV4Auth
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

from archiver.errors import BadInput
from archiver.storage.s3_options import S3Options, check_endpoint

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SKEW = timedelta(minutes=5)  # S3 refuses at 15; a clock this wrong is worth one more try
_SIGNER = "newsvault-s3v4"
_OFFSET = "newsvault_clock_offset"


def make_client(options: S3Options) -> S3Client:
    """Make one client, to be shared by all threads. Reads configuration files; asks no server."""
    try:
        session = boto3.session.Session(profile_name=options.profile or None, region_name=options.region or None)
        client = session.client("s3", endpoint_url=options.endpoint_url or None, config=_config(options))
    except ProfileNotFound as error:
        raise BadInput(
            f"profile {options.profile}", "no such profile; `aws configure list-profiles` names them"
        ) from error
    except (BotoCoreError, ValueError) as error:
        raise BadInput("S3 options", f"{type(error).__name__}; check endpoint_url, region and ~/.aws/config") from error
    check_endpoint(client.meta.endpoint_url)  # it may come from AWS_ENDPOINT_URL
    return client


def _config(options: S3Options) -> Config:
    return Config(
        signature_version=botocore.UNSIGNED if options.anonymous else None,
        connect_timeout=options.connect_seconds,
        read_timeout=options.read_seconds,
        max_pool_connections=options.connections,
        tcp_keepalive=True,
        retries={"mode": "standard", "total_max_attempts": options.attempts},
        s3={"addressing_style": options.addressing_style},
        request_checksum_calculation="when_required",  # we send sha256 ourselves; no second checksum
        response_checksum_validation="when_required",  # we compare sha256 ourselves, with better words
    )


class ServerClock:
    """Signs by the server's clock once ours proved wrong.

    S3 refuses signatures more than 15 minutes old or early (RequestTimeTooSkewed); botocore does not correct for that
    (seen in 1.44: the server's Date only bounds its retries). 50 of 60 pages were lost when a clock jumped two hours.
    """

    def __init__(self, client: S3Client) -> None:
        self.offset = timedelta(0)  # the server's clock minus ours
        client.meta.events.register_first("choose-signer.s3", self._choose_signer)

    def learn(self, error: ClientError) -> bool:
        """Read the Date of a refusal (403); True if the clocks differ by more than we knew: then try once more."""
        meta = error.response.get("ResponseMetadata", {})
        date = meta.get("HTTPHeaders", {}).get("date")
        if meta.get("HTTPStatusCode") != 403 or not date:
            return False
        try:
            offset = parsedate_to_datetime(date).astimezone(UTC) - datetime.now(UTC)
        except ValueError:
            return False
        if abs(offset - self.offset) < _SKEW:
            return False
        self.offset = offset
        return True

    def _choose_signer(self, signature_version: Any, context: dict[str, Any], **_: Any) -> Any:
        if not self.offset or signature_version not in ("v4", "s3v4"):
            return None  # botocore's own choice
        context[_OFFSET] = self.offset
        return _SIGNER


class _ShiftedAuth(S3SigV4Auth):
    """Signature version 4, dated by the server's clock."""

    def _modify_request_before_signing(self, request: Any) -> None:  # called by add_auth, right after it takes the time
        request.context["timestamp"] = (datetime.now(UTC) + request.context[_OFFSET]).strftime(SIGV4_TIMESTAMP)
        super()._modify_request_before_signing(request)  # type: ignore[misc]  # not in the stubs


AUTH_TYPE_MAPS[_SIGNER] = _ShiftedAuth  # botocore's register of signers; a name of our own, chosen only by ServerClock
