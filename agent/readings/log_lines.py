"""Find time and message in a line of Neumann's log: tracing's text or JSON, whoever passed it on."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime

from shared.sanitize import strip_ansi

_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
_LEVEL = r"(?:TRACE|DEBUG|INFO|WARN|ERROR)"
_SENDER = r"[\w.@/-]{1,100}(?:\[\d+\])?: "
# What kubectl, docker compose, journald (short, short-iso), containerd and docker put in front of a line.
_PASSED_ON = re.compile(
    rf"(?:\[(?!{_LEVEL}\])[\w./-]{{1,100}}\] |[\w./-]{{1,100}} +\| "
    rf"|[A-Z][a-z]{{2}} [ \d]\d \d\d:\d\d:\d\d \S{{1,255}} {_SENDER}"
    rf"|{_TIME} (?!{_LEVEL}\b)\S{{1,255}} {_SENDER}|{_TIME} (?:std(?:out|err) [FP] )?){{0,3}}"
)
# "TIME LEVEL tensor_chain::raft: message" and "[LEVEL] message". Only what looks like a module may stand
# before the message: "[WARN] some key: Starting election" starts with "some key".
_HEAD = re.compile(
    rf"\s*(?:{_TIME}\s+)?(?:\[{_LEVEL}\]|{_LEVEL})\s+(?:(?:(?:\w+::)+\w+|(?:tensor|neumann)\w*):\s+)?"
)
_FIND_TIME = re.compile(_TIME)


@dataclass(frozen=True)
class LogLine:
    """A line: its time where it has one, its message with fields behind, and all of it without colours.

    `bare` is a line without a level: the rest of a message with a line break, or what a process said last.
    """

    time: datetime | None
    message: str
    text: str
    bare: str = ""


def parse_line(raw: str) -> LogLine:
    """Parse one line; without a level it has no message: it may be the rest of one with a line break."""
    text = strip_ansi(raw).rstrip("\r")
    passed_on = _PASSED_ON.match(text)
    start = passed_on.end() if passed_on else 0
    if text.startswith("{", start) and text.endswith("}"):
        try:
            entry = json.loads(text[start:])
        except (ValueError, RecursionError):
            entry = None
        if isinstance(entry, dict):
            return LogLine(_time(str(entry.get("timestamp", ""))[:100]), _json_message(entry), text)
    head = _HEAD.match(text, start)
    if head is None:
        return LogLine(None, "", text, text[start:])
    # Only the head's time counts: a time within a message may be anybody's.
    return LogLine(_time(text[: head.end()]), text[head.end() :], text)


def _json_message(entry: dict[str, object]) -> str:
    """Put message and fields in tracing's text form, as far as events look at them."""
    inner = entry.get("fields")
    fields = inner if isinstance(inner, dict) else entry
    # Fields whose text may be a peer's are left out, but for the error, which is told by its own words.
    plain_fields = [
        f" {name}={str(value).lower()}"
        for name, value in fields.items()
        if isinstance(value, int) or value in ("true", "false")
    ]
    error = f" error={fields['error']}" if "error" in fields else ""
    return "".join([str(fields.get("message", "")), error, *plain_fields])


def _time(text: str) -> datetime | None:
    found = _FIND_TIME.search(text)
    if found is None:
        return None
    try:
        # Python 3.11 reads at most microseconds; journald's and docker's nanoseconds are cut.
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", found[0]))
    except ValueError:
        return None
