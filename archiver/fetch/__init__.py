"""Fetch room: one URL, fetched honestly. In: a URL. Out: an Exchange. Never: Scrapy, redirects, cookies, retries."""

from __future__ import annotations

from archiver.fetch.client import Client
from archiver.fetch.decode import inflate_if_gzip
from archiver.fetch.exchange import FLAGS, Exchange, Limits
from archiver.fetch.guard import Address, Destination, Guard
from archiver.fetch.robots import Robots, RobotsVerdict

__all__ = [
    "FLAGS",
    "Address",
    "Client",
    "Destination",
    "Exchange",
    "Guard",
    "Limits",
    "Robots",
    "RobotsVerdict",
    "inflate_if_gzip",
]
