"""What systemd is told of this process, and how it wants log lines: sd_notify(3), sd-daemon(3)."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable

_logger = logging.getLogger(__name__)
_PRIORITIES = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.DEBUG, 7))


def tell(state: str) -> None:
    """Tell the service manager, where one waits for it: before `READY=1` it reloads nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
    except OSError as error:
        _logger.warning("systemd could not be told %s: %s", state, error)


async def feed_watchdog(is_well: Callable[[], bool] = lambda: True) -> None:
    """Tell that this loop still turns, twice as often as is asked for (`WatchdogSec`), while all is well."""
    asked_us = os.environ.get("WATCHDOG_USEC", "")
    if not (asked_us.isdigit() and os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())):
        return
    while True:
        if is_well():
            tell("WATCHDOG=1")
        await asyncio.sleep(int(asked_us) / 2e6)


class JournalFormatter(logging.Formatter):
    """Puts the journal's priority before a line that goes there."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; every line of a traceback bears the priority too."""
        return prioritised(super().format(record), record.levelno)


def prioritised(text: str, level: int) -> str:
    """Return the text for the journal, to which a line without a priority is mere information."""
    if "JOURNAL_STREAM" not in os.environ:
        return text
    priority = next((number for least, number in _PRIORITIES if level >= least), 7)
    return "\n".join(f"<{priority}>{line}" for line in text.split("\n"))
