"""The web: an archive served for people and programs. In: an open archive. Out: HTTP. Never: Scrapy, a script, a write
without a token."""

from archiver.web.app import make_app
from archiver.web.serving import serve
from archiver.web.site import Options

__all__ = ["Options", "make_app", "serve"]
