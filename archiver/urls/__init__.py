"""URLs: what we send, what we know a page by, where it belongs. In: URLs. Out: URLs, keys, words. Never: I/O."""

from archiver.errors import BadUrl
from archiver.urls.dates import dated
from archiver.urls.hosts import Address, literal_address, registered_domain
from archiver.urls.identity import authority, canonical, clean, fingerprint, host, join, untracked
from archiver.urls.likelihood import article_likelihood, looks_like_article, looks_like_index
from archiver.urls.paging import page_number, turns_page
from archiver.urls.parsing import MAX_URL, without_credentials
from archiver.urls.scopes import Scope
from archiver.urls.surts import surt
from archiver.urls.twins import is_twin, twin

__all__ = [
    "MAX_URL",
    "Address",
    "BadUrl",
    "Scope",
    "article_likelihood",
    "authority",
    "canonical",
    "clean",
    "dated",
    "fingerprint",
    "host",
    "is_twin",
    "join",
    "literal_address",
    "looks_like_article",
    "looks_like_index",
    "page_number",
    "registered_domain",
    "surt",
    "turns_page",
    "twin",
    "untracked",
    "without_credentials",
]
