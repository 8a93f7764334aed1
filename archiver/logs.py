"""Logs: one JSON object a line, for whoever collects them. In: log records. Out: lines on stderr. Never: secrets."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

FORMATS = ("text", "json")


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: `time` (RFC 3339, UTC), `level`, `logger`, `message`, and `exception` if any."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)  # ASCII: what a page's title holds cannot break a line or drive a terminal


def speak_json(level: str | int = logging.INFO, *, others: str | int | None = None) -> None:
    """From now on this process logs JSON to stderr, from `level` up; what libraries say only from `others` up."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    handler.setLevel(level)
    logging.root.addHandler(handler)
    logging.root.setLevel(handler.level)
    if others is not None:
        logging.root.setLevel(others)
        logging.getLogger("archiver").setLevel(handler.level)


def in_json() -> bool:
    """Whether this process logs JSON."""
    return any(isinstance(one.formatter, JsonFormatter) for one in logging.root.handlers)
