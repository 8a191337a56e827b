"""Structured logging: with `FER_LOG=json` every log line is one JSON object.

with context(dataset="faces", run="0041-compact"):
    logging.getLogger("fer").warning("slow")        # {"time": ..., "message": "slow", "dataset": "faces", "run": ...}
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

FIELDS = ("request", "dataset", "run")
_known: ContextVar[dict[str, str]] = ContextVar("fer-log", default={})  # noqa: B039 (never changed)


@contextmanager
def context(**fields: str) -> Iterator[None]:
    """Add these fields to every line this thread logs in the block; empty ones are left out."""
    token = _known.set(_known.get() | {name: value for name, value in fields.items() if value})
    try:
        yield
    finally:
        _known.reset(token)


class JsonLines(logging.Formatter):
    """Format a record as JSON: `time` (UTC), `level`, `logger`, `message`, the known `FIELDS`, `trace` of an error."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_known.get(),
        }
        line |= {name: value for name in FIELDS if (value := getattr(record, name, ""))}
        if record.exc_info and record.exc_info[1] is not None:
            line["trace"] = "".join(traceback.format_exception(record.exc_info[1]))
        return json.dumps(line, ensure_ascii=False, default=str)


def is_enabled() -> bool:
    """Whether `FER_LOG=json` is set."""
    return os.environ.get("FER_LOG") == "json"


def configure() -> None:
    """If enabled, write all logs of this process as JSON lines to standard error; safe to call twice."""
    if not is_enabled():
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("", *(known for known in logging.root.manager.loggerDict)):
        logger = logging.getLogger(name)
        if logger.handlers or not name:
            logger.handlers = [handler] if not name else []
            logger.propagate = True
    logging.getLogger("fer").setLevel(logging.INFO)
