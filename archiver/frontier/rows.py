"""Values of the ledger as columns of a table. In: rows. Out: leases; and what is known, as JSON. Never: queries."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from archiver.frontier import Known, Lease
from archiver.model import Announced

FACTS = (
    "final_url",
    "status",
    "record",
    "record_sha256",
    "record_size",
    "body",
    "body_sha256",
    "body_size",
)  # what the ledger notes about a closed URL


def lease_of(row: Any) -> Lease:
    """A lease from the columns that a claim selects."""
    fp, url, host, role, epoch, tries, hops, via, seed, known, said = row
    return Lease(
        fp=fp,
        url=url,
        host=host,
        role=role,
        epoch=epoch,
        tries=tries,
        hops=hops,
        via=via,
        seed=bool(seed),
        known=known and _read(known),
        announced=said and Announced(**_plain(said)),
    )


def to_text(value: Known | Announced) -> str:
    """What is known or announced, as JSON; what is absent is left out."""
    values = {one.name: getattr(value, one.name) for one in fields(value)}
    return json.dumps({name: value for name, value in values.items() if value}, separators=(",", ":"))


def _read(stored: Any) -> Known:
    values = _plain(stored)
    return Known(**{**values, "items": tuple(values.get("items", ()))})


def _plain(stored: Any) -> dict[str, Any]:
    """JSON as its driver gives it: as text, or read already."""
    values: dict[str, Any] = json.loads(stored) if isinstance(stored, str) else stored
    return values
