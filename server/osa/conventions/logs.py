"""Structured logs: one JSON object a line on standard error. Facts with their keys, no token.

Here, and not in the server, because slots log too, and slots know conventions only.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
#: What libraries say of each request or statement would drown the rest.
_NOISY = ("alembic", "dbos", "httpx", "httpcore", "rasterio", "uvicorn")


class JsonFormatter(logging.Formatter):
    """The event is the message; what was passed as `extra` stands beside it, and `constants` on
    every line."""

    def __init__(self) -> None:
        super().__init__()
        self.constants: dict[str, object] = {}

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **self.constants,
        }
        line |= {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(level: str) -> JsonFormatter:
    """Send every log of this process there; the formatter's `constants` may be changed later."""
    formatter = JsonFormatter()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    return formatter
