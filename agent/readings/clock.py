"""Read this node's clock against NTP from chrony."""

from __future__ import annotations

import asyncio
import math

from msgspec.structs import replace

from agent.errors import CommandError, ReadingError
from agent.protocol import Clock
from agent.run_command import run_checked
from agent.sanitize import lines_of, plain
from agent.settings import Settings

_TRACKING_FIELDS = 14
# How chrony names this host's own clock (127.127.1.1, "7F7F0101") and one that was set by hand: neither
# follows true time, whatever the leap status says.
_LOCAL_REFERENCES = ("7F7F", "4D414E55")
_SYNCHRONISED = frozenset({"Normal", "Insert second", "Delete second"})


def parse_tracking(line: str) -> Clock:
    """Parse `chronyc -c tracking`.

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
        correction_s, delay_s, dispersion_s = (float(fields[index]) for index in (4, 10, 11))
    except ValueError as error:
        raise ReadingError("chronyc printed a field that is no number.") from error
    if not all(math.isfinite(seconds) for seconds in (correction_s, delay_s, dispersion_s)):
        raise ReadingError("chronyc printed a number that is not finite.")
    return Clock(
        # 0.0 minus, so that an exact zero does not become -0.0.
        offset_ms=0.0 - correction_s * 1000,
        error_ms=abs(dispersion_s + delay_s / 2) * 1000,
        synchronised=fields[13] in _SYNCHRONISED and not fields[0].upper().startswith(_LOCAL_REFERENCES),
        source=plain(fields[1] or fields[0], limit=100),
    )


async def read_clock(settings: Settings) -> Clock:
    """Read offset and bound from chrony, and whether an NTP service is enabled where systemd can tell.

    Raises:
        ReadingError: If chrony gives no usable answer.
    """
    deadline_s = settings.deadlines.clock
    tracking, ntp_service_active = await asyncio.gather(
        run_checked([str(settings.commands.chronyc), "-c", "tracking"], timeout_s=deadline_s),
        # Half the deadline: its silence must not cost the offset.
        _ntp_service_active(str(settings.commands.timedatectl), timeout_s=deadline_s / 2),
    )
    return replace(parse_tracking(tracking), ntp_service_active=ntp_service_active)


async def _ntp_service_active(timedatectl: str, *, timeout_s: float) -> bool | None:
    try:
        shown = await run_checked([timedatectl, "show"], timeout_s=timeout_s)
    except CommandError:
        return None
    values = dict(line.split("=", 1) for line in lines_of(shown) if "=" in line)
    return {"yes": True, "no": False}.get(values.get("NTP", ""))
