"""Neumann's log: tracing-subscriber's text, coloured text or JSON lines, in a bounded file."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

LogFormat = Literal["text", "ansi", "json"]
Level = Literal["ERROR", "WARN", "INFO", "DEBUG"]
Field = str | int | float | bool

MAX_LOG_BYTES = 4_000_000
COLOURS: dict[Level, int] = {"ERROR": 31, "WARN": 33, "INFO": 32, "DEBUG": 34}


class TracingLog:
    """Writes events the way Neumann's logger prints them; at 4 MB the file becomes `.1`.

    Args:
        path: The log file.
        log_format: How an event is printed.
        now_s: The clock that stamps the lines, in seconds since the epoch.
    """

    def __init__(self, path: Path, log_format: LogFormat, now_s: Callable[[], float]) -> None:
        self._path = path
        self._format = log_format
        self._now_s = now_s
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8")

    def event(self, level: Level, target: str, message: str, **fields: Field) -> None:
        """Write one event; `target` is the module, such as `raft`."""
        stamp = datetime.fromtimestamp(self._now_s(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        line = render(self._format, stamp, level, f"tensor_chain::{target}", message=message, fields=fields)
        with self._lock:
            if self._file.tell() > MAX_LOG_BYTES:
                self._file.close()
                self._path.replace(self._path.with_suffix(".log.1"))
                self._file = self._path.open("a", encoding="utf-8")
            self._file.write(line + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def render(
    log_format: LogFormat, stamp: str, level: Level, target: str, *, message: str, fields: dict[str, Field]
) -> str:
    """Print one event in tracing-subscriber 0.3's default layout."""
    if log_format == "json":
        inner = {"message": message, **fields}
        return json.dumps({"timestamp": stamp, "level": level, "fields": inner, "target": target})
    words = {name: str(value).lower() if isinstance(value, bool) else value for name, value in fields.items()}
    if log_format == "text":
        pairs = "".join(f" {name}={value}" for name, value in words.items())
        return f"{stamp} {level:>5} {target}: {message}{pairs}"
    pairs = "".join(f" \x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m{value}" for name, value in words.items())
    head = f"\x1b[2m{stamp}\x1b[0m \x1b[{COLOURS[level]}m{level:>5}\x1b[0m"
    return f"{head} \x1b[2m{target}\x1b[0m\x1b[2m:\x1b[0m {message}{pairs}"
