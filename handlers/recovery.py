"""Look who leads, and call it recovered only when it has been proven for long enough."""

from __future__ import annotations

from datetime import datetime, timedelta

from handlers.domain import throttling
from handlers.domain.events import Closed, Event, LeaderSeen, LeaderVerified
from handlers.domain.fold import apply
from handlers.domain.incident import Incident
from handlers.domain.next_step import stable_s
from handlers.intake import noted
from handlers.ports import Ports
from runbooks import raft
from runbooks.model import Leadership


async def look(ports: Ports, incident: Incident) -> Incident:
    """Ask every node who leads; append only what is new."""
    leadership = raft.leadership(await ports.reader.look(incident.cluster))
    now = ports.time.now()
    event = what_is_new(incident, leadership, now)
    if event is None:
        return incident
    notes = throttling.notes(incident, apply(incident, event))
    return await ports.timelines.append(incident, event, *noted(incident, now, notes))


def what_is_new(incident: Incident, leadership: Leadership, now: datetime) -> Event | None:
    """Decide what a look adds to the timeline: a change of leadership, its proof, or nothing."""
    newest = leadership.term == leadership.highest_term
    proven = leadership if leadership.leader and leadership.majority and newest else None
    seen = incident.leader_seen
    before = seen.leadership if seen and seen.leadership.leader else None
    # A claim without a majority behind it is recorded as what it is worth: no leader.
    lost = LeaderSeen(at=now, leadership=leadership.model_copy(update={"leader": None})) if before else None
    if proven is None:
        return lost
    if before is None or (before.leader, before.term) != (proven.leader, proven.term):
        paused = seen is not None and now - seen.at < timedelta(seconds=throttling.leader_pause_s(incident))
        # Where it changes too often only a loss is recorded each time: nobody is called stable who is not.
        return lost if paused else LeaderSeen(at=now, leadership=proven)
    lasted_s = (now - seen.at).total_seconds() if seen else 0.0
    moved = seen is not None and _commits_moved(seen.leadership, proven)
    if incident.verified is None and lasted_s >= stable_s(incident) and moved:
        return LeaderVerified(at=now, leadership=leadership, stable_s=lasted_s)
    return None


def _commits_moved(since: Leadership, now: Leadership) -> bool:
    """A leader that commits nothing leads nobody: a majority must have taken an entry meanwhile."""
    return since.commit_index is not None and (now.commit_index or 0) > since.commit_index


async def close(ports: Ports, incident: Incident) -> Incident:
    """End the incident; its identity is free for a new one."""
    verified = incident.verified
    detail = (
        f"{verified.leadership.leader} leads term {verified.leadership.term}, and no alert fires any more."
        if verified
        else "No alert fires any more."
    )
    closed = await ports.timelines.append(incident, Closed(at=ports.time.now(), detail=detail))
    await ports.timelines.release(incident.identity, incident.id)
    return closed
