"""Summarise the end of Neumann's log. Its text is data: counted, cut and masked, never obeyed."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from agent.errors import NoLogFileError, ReadingError
from agent.protocol import Log
from agent.readings.log_events import LOG_EVENTS, caller_in, events_in, events_in_last_words, term_in
from agent.readings.log_lines import LogLine, parse_line
from shared.sanitize import plain

MAX_LOG_BYTES = 256 * 1024
WINDOW_S = 60.0
_STEP_S = 1.0
"""Lines of several threads may change places, but not by so much."""
_MAX_STEPS_BACK = 3
"""In one minute nobody puts a clock back more often."""
_MAX_EXCERPTS = 5
_EXCERPT_CHARS = 200


def read_log_file(paths: Sequence[Path], *, own_hosts: Collection[str] = ()) -> Log:
    """Read and summarise the first of the log files that exists.

    Args:
        paths: Where to look, in this order.
        own_hosts: Addresses of this node, from which the agent alone connects to it.

    Raises:
        NoLogFileError: If none exists.
        ReadingError: If it cannot be read.
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
    raise NoLogFileError(f"None of the log files exists: {', '.join(map(str, paths))}.")


def summarise(
    path: Path, tail: bytes, *, silent_s: float | None = None, own_hosts: Collection[str] = ()
) -> Log:
    """Summarise the end of a file; text, ANSI and JSON forms may be mixed.

    The newest line is the last one, whatever its time says: the clock may have been stepped in between.

    Args:
        path: The file, for the record.
        tail: Its end, in whole lines.
        silent_s: For how long it has not been written, where that is known.
        own_hosts: Addresses whose connections are no peer's: what the log says of them counts nothing.
    """
    # Not splitlines(): it also breaks at characters that a message may quote.
    lines = [parse_line(raw) for raw in tail.decode(errors="replace").split("\n")]
    window = _window(lines)
    return summarise_lines(str(path), window, bytes_read=len(tail), silent_s=silent_s, own_hosts=own_hosts)


def summarise_lines(
    path: str,
    newest_first: Iterable[LogLine],
    *,
    bytes_read: int,
    silent_s: float | None,
    own_hosts: Collection[str] = (),
) -> Log:
    """Count the events in these lines of the last `WINDOW_S`, and keep the newest that tell of any."""
    counts = dict.fromkeys(LOG_EVENTS, 0)
    excerpts: list[str] = []
    terms: list[int] = []
    is_last = True
    for line in newest_first:
        events = () if caller_in(line.message) in own_hosts else events_in(line.message)
        # Anywhere else a line without a level may be what a message quotes.
        events = events_in_last_words(line.bare) if is_last and line.bare else events
        is_last = is_last and not line.text.strip()
        for name in events:
            counts[name] += 1
        if events and len(excerpts) < _MAX_EXCERPTS:
            excerpts.append(plain(line.text, limit=_EXCERPT_CHARS))
        if (term := term_in(line.message)) is not None:
            terms.append(term)
    return Log(
        path=path,
        window_s=WINDOW_S,
        bytes_read=bytes_read,
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

    Time is added up from line to line. Where the clock was put back, the line before bears a later time:
    nothing is known to have passed between the two. A file whose times go back again and again is in no order
    of time, and no more of it is counted.
    """
    later: datetime | None = None
    age_s, steps_back = 0.0, 0
    for line in reversed(lines):
        if line.time:
            passed_s = (later - line.time).total_seconds() if later else 0.0
            steps_back += passed_s < -_STEP_S
            # Between lines of several threads that changed places time has passed too.
            age_s += 0.0 if passed_s < -_STEP_S else abs(passed_s)
            if age_s > WINDOW_S or steps_back > _MAX_STEPS_BACK:
                return
            later = line.time
        yield line
