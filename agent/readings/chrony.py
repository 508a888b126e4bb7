"""What chronyd says of this node's clock."""

from __future__ import annotations

import math

from msgspec import UNSET

from agent.errors import ReadingError
from agent.protocol import Clock
from agent.readings.clock_age import doubts_of_age
from shared.sanitize import plain

_TRACKING_FIELDS = 14
# How chrony names this host's own clock (127.127.1.1, "7F7F0101") and one that was set by hand: neither
# follows true time, whatever the leap status says.
_LOCAL_REFERENCES = ("7F7F", "4D414E55")
_SYNCHRONISED = frozenset({"Normal", "Insert second", "Delete second"})


def parse_tracking(line: str, now_s: float | None = None) -> Clock:
    """Parse `chronyc -c tracking`; with what the wall clock shows now, also say whether its word is old.

    The 14 fields are: reference id, its name, stratum, reference time, system time, last offset, RMS offset,
    frequency, residual frequency, skew, root delay, root dispersion, update interval, leap status. "System
    time" is chronyd's remaining correction in seconds: chronyc's own report calls a positive number "slow
    of NTP time" and a negative one "fast" (client.c, print_report, case 'O'), so the sign is turned here.
    The bound is root dispersion + root delay / 2 (RFC 5905, root synchronisation distance).

    Raises:
        ReadingError: If the line is not of that form.
    """
    fields = line.strip().split(",")
    if len(fields) != _TRACKING_FIELDS:
        raise ReadingError(f"chronyc printed {len(fields)} fields where {_TRACKING_FIELDS} are expected.")
    try:
        updated_s, correction_s, delay_s, dispersion_s, interval_s = (
            float(fields[index]) for index in (3, 4, 10, 11, 12)
        )
    except ValueError as error:
        raise ReadingError("chronyc printed a field that is no number.") from error
    if not all(map(math.isfinite, (updated_s, correction_s, delay_s, dispersion_s, interval_s))):
        raise ReadingError("chronyc printed a number that is not finite.")
    return Clock(
        # 0.0 minus, so that an exact zero does not become -0.0.
        offset_ms=0.0 - correction_s * 1000,
        error_ms=abs(dispersion_s + delay_s / 2) * 1000,
        synchronised=fields[13] in _SYNCHRONISED and not fields[0].upper().startswith(_LOCAL_REFERENCES),
        source=plain(fields[1] or fields[0], limit=100),
        doubts=UNSET if now_s is None else doubts_of_age(now_s + correction_s - updated_s, interval_s),
    )
