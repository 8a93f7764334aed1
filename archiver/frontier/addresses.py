"""Addresses of shared ledgers. In: a URL. Out: whether it is one, and how it may be shown. Never: I/O, drivers."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from archiver.errors import BadInput
from archiver.urls import without_credentials

SCHEMES = ("postgresql", "postgres")
SECRETS = frozenset({"password", "passfile", "sslpassword", "sslkey", "user"})


def checked(url: str) -> str:
    """The address of a shared ledger as given. Raises BadInput for one of another kind."""
    if "@" in url.partition("://")[2].partition("/")[2].partition("?")[0]:
        raise BadInput(
            "frontier", "a password with / ? or # in it is written %2F, %3F, %23; better, give it as PGPASSWORD"
        )
    if urlsplit(url).scheme not in SCHEMES:
        raise BadInput(f"frontier {shown(url)}", "write postgresql://host/database; without one, SQLite keeps the job")
    return url


def shown(url: str) -> str:
    """The address for logs, messages and papers: no user, no password, wherever in it they stand."""
    parts = urlsplit(without_credentials(url))
    query = urlencode(
        [(name, value) for name, value in parse_qsl(parts.query) if name.lower() not in SECRETS], safe="/"
    )
    text = urlunsplit(parts._replace(query=query, fragment=""))
    return text if "://" in text else f"{parts.scheme}://{parts.path}{f'?{query}' if query else ''}"
