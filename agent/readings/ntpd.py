"""What ntpd says of this node's clock, that of NTPsec and the classic one."""

from __future__ import annotations

import math
import re

from msgspec import UNSET

from agent.errors import ReadingError
from agent.protocol import Clock
from agent.readings.clock_age import doubts_of_age
from shared.sanitize import lines_of, plain

_VARIABLE = re.compile(r"\b([a-z_]+)=([^,\s]+)")
_STAMP = re.compile(r"[0-9a-f]{8}\.[0-9a-f]{8}")
_FOLLOWED = ("*", "o")
"""How the table marks the peer that the clock is disciplined by; `o` where a pulse per second helps."""

_COLUMNS = 10
_UNITS_S = {"m": 60.0, "h": 3600.0, "d": 86_400.0, "y": 31_557_600.0}
_LOCAL_REFERENCES = ("127.127.", "LOCAL", ".LOCL.", "LOCL")
_UNSYNCHRONISED_LEAP, _MAX_STRATUM = "11", 15


def parse_ntpq(printed: str) -> Clock:
    """Parse `ntpq -c rv -pn`: the variables of the system, then the table of its peers.

    The offset is that of the peer which is followed, true time less this clock's: the system's own leaves
    out what ntpd holds for a spike, until after five minutes (`stepout`) it steps. The bound is the
    system's root dispersion + root delay / 2 (RFC 5905, root synchronisation distance), or what a newer
    NTPsec itself calls its root distance, which has the peer's jitter in it. All are in ms.

    Raises:
        ReadingError: If it is not of that form.
    """
    variables = dict(_VARIABLE.findall(printed))
    try:
        leap, stratum = variables["leap"], int(variables["stratum"])
        delay_ms, dispersion_ms = float(variables["rootdelay"]), float(variables["rootdisp"])
        distance_ms = float(variables.get("rootdist", "0"))
        age_s = _seconds(variables["clock"]) - _seconds(variables["reftime"])
        peer = _followed(printed)
        offset_ms, poll_s = (float(peer[8]), _interval_s(peer[5])) if peer else (0.0, 0.0)
    except (KeyError, ValueError) as error:
        said = plain(printed.strip(), limit=100) or "nothing"
        raise ReadingError(f"ntpq printed no system's variables and table of peers, but: {said}") from error
    if not all(map(math.isfinite, (delay_ms, dispersion_ms, distance_ms, offset_ms, poll_s))):
        raise ReadingError("ntpq printed a number that is not finite.")
    refid = variables.get("refid", "")
    is_followed = peer is not None and not refid.upper().startswith(_LOCAL_REFERENCES)
    synchronised = is_followed and leap != _UNSYNCHRONISED_LEAP and 0 < stratum <= _MAX_STRATUM
    return Clock(
        offset_ms=0.0 - offset_ms,
        error_ms=max(abs(dispersion_ms + delay_ms / 2), distance_ms),
        synchronised=synchronised,
        source=plain(peer[0][1:] if peer and is_followed else "", limit=100),
        doubts=doubts_of_age(age_s, poll_s) if synchronised else UNSET,
        kept_by="ntpd",
    )


def _followed(printed: str) -> list[str] | None:
    """Return the columns of the peer that is followed, the mark before its name."""
    rows = [line.split() for line in lines_of(printed) if line.startswith(_FOLLOWED)]
    return next((row for row in rows if len(row) == _COLUMNS), None)


def _interval_s(printed: str) -> float:
    """Return the seconds of an interval as ntpq prints it: in another unit above 2048 s, or `-`.

    Both ntpqs do so alike (`prettyinterval`).
    """
    if printed == "-":
        return 0.0
    unit_s = _UNITS_S.get(printed[-1])
    return float(printed) if unit_s is None else float(printed[:-1]) * unit_s


def _seconds(stamp: str) -> float:
    """Return the seconds of an NTP time stamp, `eeb80a86.b75bdd38`."""
    if not _STAMP.fullmatch(stamp):
        raise ValueError(stamp)
    whole, fraction = stamp.split(".")
    return int(whole, 16) + int(fraction, 16) / 2**32
