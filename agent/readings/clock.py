"""Read this node's clock against NTP from chrony."""

from __future__ import annotations

import asyncio
import math
import time
from typing import NamedTuple

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from agent.errors import CommandError, ReadingError
from agent.protocol import Clock, ClockDoubt
from agent.run_command import run_checked
from agent.sanitize import lines_of, plain
from agent.settings import Settings

_TRACKING_FIELDS = 14
# How chrony names this host's own clock (127.127.1.1, "7F7F0101") and one that was set by hand: neither
# follows true time, whatever the leap status says.
_LOCAL_REFERENCES = ("7F7F", "4D414E55")
_MISSED_POLLS, _USUAL_POLL_S = 8, 64.0
"""After so many polls without an update chrony's reach register is 0. At its start it polls more often."""
_FUTURE_S = 1.0
"""The update lies in the future where somebody has put the clock back since."""
_SYNCHRONISED = frozenset({"Normal", "Insert second", "Delete second"})


class _TimeStatus(NamedTuple):
    """What `timedatectl show` says: is an NTP service enabled, and does the kernel call the clock right."""

    ntp_service_active: bool | None = None
    synchronised: bool | None = None


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
        doubts=UNSET if now_s is None else _doubts_of_age(now_s + correction_s - updated_s, interval_s),
    )


def _doubts_of_age(age_s: float, interval_s: float) -> tuple[ClockDoubt, ...] | UnsetType:
    """Say whether the last update, so old by the clock it has set, still tells about that clock."""
    if age_s < -_FUTURE_S:
        return ("set_back",)
    return ("stale",) if age_s > _MISSED_POLLS * max(interval_s, _USUAL_POLL_S) else UNSET


async def read_clock(settings: Settings) -> Clock:
    """Read offset and bound from chrony, and of systemd what the kernel holds of the clock.

    Whoever sets the clock makes the kernel call it unsynchronised until chronyd's next update; where
    chrony.conf lacks `rtcsync`, it always does.

    Raises:
        ReadingError: If chrony gives no usable answer.
    """
    deadline_s = settings.deadlines.clock
    tracking, status = await asyncio.gather(
        run_checked([str(settings.commands.chronyc), "-c", "tracking"], timeout_s=deadline_s),
        # Half the deadline: its silence must not cost the offset.
        _time_status(str(settings.commands.timedatectl), timeout_s=deadline_s / 2),
    )
    clock = parse_tracking(tracking, time.time())
    if status.synchronised is False and clock.synchronised:
        clock = replace(clock, doubts=("kernel_unsynchronised", *(clock.doubts or ())))
    return replace(clock, ntp_service_active=status.ntp_service_active)


async def _time_status(timedatectl: str, *, timeout_s: float) -> _TimeStatus:
    try:
        shown = await run_checked([timedatectl, "show"], timeout_s=timeout_s)
    except CommandError:
        return _TimeStatus()
    values = dict(line.split("=", 1) for line in lines_of(shown) if "=" in line)
    says = {"yes": True, "no": False}
    return _TimeStatus(says.get(values.get("NTP", "")), says.get(values.get("NTPSynchronized", "")))
