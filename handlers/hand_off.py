"""The hand-off to people: drawn up where a majority may not come back, and its checklist ticked."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from handlers.authorization import check_colleague
from handlers.decide_again import decide_again_if_moved
from handlers.domain.events.base import Person
from handlers.domain.events.triage import HandOffDrawnUp, HandOffTicked
from handlers.domain.incident import Incident
from handlers.domain.undetermined import Judgement, Undetermined
from handlers.errors import Refused
from handlers.judging import judge
from handlers.ports import Ports
from runbooks.all_runbooks import RUNBOOKS, can_prove
from runbooks.evidence import Evidence
from runbooks.wording import listed

DRAWN_UP_AFTER = timedelta(minutes=10)
"""A host that reboots is back by then; nobody should think of giving nodes up before."""


def due(incident: Incident, evidence: Evidence, now: datetime) -> tuple[HandOffDrawnUp, ...]:
    """Return the hand-off, where for long enough no majority was seen that could come back.

    That of a runbook which judges nothing, its instructions, is due with the first reading.

    Args:
        incident: The present state, with the findings on this evidence.
        evidence: What was read.
        now: The present time.
    """
    if incident.hand_off or not evidence.complete or not _is_time(incident, now):
        return ()
    drawn_up = judge(Judgement.HAND_OFF, RUNBOOKS[incident.runbook].hand_off, evidence)
    if drawn_up is None or isinstance(drawn_up, Undetermined):
        return ()
    return (HandOffDrawnUp(at=now, hand_off=drawn_up),)


def _is_time(incident: Incident, now: datetime) -> bool:
    if not can_prove(incident.runbook):
        return incident.runbook in RUNBOOKS
    return incident.lost_since is not None and now - incident.lost_since >= DRAWN_UP_AFTER


@decide_again_if_moved
async def draw_up(ports: Ports, incident_id: str, by: Person) -> Incident:
    """Draw up the hand-off on a fresh reading, because a person says that nodes will not come back.

    Raises:
        Refused: If the incident is not open, its runbook has no hand-off, a majority runs, or the hand-off
            that stands says the same.
    """
    incident = await _open(ports, incident_id, by)
    evidence = await ports.reader.read(incident.cluster)
    drawn_up = judge(Judgement.HAND_OFF, RUNBOOKS[incident.runbook].hand_off, evidence)
    if isinstance(drawn_up, Undetermined):
        raise Refused(drawn_up.sentence)
    if drawn_up is None:
        raise Refused("This runbook has no hand-off.")
    if running := drawn_up.running_majority:
        raise Refused(
            f"{listed(running)} run, and {drawn_up.needed} are a majority: nothing is to be given up. The"
            " findings say what keeps them from electing."
        )
    if incident.hand_off and incident.hand_off.hand_off == drawn_up:
        raise Refused("The hand-off that stands says the same: nothing that was read since changes it.")
    return await ports.timelines.append(
        incident, HandOffDrawnUp(at=ports.time.now(), by=by, hand_off=drawn_up)
    )


@decide_again_if_moved
async def tick(ports: Ports, incident_id: str, by: Person, number: str) -> Incident:
    """Record that one point of the checklist is done, named by its number.

    Raises:
        Refused: If there is no hand-off, no such point, or somebody ticked it already; of a point that takes
            two people, if this one was the first of them.
    """
    incident = await _open(ports, incident_id, by)
    if incident.hand_off is None:
        raise Refused(f"{incident.id} has no hand-off; `incident handoff` draws one up.")
    steps = incident.hand_off.hand_off.steps
    if not re.fullmatch(r"[0-9]{1,3}", number) or not 1 <= int(number) <= len(steps):
        raise Refused(f"Which point? Name its number, 1 to {len(steps)}.")
    step = steps[int(number) - 1].key
    if known := incident.ticks.get(step):
        raise Refused(f"{known.by.name} ticked point {number} at {known.at:%H:%M} UTC already.")
    if (half := incident.half_ticks.get(step)) and half.by.id == by.id:
        raise Refused(f"Point {number} takes two people, and you were the first: somebody else ticks it too.")
    return await ports.timelines.append(incident, HandOffTicked(at=ports.time.now(), by=by, step=step))


async def _open(ports: Ports, incident_id: str, by: Person) -> Incident:
    incident = await ports.timelines.load(incident_id)
    await check_colleague(ports, by)
    if incident.opened_at is None or incident.closed or incident.runbook not in RUNBOOKS:
        raise Refused(f"{incident_id[:40]} is not an open incident with a runbook.")
    return incident
