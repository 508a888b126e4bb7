"""Fold the events of a wide outage. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from handlers.domain.events.wide_outage import WideOutageJoined, WideOutageSeen
from handlers.domain.incident import Incident


def _seen(incident: Incident, event: WideOutageSeen) -> Incident:
    return replace(incident, wide_outage=replace(incident.wide_outage, seen=event))


def _joined(incident: Incident, event: WideOutageJoined) -> Incident:
    return replace(incident, wide_outage=replace(incident.wide_outage, joined=event))


WIDE_OUTAGE_APPLIERS: dict[type, Callable[[Incident, Any], Incident]] = {
    WideOutageSeen: _seen,
    WideOutageJoined: _joined,
}
"""By type of event what it makes of an incident."""
