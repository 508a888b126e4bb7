"""What `neumann-agent check` says of the clock: whether it can be read, and whether it could be stepped."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import UNSET

from agent.errors import CommandError, NoClockKeeperError, ReadingError
from agent.readings.clock import read_clock
from agent.settings import Settings

STEP_COMMANDS = (Path("/usr/lib/neumann-agent/chronyc"), Path("/usr/local/lib/neumann-agent/chronyc"))
"""Where the package, and where a person, installs what hands a step to the unit."""


def check_clock(settings: Settings) -> Iterator[str]:
    """Yield what is wrong with the clock's reading, in one sentence."""
    try:
        clock = asyncio.run(read_clock(settings))
    except NoClockKeeperError as error:
        yield f"No clock can be read: {error} Install chrony."
    except CommandError as error:
        if not os.access(settings.commands.chronyc, os.X_OK):
            yield f"The command {settings.commands.chronyc} (commands.chronyc) is missing or not executable."
            return
        yield (
            f"No clock can be read, its service does not answer ({error}): chronyd must run, and chrony.conf"
            " must not say `cmdport 0`; ntpd must answer `ntpq` from this host."
        )
    except ReadingError as error:
        yield f"No clock can be read: {error}"
    else:
        keeper = "chronyd" if clock.kept_by is UNSET else clock.kept_by
        if not clock.synchronised:
            yield f"{keeper} follows no source, so this clock's offset is not known: {_HOW_TO_SEE[keeper]}"
        elif keeper != "chronyd" and settings.commands.chronyc in STEP_COMMANDS:
            yield (
                f"{keeper} keeps this clock and takes no order to step: install chrony in its place, or leave"
                " `commands.chronyc` out where the clock shall only be read."
            )


_HOW_TO_SEE = {
    "chronyd": "chronyc sources",
    "timesyncd": "timedatectl timesync-status",
    "ntpd": "ntpq -pn",
}
