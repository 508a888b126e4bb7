"""Limit what an open incident records: what keeps repeating is recorded less and less often. Pure."""

from __future__ import annotations

from handlers.domain.incident import Incident

FREE_CHANGES = 40
"""So many changes of leadership since the last run are each recorded; what changes more often is flapping."""

AT_MOST_EVERY_S = 900.0
"""In the end, what repeats itself is recorded four times an hour."""

DOUBLES_AFTER = 2_000
"""... and half as often with every so many events, so the timeline grows with the logarithm of the time."""


def at_most_every_s(incident: Incident) -> float:
    """Return the longest pause, in seconds, between two records of what repeats itself."""
    return float(AT_MOST_EVERY_S * 2 ** (incident.position // DOUBLES_AFTER))


def leader_pause_s(incident: Incident) -> float:
    """Return for how many seconds after a loss no leader is recorded; it doubles every 8 changes."""
    over = incident.leader_changes - FREE_CHANGES
    return 0.0 if over < 0 else min(2.0 ** min(over / 8, 40), at_most_every_s(incident))


FLAPPING = (
    "flapping",
    f"Leadership has changed {FREE_CHANGES} times. Not every further change is written down; the bot goes on"
    " looking every second, and a leader that stays is verified within a quarter of an hour.",
)
"""Key and sentence of the remark."""

LONG = (
    "long",
    f"This incident has {DOUBLES_AFTER:,} events. From here on its cluster is read less often than four times"
    " an hour; `/neumann election status` reads it at once.",
)


def remarks(before: Incident, after: Incident) -> tuple[tuple[str, str], ...]:
    """Return the remarks that tell the thread where less is written down from now on."""
    flaps = before.leader_changes < FREE_CHANGES <= after.leader_changes
    grows = before.position < DOUBLES_AFTER <= after.position
    return (*([FLAPPING] if flaps else []), *([LONG] if grows else []))
