"""Find a past incident that a new one is like, and say in its thread what mended it then."""

from __future__ import annotations

from handlers.decide_again import decide_again_if_moved
from handlers.domain.history.account import Account, account_of
from handlers.domain.history.likeness import PRECEDENT, cause_of, is_like, is_same_cause, sentence
from handlers.domain.incident import Incident
from handlers.domain.undetermined import Judgement, Undetermined
from handlers.errors import Quarantined
from handlers.judging import judge
from handlers.ports import Ports
from handlers.remarks import remarked

MAX_READ = 20
"""So many past incidents are read, the newest first; findings are in the thread by then."""


async def tell(ports: Ports, before: Incident, incident: Incident) -> Incident:
    """Add the remark, once, where a reading has made sure of a cause that was not sure before."""
    cause = cause_of(incident)
    if PRECEDENT in incident.remarks or cause is None or is_same_cause(cause, cause_of(before)):
        return incident
    past = await _found(ports, incident)
    return await _remark(ports, incident.id, past) if past else incident


async def _found(ports: Ports, incident: Incident) -> Account | None:
    """Return the newest past incident that this one is like; one that cannot be read is like none."""
    previous = await ports.past.previous(incident.identity)
    newest = await ports.past.released_last(MAX_READ)
    for incident_id in dict.fromkeys((*([previous] if previous else []), *newest)):
        if incident_id == incident.id:
            continue
        try:
            events = await ports.timelines.timeline(incident_id)
        except Quarantined:
            continue
        past = judge(Judgement.ACCOUNT, account_of, incident_id, events)
        if past and not isinstance(past, Undetermined) and is_like(incident, past):
            return past
    return None


@decide_again_if_moved
async def _remark(ports: Ports, incident_id: str, past: Account) -> Incident:
    incident, now = await ports.timelines.load(incident_id), ports.time.now()
    events = remarked(incident, now, [(PRECEDENT, sentence(past, now))])
    return await ports.timelines.append(incident, *events) if events else incident
