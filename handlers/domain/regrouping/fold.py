"""Fold the events of alerts that go from one incident to another. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from handlers.domain.events.regrouping import (
    AlertsGiven,
    AlertsJoined,
    AlertsTaken,
    MergeAsked,
    RegroupingGivenUp,
    SplitAsked,
)
from handlers.domain.incident import Incident
from handlers.domain.regrouping.state import Request


def _alerts_joined(incident: Incident, event: AlertsJoined) -> Incident:
    joined = {**incident.regrouping.joined, **dict.fromkeys(event.fingerprints, event)}
    joinings = (*incident.regrouping.joinings, event)
    return replace(incident, regrouping=replace(incident.regrouping, joined=joined, joinings=joinings))


def _asked(incident: Incident, event: MergeAsked | SplitAsked) -> Incident:
    request = Request(event, incident.position)
    return replace(incident, regrouping=replace(incident.regrouping, request=request))


def _alerts_taken(incident: Incident, event: AlertsTaken) -> Incident:
    regrouping = replace(incident.regrouping, taken=(*incident.regrouping.taken, event))
    return replace(incident, regrouping=regrouping)


def _alerts_given(incident: Incident, event: AlertsGiven) -> Incident:
    after = incident.regrouping.ended(event)
    # What was merged away stays to be read; what was split off keeps this incident open no more.
    gone = () if after.merged_into else event.fingerprints
    alerts = {key: alert for key, alert in incident.alerts.items() if key not in gone}
    joined = {key: each for key, each in after.joined.items() if key not in gone}
    return replace(incident, alerts=alerts, regrouping=replace(after, joined=joined))


def _given_up(incident: Incident, event: RegroupingGivenUp) -> Incident:
    return replace(incident, regrouping=incident.regrouping.ended(event))


REGROUPING_APPLIERS: dict[type, Callable[[Incident, Any], Incident]] = {
    AlertsJoined: _alerts_joined,
    MergeAsked: _asked,
    SplitAsked: _asked,
    AlertsTaken: _alerts_taken,
    AlertsGiven: _alerts_given,
    RegroupingGivenUp: _given_up,
}
"""By type of event what it makes of an incident."""
