"""Decide whether somebody may ask for a reading now. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from handlers.domain.incident import CLUSTER_GONE, Incident
from handlers.domain.steps.next_step import READ_AGAIN_AFTER_S

PAUSE_S = 10
"""Seconds from one reading to the next that people may ask for: each is kept in the timeline."""

UNDER_WAY = "The cluster is being read right now; the findings change once it is done."


def can_be_asked(incident: Incident) -> bool:
    """Return whether a reading would say something that people do not know: what runs reads for itself."""
    over = incident.closed or incident.verified or incident.running
    return incident.evidence_at is not None and CLUSTER_GONE not in incident.remarks and not over


def why_not(incident: Incident, now: datetime) -> str | None:
    """Return why no reading may be asked for now, or `None` if one may."""
    if incident.running:
        return "A plan is running, and reads the cluster before and after each step."
    if not can_be_asked(incident):
        return "The findings are as they were at that time; `/neumann election status` reads the cluster now."
    if asked := incident.reading_asked:
        return f"{asked.by.name} has asked for a reading already; the findings change once it is done."
    if _is_being_read(incident, now):
        return UNDER_WAY
    read_s = (now - incident.evidence_at).total_seconds() if incident.evidence_at else PAUSE_S
    return (
        f"The cluster was read {max(read_s, 0):.0f} s ago; ask again in a moment."
        if read_s < PAUSE_S
        else None
    )


def _is_being_read(incident: Incident, now: datetime) -> bool:
    """Return whether a reading has begun and not ended.

    One that has not ended after so long that the bot reads again by itself was given up: its worker died.
    """
    if incident.evidence is None or incident.evidence_at is None or incident.evidence.complete:
        return False
    return now - incident.evidence_at < timedelta(seconds=READ_AGAIN_AFTER_S)
