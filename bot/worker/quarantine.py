"""Incidents whose timelines cannot be read: reported once in the log and once in the thread."""

from __future__ import annotations

import time

import structlog

from bot.slack.delivery.thread_sync import SlackThread
from bot.timing import Timing
from handlers.errors import Quarantined, SlackDown, StoreDown, Tampered

log = structlog.get_logger()


class Quarantine:
    """Remembers what this process has reported, and which incidents it leaves to newer replicas."""

    def __init__(self, thread: SlackThread, timing: Timing) -> None:
        self._thread, self._timing = thread, timing
        self._since_s: dict[str, float] = {}
        self._for_others_until_s: dict[str, float] = {}

    def log(self, error: Quarantined) -> None:
        """Log the error, the first time."""
        if str(error) not in self._since_s:
            self._since_s[str(error)] = time.monotonic()
            name = "timeline_tampered" if isinstance(error, Tampered) else "timeline_of_a_newer_version"
            log.error(name, error=str(error))

    async def say(self, incident_id: str, error: Quarantined) -> None:
        """Post the error into the thread; of a newer version only if no such replica came in time."""
        for_good = isinstance(error, Tampered)
        waited_s = time.monotonic() - self._since_s.get(str(error), time.monotonic())
        if for_good or waited_s >= self._timing.newer_comes_within_s:
            try:
                await self._thread.say_aside(incident_id, "tampered" if for_good else "newer", str(error))
            except (SlackDown, StoreDown) as failure:
                log.warning("will_try_again", incident=incident_id, error=str(failure))

    def due_again_in_s(self, incident_id: str, error: Quarantined) -> float | None:
        """Return when it is due again: at once, but not for this process, see `left_to_others`."""
        if isinstance(error, Tampered):
            return None
        self._for_others_until_s[incident_id] = time.monotonic() + self._timing.left_to_others_s
        return 0.0

    def left_to_others(self) -> tuple[str, ...]:
        """Return the incidents that this process does not take for now."""
        now_s = time.monotonic()
        self._for_others_until_s = {
            incident_id: until_s
            for incident_id, until_s in self._for_others_until_s.items()
            if until_s > now_s
        }
        return tuple(self._for_others_until_s)
