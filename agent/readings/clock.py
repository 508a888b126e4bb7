"""Read this node's clock against NTP, from whichever service keeps it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Literal, NamedTuple

from msgspec.structs import replace

from agent.errors import CommandError, CommandTimedOutError, NoClockKeeperError
from agent.protocol import Clock, ClockKeeper
from agent.readings.chrony import parse_tracking
from agent.readings.ntpd import parse_ntpq
from agent.readings.timesyncd import parse_timesync
from agent.run_command import run, run_checked
from agent.settings import Settings
from shared.sanitize import lines_of

KEEPERS: Mapping[str, ClockKeeper] = {
    "chrony.service": "chrony",
    "chronyd.service": "chrony",
    "ntpsec.service": "ntpd",
    "ntp.service": "ntpd",
    "ntpd.service": "ntpd",
    "systemd-timesyncd.service": "timesyncd",
}
"""The units of each service, the one first that is read where several are active."""


class _TimeStatus(NamedTuple):
    """What `timedatectl show` says: is an NTP service enabled, and does the kernel call the clock right."""

    ntp_service_active: bool | None = None
    synchronised: bool | None = None


async def read_clock(settings: Settings) -> Clock:
    """Read offset and bound from the service that keeps the clock, and of systemd what the kernel holds.

    Whoever sets the clock makes the kernel call it unsynchronised until the service's next update; where
    chrony.conf lacks `rtcsync`, it always does.

    Raises:
        ReadingError: If no service keeps the clock, or the one that does gives no usable answer.
    """
    clock, status = await asyncio.gather(
        _read_kept(settings),
        # Half the deadline: its silence must not cost the offset.
        _time_status(str(settings.commands.timedatectl), timeout_s=settings.deadlines.clock / 2),
    )
    if status.synchronised is False and clock.synchronised:
        clock = replace(clock, doubts=("kernel_unsynchronised", *(clock.doubts or ())))
    # systemd may not count ntpd among the services that it enables, so its "no" says nothing of it.
    unknown = clock.kept_by == "ntpd" and not status.ntp_service_active
    return replace(clock, ntp_service_active=None if unknown else status.ntp_service_active)


async def _read_kept(settings: Settings) -> Clock:
    """Ask chronyd; where nobody answers, ask systemd which service is active, and that one."""
    timeout_s = settings.deadlines.clock
    try:
        tracking = [str(settings.commands.chronyc), "-c", "tracking"]
        return parse_tracking(await run_checked(tracking, timeout_s=timeout_s), time.time())
    except CommandTimedOutError:
        raise
    except CommandError as silence:
        keeper = await clock_keeper(settings)
        if keeper == "timesyncd":
            return await _read_timesyncd(settings)
        if keeper == "ntpd":
            return await _read_ntpd(settings)
        if keeper == "none":
            raise NoClockKeeperError(
                "No NTP service is active: neither chrony, ntpsec, ntp nor systemd-timesyncd."
            ) from silence
        raise


async def clock_keeper(settings: Settings) -> ClockKeeper | Literal["none"] | None:
    """Return which NTP service's unit is active, `none` if none is; `None` where systemd does not say."""
    argv = [str(settings.commands.systemctl), "show", *KEEPERS, "--property=Id,ActiveState"]
    try:
        shown = await run_checked(argv, timeout_s=settings.deadlines.service)
    except CommandError:
        return None
    unit, units = "", {}
    for line in lines_of(shown):
        name, _, value = line.partition("=")
        if name == "Id":
            unit = value
        elif name == "ActiveState":
            units[unit] = value
    if not units.keys() & KEEPERS.keys():
        return None
    active = (keeper for unit, keeper in KEEPERS.items() if units.get(unit) in ("active", "reloading"))
    return next(active, "none")


async def _read_timesyncd(settings: Settings) -> Clock:
    # Only while it is active: a question for it makes D-Bus start it.
    command, timeout_s = str(settings.commands.timedatectl), settings.deadlines.clock
    status, shown = await asyncio.gather(
        run_checked([command, "timesync-status"], timeout_s=timeout_s),
        run([command, "show-timesync", "--all"], timeout_s=timeout_s),
    )
    return parse_timesync(status, shown.stdout, time.time())


async def _read_ntpd(settings: Settings) -> Clock:
    command = [str(settings.commands.ntpq), "-c", "rv", "-pn"]
    return parse_ntpq(await run_checked(command, timeout_s=settings.deadlines.clock))


async def _time_status(timedatectl: str, *, timeout_s: float) -> _TimeStatus:
    try:
        shown = await run_checked([timedatectl, "show"], timeout_s=timeout_s)
    except CommandError:
        return _TimeStatus()
    values = dict(line.split("=", 1) for line in lines_of(shown) if "=" in line)
    says = {"yes": True, "no": False}
    return _TimeStatus(says.get(values.get("NTP", "")), says.get(values.get("NTPSynchronized", "")))
