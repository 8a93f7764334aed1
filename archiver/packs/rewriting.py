"""Packs made of packs: without something, or of several. In: packs. Out: one pack. Never: a reader that sees half.

The new pack is put first, then its contents, which name those that they replace; then the old packs go, each before its
contents. Who reads meanwhile finds everything in the old ones or in the new one. Stopped anywhere and done again, it
goes on: old contents that are still there, and replaced, say what is left to be deleted (`PackedStore.finish`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from archiver.errors import BadRecord
from archiver.keys import contents_key, pack_of
from archiver.packs.contents import (
    Contents,
    Footer,
    Line,
    Part,
    footer_bytes,
    line_bytes,
    read_contents,
    record_of,
)
from archiver.storage import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A pack that another is made of."""

    contents: str  # key
    pack: str  # key
    data: bytes  # of the contents
    found: Contents


def source(store: Store, contents: str) -> Source:
    """Read a pack's contents. Raises BadRecord where they are damaged: such a pack is left as it is."""
    data = store.get(contents)
    found = read_contents(data)
    if found.why or found.footer is None:
        raise BadRecord(contents, f"{found.why}; restore it, then do it again")
    return Source(contents=contents, pack=found.footer.pack, data=data, found=found)


def without(store: Store, key: str, *, contents: str, pack: str) -> tuple[str, Contents] | None:
    """Write the pack anew without the record or body at `key`; return the new contents, None if nothing is left.

    Of a body its whole answer goes, of a record its line: that is where the article's words are.
    """
    old = source(store, contents)
    data, cut = store.get(pack), 0
    kept: list[tuple[Line, bytes]] = []
    pieces: list[bytes] = []
    last = 0
    for line in old.found.lines:
        record = _record(old, line)
        if line.body is not None and line.body.key == key and line.warc is not None:
            pieces.append(data[last : line.warc.offset])
            last = line.warc.offset + line.warc.length
            end = line.end - cut - line.warc.length
            cut += line.warc.length
            line = replace(line, warc=None, body=None, end=end)
        else:
            line = _moved(line, -cut)
        if line.key == key:
            line, record = replace(line, key=""), b""  # its body may be another record's too
        if line.key or line.body:
            kept.append((line, record))
    pieces.append(data[last:])
    new = _written(store, b"".join(pieces), kept, instead_of=old) if kept else None
    discard(store, contents)
    return new


def join(store: Store, sources: Sequence[Source]) -> str:
    """Make one pack of several of one collection, the copying done by the store where it can; return its contents' key.

    Its name is made of its parts' digests, each of which the last line keeps: nothing need be read for that.
    """
    parts = [part for one in sources if one.found.footer for part in one.found.footer.parts]
    size = sum(part.size for part in parts)
    digest = hashlib.sha256("".join(part.sha256 for part in parts).encode()).hexdigest()
    key = _renamed(sources[0].pack, digest)
    lines, moved = [], 0
    for one in sources:
        assert one.found.footer is not None
        for line in one.found.lines:
            lines.append(line_bytes(_moved(line, moved), _record(one, line)))
        moved += one.found.footer.size
    footer = Footer(
        pack=key, size=size, parts=tuple(parts), lines=len(lines), replaces=tuple(one.contents for one in sources)
    )
    store.join(key, [one.pack for one in sources], media_type="application/warc")
    new = contents_key(key)
    store.put_new(new, b"".join(lines) + footer_bytes(footer), media_type="application/gzip")
    for one in sources:
        discard(store, one.contents)
    return new


def discard(store: Store, contents: str) -> None:
    """Delete a pack, then its contents: they are what is known of it, so they go last."""
    store.delete(pack_of(contents))
    store.delete(contents)


def _moved(line: Line, by: int) -> Line:
    return replace(
        line,
        warc=line.warc and replace(line.warc, offset=line.warc.offset + by),
        body=line.body and line.body.moved(by),
        end=line.end + by,
    )


def _record(one: Source, line: Line) -> bytes:
    """The record of a line; empty where only the body is left."""
    return record_of(one.data[line.at : line.at + line.long], line.key) if line.key else b""


def _renamed(pack: str, digest: str) -> str:
    """The key of a pack that begins where the one at `pack` does."""
    return f"{pack.rpartition('-')[0]}-{digest[:16]}.warc.gz"


def _written(
    store: Store, data: bytes, lines: Sequence[tuple[Line, bytes]], *, instead_of: Source
) -> tuple[str, Contents]:
    digest, listed = hashlib.sha256(data).hexdigest(), b"".join(line_bytes(*one) for one in lines)
    name = hashlib.sha256(digest.encode() + listed).hexdigest()  # the same pack may have fewer lines now
    key = _renamed(instead_of.pack, name)
    footer = Footer(
        pack=key,
        size=len(data),
        parts=(Part(sha256=digest, size=len(data)),),
        lines=len(lines),
        replaces=(instead_of.contents,),
    )
    listed += footer_bytes(footer)
    store.put_new(key, data, media_type="application/warc")
    store.put_new(contents_key(key), listed, media_type="application/gzip")
    return contents_key(key), read_contents(listed)
