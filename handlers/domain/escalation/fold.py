"""Fold an escalation's events. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from handlers.domain.events.escalation import PageTried, TierReached
from handlers.domain.incident import Incident


def _tier_reached(incident: Incident, event: TierReached) -> Incident:
    return replace(incident, escalation=incident.escalation.with_tier(event))


def _page_tried(incident: Incident, event: PageTried) -> Incident:
    return replace(incident, escalation=incident.escalation.with_page(event))


ESCALATION_APPLIERS: dict[type, Callable[[Incident, Any], Incident]] = {
    TierReached: _tier_reached,
    PageTried: _page_tried,
}
"""By type of event what it makes of an incident."""
