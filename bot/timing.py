"""How long the bot waits for what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Spans of time in seconds. `bot.main.build` passes one to every part; tests pass shorter ones."""

    lease_s: float = 15.0
    """What a process took and neither finished nor renewed for so long is taken by another."""

    poll_s: float = 1.0
    """The longest wait without a look at Redis: a lost hint costs at most this."""

    after_failure_s: float = 2.0
    """The pause before the next attempt where Redis or Slack did not answer."""

    after_error_s: float = 10.0
    """The pause before the next attempt where the bot itself failed."""

    between_edits_s: float = 2.0
    """Between edits of one incident's thread, after two at once: Slack takes 50 a minute."""

    under_way_s: int = 40
    """How long Slack may still carry out a call whose answer was lost: it is known to take half a minute."""

    newer_comes_within_s: float = 300.0
    """How long replicas are upgraded one after the other; after that a thread says that nobody reads it."""

    left_to_others_s: float = 60.0
    """How long a process takes no step of an incident that only a newer version can read."""

    standstill_s: float = 300.0
    """A loop of the worker that got on with nothing for so long hangs, and its process is to be started anew:
    an action on a node takes 100 s at most, and one such step is several calls."""

    drain_s: float = 10.0
    """How long work may go on once the process is asked to end; Kubernetes gives 30 s, systemd 90."""


DEFAULT_TIMING = Timing()
