"""Rounds: how a crawl begins and ends. In: ledger, archive. Out: a name, a crawl log, a manifest. Never: fetching.

Begin: take back what a crash left, ask the archive which of those records were written, enter the seeds.
End: say for every URL what became of it, and list every object with its digest.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from archiver.catalog import Query
from archiver.crawl.following import fp_of
from archiver.crawl.papers import log_of, media_type, papers
from archiver.crawl.schedule import after_page
from archiver.errors import BadInput, BadRecord, BadUrl, NotArchived, StoreError
from archiver.fixity import Entry, write_manifest
from archiver.frontier import Found, Intent, Line, Outcome
from archiver.frontier.places import LOG
from archiver.generations.parts import join_parts
from archiver.model import Verdict
from archiver.record import from_json
from archiver.urls import authority

if TYPE_CHECKING:
    from archiver.crawl.running import RunningCrawl
    from archiver.crawl.state import State
    from archiver.frontier.ledger import Ledger


CURES = {
    "bad_scheme": "only http:// and https:// can be archived",
    "bad_url": "write https://host/path",
    "too_long": "URLs of more than 2,000 characters are not asked for",
}


def new_crawl_id() -> str:
    """A crawl's name: when it began, and four digits by chance, for those that begin in the same second."""
    return f"{datetime.now(UTC):%Y%m%dt%H%M%Sz}-{secrets.token_hex(2)}"


async def begin_round(running: RunningCrawl, state: State, seeds: list[tuple[Found, str | None]], rules: str) -> str:
    """Resume the unfinished round or begin the next. Return the crawl's name."""
    ledger = running.ledger
    wanted, everything = running.options.crawl or new_crawl_id(), running.options.recrawl == "always"
    crawl = await ledger(lambda one: one.begin(wanted, everything=everything, rules=rules, age=running.age))
    if (await ledger(lambda one: one.standing())).complete:  # others did it all since we were started
        return crawl
    if state.fresh or state.ledger.was_damaged:
        if state.ledger.was_damaged:
            running.log.warning(
                "the ledger was damaged; it is set aside in %s and made anew from the archive", state.folder
            )
        await _adopt(running, this_round=state.ledger.was_damaged)
    else:
        await running.sharing.settle()
    if state.ledger.forgot:
        kept = [found for found, _ in await running.in_thread(lambda: list(_kept(running)))]
        await ledger(lambda one: one.add(kept))
    await ledger(lambda one: one.add([found for found, _ in seeds]))
    bad = [(found, problem) for found, problem in seeds if problem is not None]
    for found, problem in bad:
        await ledger(partial(_settle_one, fp=found.fp, outcome=Outcome.FAILED, reason=problem, facts={}))
        running.log.warning(
            "cannot be asked for: %s (%s: %s)", ascii(found.url), problem, CURES.get(problem, "see the docs")
        )
    if seeds and len(bad) == len(seeds):
        running.problem = BadInput(ascii(bad[0][0].url), f"{bad[0][1]}: {CURES.get(bad[0][1], 'see the docs')}")
    return crawl


async def settle_crashed(running: RunningCrawl) -> None:
    """Records that were on their way when the crawl died: those that arrived are done, the others are fetched again."""
    for intent in await running.ledger(lambda one: one.recover()):
        facts = await running.in_thread(partial(_written, running, intent))
        if facts is not None:
            await running.ledger(
                partial(_settle_one, fp=intent.fp, outcome=intent.outcome, reason=intent.reason, facts=facts)
            )


def _settle_one(one: Ledger, *, fp: int, outcome: str, reason: str, facts: dict[str, Any]) -> None:
    one.settle(fp, outcome, reason, **facts)


def _written(running: RunningCrawl, intent: Intent) -> dict[str, Any] | None:
    """What the ledger notes about the intended record, if it arrived whole."""
    key = intent.record_key
    try:
        data = running.archive.store.get(key)
        record = from_json(data, key)
    except (NotArchived, BadRecord):
        return None
    after = after_page(
        running.options.recrawl, record, seed=intent.seed, outcome=intent.outcome, reason=intent.reason, before=None
    )
    return {
        **_measured(running, key, record.html.key if record.html else None),
        "final_url": record.url,
        "status": record.capture.status,
        "known": after.known,
        "again": after.again,
    }


