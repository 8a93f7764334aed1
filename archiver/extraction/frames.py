"""Frames: how crawler and worker talk over a pipe. In: a JSON head and a body. Out: bytes. Never: pickle.

4 bytes length of the head, 8 bytes length of the body (big endian), the head as JSON, the body
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

from archiver.bodies import pack, sha1_base32, sha256_hex

SIZES = struct.Struct(">IQ")
Head = Mapping[str, Any]
Answer = tuple[dict[str, Any], bytes]


def packed(head: Head, body: bytes = b"") -> bytes:
    """One frame."""
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return SIZES.pack(len(text), len(body)) + text + body


def head_of(text: bytes) -> dict[str, Any]:
    """The head that `packed` wrote."""
    head: dict[str, Any] = json.loads(text.decode("utf-8", "surrogatepass"))
    return head


def read_frame(pipe: BinaryIO) -> Answer | None:
    """The next frame of a blocking pipe; None at its end, also where it ends within a frame."""
    sizes = pipe.read(SIZES.size)
    if len(sizes) < SIZES.size:
        return None
    head_size, body_size = SIZES.unpack(sizes)
    text, body = pipe.read(head_size), pipe.read(body_size)
    return (head_of(text), body) if len(text) == head_size and len(body) == body_size else None


def sealed(body: bytes) -> Answer:
    """What is kept of a page even if nobody can read it: its digests, and its gzip ("" for an empty body)."""
    return {"sha256": sha256_hex(body), "sha1": sha1_base32(body), "size": len(body)}, pack(body) if body else b""
