"""Alertmanager's silence for the time of a run: shown, expiring, and lifted once a leader is verified."""

from __future__ import annotations

from datetime import timedelta

from handlers.domain.events.remediation import Silenced, SilenceLifted
from handlers.domain.incident import Incident
from handlers.errors import SilenceFailed
from handlers.ports import Ports


async def silence(ports: Ports, incident: Incident) -> Incident:
    """Keep the incident's alerts silent while the run acts, as was asked with the plan."""
    run = incident.runs[-1]
    ends_at = ports.time.now() + timedelta(minutes=run.silence_minutes)
    silence_id, detail = None, "No Alertmanager is configured, so nothing was silenced."
    if ports.silences:
        try:
            silence_id = await ports.silences.silence(
                incident.firing,
                ends_at,
                run.confirmed_by.name,
                f"neumann-bot {incident.id}: {run.plan.title}",
            )
            detail = f"Alerts of {incident.id} are silent until {ends_at:%H:%M} UTC."
        except SilenceFailed as error:
            detail = str(error)
    event = Silenced(at=ports.time.now(), silence_id=silence_id, ends_at=ends_at, detail=detail)
    return await ports.timelines.append(incident, event)


async def lift_silence(ports: Ports, incident: Incident) -> Incident:
    """End the silence: the leader is verified, or the run failed and people must hear of it."""
    detail = "The silence is lifted."
    if ports.silences and incident.silence and incident.silence.silence_id:
        try:
            await ports.silences.lift(incident.silence.silence_id)
        except SilenceFailed as error:
            detail = f"{error} It ends by itself at {incident.silence.ends_at:%H:%M} UTC."
    return await ports.timelines.append(incident, SilenceLifted(at=ports.time.now(), detail=detail))
