"""Summarise the end of Neumann's log. Its text is data: counted, cut and masked, never obeyed."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from agent.errors import ReadingError
from agent.protocol import Log
from agent.readings.log_events import LOG_EVENTS, caller_in, events_in, term_in
from agent.readings.log_lines import LogLine, parse_line
from agent.sanitize import plain

MAX_LOG_BYTES = 256 * 1024
WINDOW_S = 60.0
_STEP_S = 1.0
"""Lines of several threads may change places, but not by so much."""
_MAX_EXCERPTS = 5
_EXCERPT_CHARS = 200


def read_log(paths: Sequence[Path], *, own_hosts: Collection[str] = ()) -> Log:
    """Read and summarise the first of the log files that exists.

    Args:
        paths: Where to look, in this order.
        own_hosts: Addresses of this node, from which the agent alone connects to it.

    Raises:
        ReadingError: If none exists or it cannot be read.
    """
    for path in paths:
        try:
            tail, written_s = _read_tail(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ReadingError(f"{path} cannot be read: {error.strerror}.") from error
        # Both times are this node's wall clock, which may have been stepped back since the last line (the
        # file then seems to come from the future) or ahead (it seems silent for longer than it is).
        return summarise(path, tail, silent_s=max(0.0, time.time() - written_s), own_hosts=own_hosts)
    raise ReadingError(f"None of the log files exists: {', '.join(map(str, paths))}.")


def summarise(
    path: Path, tail: bytes, *, silent_s: float | None = None, own_hosts: Collection[str] = ()
) -> Log:
    """Count events in the `WINDOW_S` before the newest line; text, ANSI and JSON forms may be mixed.

    The newest line is the last one, whatever its time says: the clock may have been stepped in between.

    Args:
        path: The file, for the record.
        tail: Its end, in whole lines.
        silent_s: For how long it has not been written, where that is known.
        own_hosts: Addresses whose connections are no peer's: what the log says of them counts nothing.
    """
    counts = dict.fromkeys(LOG_EVENTS, 0)
    excerpts: list[str] = []
    terms: list[int] = []
    # Not splitlines(): it also breaks at characters that a message may quote.
    for line in _window([parse_line(raw) for raw in tail.decode(errors="replace").split("\n")]):
        events = () if caller_in(line.message) in own_hosts else events_in(line.message)
        for name in events:
            counts[name] += 1
        if events and len(excerpts) < _MAX_EXCERPTS:
            excerpts.append(plain(line.text, limit=_EXCERPT_CHARS))
        if (term := term_in(line.message)) is not None:
            terms.append(term)
    return Log(
        path=str(path),
        window_s=WINDOW_S,
        bytes_read=len(tail),
        counts=counts,
        highest_term=max(terms, default=None),
        excerpts=tuple(reversed(excerpts)),
        silent_s=silent_s,
    )


def _read_tail(path: Path) -> tuple[bytes, float]:
    """Return the file's end, and when it was last written in seconds since the epoch."""
    # Not blocking: a FIFO in the log's place must not hold the agent.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - MAX_LOG_BYTES))
        tail = file.read(MAX_LOG_BYTES)
        written_s = os.fstat(file.fileno()).st_mtime
    # The first line of a cut file is only the end of one.
    return (tail.partition(b"\n")[2] if size > MAX_LOG_BYTES else tail), written_s


def _window(lines: list[LogLine]) -> Iterator[LogLine]:
    """Yield the lines from the newest back to the first one that is too old.

    Where the clock was put back, the line before bears a later time: from there on the rest of the window is
    counted by the clock as it was.
    """
    newest: datetime | None = None
    later: datetime | None = None
    since_step_s = 0.0
    for line in reversed(lines):
        if line.time:
            if newest and later and (line.time - later).total_seconds() > _STEP_S:
                since_step_s += (newest - later).total_seconds()
                newest = line.time
            newest, later = newest or line.time, line.time
            if since_step_s + (newest - line.time).total_seconds() > WINDOW_S:
                return
        yield line
