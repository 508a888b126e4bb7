"""What systemd-timesyncd says of this node's clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from msgspec import UNSET

from agent.errors import ReadingError
from agent.protocol import Clock
from agent.readings.clock_age import doubts_of_age
from shared.sanitize import lines_of, plain

STEPS_FROM_S = 0.4
"""From here on timesyncd steps the clock at once (`NTP_MAX_ADJUST`); what is less it slews."""

DRIFT_PER_S = 15e-6
"""By how much a clock may drift that nobody corrects (RFC 5905, PHI)."""

_UNITS_S = {
    "us": 1e-6, "μs": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0,
    "w": 604800.0, "month": 2629800.0, "months": 2629800.0, "y": 31557600.0,
}  # fmt: skip
_SPAN = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)([a-zμµ]*)")
_LEAPS = ("normal", "last minute of the day has 61 seconds", "last minute of the day has 59 seconds")
_MAX_STRATUM = 15


def parse_timesync(status: str, shown: str, now_s: float) -> Clock:
    """Parse `timedatectl timesync-status` and `show-timesync`; the latter has the last answer's time.

    "Offset" is how far true time was ahead of this clock at the last answer. Since then timesyncd has
    corrected all of it, or some, or, where it may not set the clock, nothing: what is left lies between
    that and 0, and so is told by its middle and its half. The bound is root distance, half the delay and
    what a clock may drift meanwhile.

    Raises:
        ReadingError: If it is not of that form.
    """
    said = _values(status, ": ")
    if "Server" not in said or "Packet count" not in said:
        raise ReadingError("timedatectl printed no timesync status with server and packet count.")
    server = plain(said["Server"].partition(" ")[0], limit=100)
    leap, stratum = said.get("Leap", ""), said.get("Stratum", "")
    # Before the first answer there is no more than the server's name.
    if said["Packet count"] == "0" or leap not in _LEAPS or not 0 < _whole(stratum) <= _MAX_STRATUM:
        return Clock(offset_ms=0.0, error_ms=0.0, synchronised=False, source="", kept_by="timesyncd")
    behind_s, distance_s, delay_s = (
        parse_span(said.get(name, "")) for name in ("Offset", "Root distance", "Delay")
    )
    answered_s = _answered_s(shown)
    stepped_s = behind_s if abs(behind_s) >= STEPS_FROM_S else 0.0
    # The answer's time is by the clock as it was; a step has moved it since.
    age_s = None if answered_s is None else now_s - (answered_s + stepped_s)
    bound_s = distance_s + delay_s / 2 + DRIFT_PER_S * max(age_s or 0.0, 0.0)
    interval_s = parse_span(said.get("Poll interval", "0"))
    return Clock(
        offset_ms=0.0 - behind_s * 1000 / 2,
        error_ms=(abs(behind_s) / 2 + bound_s) * 1000,
        synchronised=True,
        source=server,
        doubts=UNSET if age_s is None else doubts_of_age(age_s, interval_s),
        kept_by="timesyncd",
    )


def parse_span(text: str) -> float:
    """Parse a time span as systemd prints it: `-9.316ms`, `1min 4s`, `0 (max: 5s)`.

    Returns:
        Seconds.

    Raises:
        ReadingError: If it is none.
    """
    plain_text = text.partition("(")[0].strip()
    unsigned = plain_text.lstrip("+-")
    parts = [_SPAN.fullmatch(part) for part in unsigned.split()]
    if not parts or not all(parts):
        raise ReadingError(f"timedatectl printed the time span {plain(text, limit=40)!r}, which is none.")
    try:
        span_s = sum(float(part[1]) * (_UNITS_S[part[2]] if part[2] else 1.0) for part in parts if part)
    except KeyError as error:
        raise ReadingError(
            f"timedatectl printed a time span in {error}, which is no unit of time."
        ) from error
    return -span_s if plain_text.startswith("-") else span_s


def _values(text: str, separator: str) -> dict[str, str]:
    pairs = (line.strip().partition(separator) for line in lines_of(text))
    return {name: value.strip() for name, found, value in pairs if found}


def _whole(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,3}", text) else 0


_ANSWERED = re.compile(r"\bDestinationTimestamp=\w{3} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)? UTC\b")


def _answered_s(shown: str) -> float | None:
    """Return when the last answer came, to the second, by this node's clock; commands are run with TZ=UTC."""
    found = _ANSWERED.search(shown)
    if found is None:
        return None
    try:
        return datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
