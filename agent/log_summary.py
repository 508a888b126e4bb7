"""Summarise the end of Neumann's log. Its text is data: counted, cut and masked, never obeyed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agent.errors import ReadingError
from agent.plain_text import plain, strip_ansi
from agent.protocol import Log

MAX_LOG_BYTES = 256 * 1024
WINDOW_S = 60.0
_MAX_EXCERPTS = 5
_EXCERPT_CHARS = 200

# Matched at the start of the message, except where the real message carries the words further in.
LOG_EVENTS: dict[str, re.Pattern[str]] = {
    "election_started": re.compile(r"^Starting election"),
    "election_won": re.compile(r"^Won election with quorum"),
    "became_leader": re.compile(r"^Became leader"),
    "vote_denied": re.compile(r"^Vote denied"),
    "stepped_down": re.compile(r"^Stepping down"),
    "quorum_lost": re.compile(r"^QUORUM LOST|^Stepping down.*lost quorum contact"),
    "wal_failed": re.compile(r"^WAL persist failed"),
    "tls_failed": re.compile(r"TLS handshake failed"),
    "validation_failed": re.compile(r"^Message validation failed"),
    "member_failed": re.compile(r"^(?:Node marked as failed|Suspicion timeout)"),
}

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:\d*)(?:Z|[+-]\d\d:\d\d)")
# "… INFO tensor_chain::raft: message", "[WARN] message", with or without a prefix of journald or docker.
_HEAD = re.compile(r"^.{0,200}?\[?\b(?:TRACE|DEBUG|INFO|WARN|ERROR)\b\]?\s+(?:[\w:.-]+:\s+)*")
_TERM = re.compile(r"\b(?:new_)?term=(\d{1,18})\b")


@dataclass(frozen=True)
class _Line:
    time: datetime | None
    message: str
    term: int | None
    text: str


def read_log(paths: Sequence[Path]) -> Log:
    """Read and summarise the first of the log files that exists.

    Raises:
        ReadingError: If none exists or it cannot be read.
    """
    for path in paths:
        try:
            return summarise(path, _read_tail(path))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ReadingError(f"{path} cannot be read: {error.strerror}.") from error
    raise ReadingError(f"None of the log files exists: {', '.join(map(str, paths))}.")


def summarise(path: Path, tail: bytes) -> Log:
    """Count events in the `WINDOW_S` before the newest line; text, ANSI and JSON forms may be mixed.

    The newest line is the last one, whatever its time says: the clock may have been stepped in between.
    """
    counts = dict.fromkeys(LOG_EVENTS, 0)
    excerpts: list[str] = []
    terms: list[int] = []
    for line in _window([_parse(raw) for raw in tail.decode(errors="replace").splitlines()]):
        events = [name for name, pattern in LOG_EVENTS.items() if pattern.search(line.message)]
        for name in events:
            counts[name] += 1
        if events and len(excerpts) < _MAX_EXCERPTS:
            excerpts.append(plain(line.text, limit=_EXCERPT_CHARS))
        if line.term is not None:
            terms.append(line.term)
    return Log(
        path=str(path),
        window_s=WINDOW_S,
        bytes_read=len(tail),
        counts=counts,
        highest_term=max(terms, default=None),
        excerpts=tuple(reversed(excerpts)),
    )


def _read_tail(path: Path) -> bytes:
    # Not blocking: a FIFO in the log's place must not hold the agent.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - MAX_LOG_BYTES))
        tail = file.read(MAX_LOG_BYTES)
    # The first line of a cut file is only the end of one.
    return tail.partition(b"\n")[2] if size > MAX_LOG_BYTES else tail


def _window(lines: list[_Line]) -> Iterator[_Line]:
    """Yield the lines from the newest back to the first one that is too old."""
    newest: datetime | None = None
    for line in reversed(lines):
        newest = newest or line.time
        if newest and line.time and (newest - line.time).total_seconds() > WINDOW_S:
            return
        yield line


def _parse(raw: str) -> _Line:
    text = strip_ansi(raw)
    json_start = text.find("{")
    if json_start >= 0 and text.endswith("}"):
        try:
            entry = json.loads(text[json_start:])
        except (ValueError, RecursionError):
            entry = None
        if isinstance(entry, dict):
            return _from_json(entry, text)
    head = _HEAD.match(text)
    term = _TERM.search(text)
    return _Line(
        _time(text[:100]), text[head.end() :] if head else text, int(term[1]) if term else None, text
    )


def _from_json(entry: dict[str, object], text: str) -> _Line:
    inner = entry.get("fields")
    fields = inner if isinstance(inner, dict) else entry
    terms = [value for key in ("new_term", "term") if type(value := fields.get(key)) is int]
    message = fields.get("message", "")
    return _Line(
        _time(str(entry.get("timestamp", ""))[:100]), str(message), terms[0] if terms else None, text
    )


def _time(text: str) -> datetime | None:
    found = _TIME.search(text)
    if found is None:
        return None
    try:
        # Python 3.11 reads at most microseconds; journald's and docker's nanoseconds are cut.
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", found[0]))
    except ValueError:
        return None
