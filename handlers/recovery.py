"""Look whether what the runbook waits for is there; it counts as recovered once it has lasted long enough."""

from __future__ import annotations

from datetime import datetime, timedelta

from handlers import kept_samples
from handlers.domain.events import Event
from handlers.domain.events.lifecycle import Closed
from handlers.domain.events.recovery import LeaderSeen, LeaderVerified, RecoverySeen, RecoveryVerified
from handlers.domain.fold import apply
from handlers.domain.incident import Incident, Recovering
from handlers.domain.steps import throttling
from handlers.domain.steps.next_step import CLOCKS_DIFFER_S, stable_s
from handlers.domain.undetermined import Judgement, Undetermined
from handlers.judging import judge, with_history
from handlers.ports import Ports
from handlers.remarks import remarked
from runbooks.all_runbooks import RUNBOOKS
from runbooks.evidence import Evidence, glance
from runbooks.model import Leadership, Recovery, Runbook


async def watch(ports: Ports, incident: Incident) -> Incident:
    """Ask the runbook whether the cluster is well now; append only what is new."""
    runbook = RUNBOOKS[incident.runbook]
    read = await _read(ports, runbook, incident)
    recovery, now = judge(Judgement.RECOVERY, runbook.is_recovered, read), ports.time.now()
    if isinstance(recovery, Undetermined):
        return await _not_known(ports, incident, recovery, now)
    event = what_is_new(incident, recovery, now)
    if event is None:
        return incident
    remarks = throttling.remarks(incident, apply(incident, event))
    return await ports.timelines.append(incident, event, *remarked(incident, now, remarks))


async def _not_known(ports: Ports, incident: Incident, failed: Undetermined, now: datetime) -> Incident:
    """Take what could not be judged as lost: nobody may call stable what was not seen to last."""
    lost = [_lost(Recovery(is_recovered=False, leadership=_lead_lost(incident)), now)]
    told = remarked(incident, now, [failed.remark])
    new = [*(lost if incident.recovering else []), *told]
    return await ports.timelines.append(incident, *new) if new else incident


def _lead_lost(incident: Incident) -> Leadership | None:
    return Leadership() if incident.leader_seen else None


async def _read(ports: Ports, runbook: Runbook, incident: Incident) -> Evidence:
    """Read what the runbook needs to see whether the cluster is well."""
    cluster = incident.cluster
    if runbook.RECOVERY_NEEDS == "everything":
        earlier = await kept_samples.kept_for(ports, incident)
        read = await ports.reader.read(cluster)
        return with_history(read, earlier) if earlier else read
    samples, now = await ports.reader.sample_metrics(cluster), ports.time.now()
    nodes = tuple(glance(name, metrics, now) for name, metrics in samples.items())
    return Evidence(cluster=cluster, started_at=now, nodes=nodes)


def what_is_new(incident: Incident, recovery: Recovery, now: datetime) -> Event | None:
    """Return what a look adds to the timeline: it came, changed, went or is proven. None: nothing is new."""
    before, changed_at = incident.recovering, incident.recovery_changed_at
    if not recovery.is_recovered:
        return _lost(recovery, now) if before else None
    # Where the clock was put back since, nobody knows how long it has lasted.
    from_the_future = before is not None and before.at - now > timedelta(seconds=CLOCKS_DIFFER_S)
    if before is None or before.sign != recovery.sign or from_the_future:
        pause = timedelta(seconds=throttling.leader_pause_s(incident))
        if changed_at is None or abs(now - changed_at) >= pause:
            return _seen(recovery, now)
        # Where it changes too often only a loss is recorded each time: nobody is called stable who is not.
        return _lost(recovery, now) if before else None
    lasted_s = (now - before.at).total_seconds()
    if incident.verified or lasted_s < stable_s(incident) or not _has_moved(before, recovery):
        return None
    if recovery.leadership:
        return LeaderVerified(at=now, leadership=recovery.leadership, stable_s=lasted_s)
    return RecoveryVerified(at=now, sentence=recovery.sentence, stable_s=lasted_s)


def _seen(recovery: Recovery, now: datetime) -> Event:
    if recovery.leadership:
        return LeaderSeen(at=now, leadership=recovery.leadership)
    return RecoverySeen(at=now, sign=recovery.sign, progress=recovery.progress)


def _lost(recovery: Recovery, now: datetime) -> Event:
    if recovery.leadership:
        # A claim without a majority behind it is recorded as what it is worth: no leader.
        return LeaderSeen(at=now, leadership=recovery.leadership.model_copy(update={"leader": None}))
    return RecoverySeen(at=now, sign="")


def _has_moved(since: Recovering, now: Recovery) -> bool:
    """Say whether the count has grown where there must be one: who commits nothing leads nobody."""
    if since.progress is None:
        return now.leadership is None
    return (now.progress or 0) > since.progress


async def close(ports: Ports, incident: Incident) -> Incident:
    """End the incident; its identity is free for a new one."""
    verified = incident.verified
    match verified:
        case LeaderVerified(leadership=lead):
            detail = f"{lead.leader} leads term {lead.term}, and no alert fires any more."
        case RecoveryVerified():
            detail = f"{verified.sentence}, and no alert fires any more."
        case None:
            detail = "No alert fires any more."
    closed = await ports.timelines.append(incident, Closed(at=ports.time.now(), detail=detail))
    await ports.timelines.release(incident.identity, incident.id)
    return closed
