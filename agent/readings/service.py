"""Read and move the Neumann service through the service manager."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET

from agent.errors import ReadingError
from agent.protocol import Service, ServiceState
from agent.run_command import run_checked
from agent.settings import Settings
from shared.sanitize import lines_of, plain

Verb = Literal["start", "restart", "reset-failed"]
_PROPERTIES = "--property=LoadState,ActiveState,MainPID,ExecMainStartTimestampMonotonic,NRestarts,Result"
# A service between two states (activating, deactivating) is in none that an action may rely on.
_NO_UNIT = ("not-found", "error")
_STATES: dict[str, ServiceState] = {
    "active": "active",
    "reloading": "active",
    "inactive": "inactive",
    "failed": "failed",
}


def parse_show(shown: str) -> Service:
    """Parse `systemctl show` output of `KEY=VALUE` lines; a process id or start time of 0 means none.

    A unit that is not there has an ActiveState too, `inactive`, which tells nothing of the service.

    A systemd before 235 knows no `NRestarts`; it is `None` then.

    Raises:
        ReadingError: If state, process id or start time is absent, or a number is none.
    """
    values = dict(line.split("=", 1) for line in lines_of(shown) if "=" in line)
    try:
        pid = int(values["MainPID"])
        started_us = int(values["ExecMainStartTimestampMonotonic"])
        restarts = int(values["NRestarts"]) if "NRestarts" in values else None
        state = _STATES.get(values["ActiveState"], "unknown")
        load = values.get("LoadState", "loaded")
    except (KeyError, ValueError) as error:
        raise ReadingError("systemctl did not print ActiveState, MainPID and the start time.") from error
    return Service(
        state="unknown" if load in _NO_UNIT and state != "active" else state,
        load=UNSET if load == "loaded" else plain(load, limit=40),
        pid=pid or None,
        started_boottime_s=started_us / 1e6 if started_us else None,
        restarts=restarts,
        result=plain(values.get("Result", ""), limit=40) or None,
    )


async def read_service(settings: Settings) -> Service:
    """Read the service's state.

    Raises:
        ReadingError: If the service manager gives no usable answer.
    """
    argv = [str(settings.commands.systemctl), "show", settings.service, _PROPERTIES]
    return parse_show(await run_checked(argv, timeout_s=settings.deadlines.service))


async def move_service(
    settings: Settings, verb: Literal["start", "restart", "reset-failed"], *, timeout_s: float
) -> None:
    """Start or restart the service, or forget its crashes, and wait until the service manager is done.

    Raises:
        CommandError: If the service manager refuses, or is not done in time.
    """
    await run_checked([str(settings.commands.systemctl), verb, settings.service], timeout_s=timeout_s)
