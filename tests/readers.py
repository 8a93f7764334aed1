"""Readers for the workers' tests: each misbehaves in one way. In: a capture. Out: a reading, if at all."""

from __future__ import annotations

import os
import signal
import time

from archiver.extraction import read
from archiver.model import Capture, Link, Reading, Verdict


def quick(capture: Capture) -> Reading:
    """Read nothing; say in evidence which process did it."""
    return Reading(verdict=Verdict.INDEX, evidence=(str(os.getpid()),), engine="quick")


def by_body(capture: Capture) -> Reading:
    """Do what the body says."""
    match capture.body.decode().split()[0]:
        case "sleep":
            time.sleep(60)
        case "burn":
            while True:
                pass
        case "eat":
            _ = [bytearray(1 << 20) for _ in range(1 << 20)]
        case "die":
            os._exit(3)
        case "raise":
            raise ValueError("no such page")
        case "print":
            print("this is no frame", flush=True)
            os.write(1, b"nor is this")
    return quick(capture)


def linking(capture: Capture) -> Reading:
    """Find each line of the body as a link."""
    links = tuple(Link(url=line, text="t" * 500) for line in capture.body.decode().splitlines())
    return Reading(verdict=Verdict.INDEX, links=links)


def echoing(capture: Capture) -> Reading:
    """Say what arrived."""
    told = (capture.url, str(capture.status), capture.captured_at.isoformat(), *map(repr, capture.headers))
    return Reading(verdict=Verdict.INDEX, evidence=told, flags=("\ud800",))


def poisonous(capture: Capture) -> Reading:
    """Read as ever; some pages kill who reads them."""
    if b"poison" in capture.body:
        os.kill(os.getpid(), signal.SIGKILL)
    return read(capture)