def _measured(running: RunningCrawl, record: str, body: str | None) -> dict[str, Any]:
    """Digest and size of objects as they are stored. Raises NotArchived."""
    store = running.archive.store
    data = store.get(record)
    facts: dict[str, Any] = {
        "record": record,
        "record_sha256": hashlib.sha256(data).hexdigest(),
        "record_size": len(data),
    }
    if body is not None:
        packed = store.get(body)
        facts |= {"body": body, "body_sha256": hashlib.sha256(packed).hexdigest(), "body_size": len(packed)}
    return facts


async def _adopt(running: RunningCrawl, *, this_round: bool) -> None:
    """A new or lost ledger learns from the archive what is kept already, so that nothing is fetched for it twice."""
    entries = await running.in_thread(lambda: list(_kept(running)))
    if entries:
        await running.ledger(lambda one: one.adopt(entries, this_round=this_round))
        running.log.info("the archive keeps %d articles of this collection already", len(entries))


def _kept(running: RunningCrawl) -> Iterator[tuple[Found, dict[str, Any]]]:
    running.archive.sync()
    kinds = (Query(collection=running.options.collection, verdict=str(one)) for one in (Verdict.ARTICLE, Verdict.PART))
    for row in chain.from_iterable(map(running.archive.catalog.find, kinds)):
        with suppress(BadUrl):  # one that cannot be asked for again either
            url = row.requested_url or row.url
            outcome = Outcome.REPEATED if row.repeats else Outcome.ARCHIVED
            facts = {"outcome": outcome, "reason": "", "final_url": row.url, "status": row.status, "body": row.body_key}
            facts |= {"record": row.record_key, "record_sha256": row.record_sha256}
            yield Found(fp=fp_of(url), url=url, host=authority(url)), facts


async def end_round(running: RunningCrawl) -> None:
    """Write the crawl log and the manifest; close the round if nothing is left."""
    assert running.state is not None
    running.counts = counts = await running.ledger(lambda one: one.counts())
    standing = await running.ledger(lambda one: one.standing())
    if not await running.ledger(lambda one: one.is_last()) or (standing.complete and running.state.ledger.is_shared):
        return  # another worker writes the papers, or has written them
    lines = await running.ledger(lambda one: list(one.lines()))
    if any(line.record for line in lines) and not isinstance(running.problem, StoreError):
        await running.in_thread(partial(_join, running))
    log = log_of(lines)
    (running.state.folder / LOG).write_bytes(log)
    if any(line.record for line in lines) and not isinstance(running.problem, StoreError):
        events = await running.ledger(lambda one: one.events(since=standing.began))
        write = partial(papers, running, log, lines, counts=counts, events=events, job=standing.name)
        await running.in_thread(lambda: _publish(running, write(), lines))
    if counts.pending == counts.leased == 0:
        await running.ledger(lambda one: one.complete())


def _join(running: RunningCrawl) -> None:
    """Make articles of several pages whole. What cannot be joined stays as its pages were read."""
    try:
        if running.state is not None and running.state.ledger.is_shared:
            running.archive.sync()  # other workers captured pages, too
        whole = join_parts(running.archive, crawl=running.crawl_id, collection=running.options.collection)
    except (BadRecord, NotArchived, StoreError) as error:
        running.log.warning("articles of several pages are not joined: %s", error)
    else:
        if whole:
            running.log.info("%d articles of several pages are joined", whole)


def _publish(running: RunningCrawl, files: Mapping[str, bytes], lines: list[Line]) -> None:
    """Keep the crawl's papers and its manifest beside the records."""
    store, entries = running.archive.store, []
    for key, data in files.items():
        store.put_new(key, data, media_type=media_type(key))
        entries.append(Entry(key=key, kind="file", sha256=hashlib.sha256(data).hexdigest(), size=len(data)))
    for line in lines:
        entries += _entries(running, line)
    write_manifest(store, running.crawl_id, entries)


def _entries(running: RunningCrawl, line: Line) -> list[Entry]:
    """The manifest's entries for one URL. What was adopted from the archive is measured now."""
    if line.record is None:
        return []
    sizes: dict[str, Any] = {
        name: getattr(line, name) for name in ("record_sha256", "record_size", "body_sha256", "body_size")
    }
    if line.record_size is None or (line.body and line.body_size is None):
        try:
            sizes |= _measured(running, line.record, line.body)
        except NotArchived as error:
            running.log.warning("not in the manifest: %s", error)
            return []
    digest, size = sizes["record_sha256"], sizes["record_size"]
    entries = [Entry(key=line.record, kind="record", sha256=digest, size=size, url=line.final_url, body=line.body)]
    if line.body:
        entries.append(Entry(key=line.body, kind="body", sha256=sizes["body_sha256"], size=sizes["body_size"]))
    return entries
