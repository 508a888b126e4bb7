"""Incidents that the bot does not touch: it says why, once in its log and once in the thread."""

from __future__ import annotations

import time

import structlog

from bot.slack.thread import SlackThread
from handlers.errors import LeftAlone, SlackDown, StoreDown, Tampered

log = structlog.get_logger()

NEWER_IS_HERE_WITHIN_S = 300.0
"""How long replicas are upgraded one after the other; what is left alone for longer, nobody looks after."""

AGAIN_AFTER_S = 2.0


class LeftAloneIncidents:
    """What this process has said of them."""

    def __init__(self, thread: SlackThread) -> None:
        self._thread = thread
        self._since_s: dict[str, float] = {}

    def log(self, error: LeftAlone) -> None:
        """Say it in the log, the first time."""
        if str(error) not in self._since_s:
            self._since_s[str(error)] = time.monotonic()
            name = "timeline_tampered" if isinstance(error, Tampered) else "timeline_of_a_newer_version"
            log.error(name, error=str(error))

    async def say(self, incident_id: str, error: LeftAlone) -> None:
        """Say it in the thread; of a newer version only if no replica of it has come in good time."""
        for_good = isinstance(error, Tampered)
        waited_s = time.monotonic() - self._since_s.get(str(error), time.monotonic())
        if for_good or waited_s >= NEWER_IS_HERE_WITHIN_S:
            try:
                await self._thread.say_aside(incident_id, "tampered" if for_good else "newer", str(error))
            except (SlackDown, StoreDown) as failure:
                log.warning("will_try_again", incident=incident_id, error=str(failure))


def due_again_in_s(error: LeftAlone) -> float | None:
    """When it is taken again: soon where a replica of the newer version may take it, else by the timer."""
    return None if isinstance(error, Tampered) else AGAIN_AFTER_S
