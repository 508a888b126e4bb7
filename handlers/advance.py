"""Advance a due incident: decide its next step, do it, and ask again until it may sleep."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from handlers import diagnosis, recovery
from handlers.alerting import give_alerts, regroup
from handlers.domain.events.lifecycle import Remarked
from handlers.domain.incident import CLUSTER_GONE, Incident
from handlers.domain.steps.kinds import (
    CheckNode,
    Close,
    EndRun,
    GiveAlerts,
    LiftSilence,
    NoteClusterGone,
    ReadCluster,
    Rest,
    RunAction,
    Silence,
    SplitOutlived,
    Step,
    Wait,
    WatchRecovery,
)
from handlers.domain.steps.next_step import next_step
from handlers.domain.undetermined import Judgement, Undetermined
from handlers.errors import Moved
from handlers.judging import judge
from handlers.ports import Ports
from handlers.remarks import remarked
from handlers.remediation import node_checks, run, run_end, silence

UNDETERMINED_AGAIN_AFTER_S = 60.0
"""How long an incident rests of which it cannot be decided what is next; an event wakes it earlier."""


class Advanced(NamedTuple):
    """An incident's state, and when it is due again; `None` where only an event can wake it."""

    incident: Incident
    due_at: datetime | None


async def advance(ports: Ports, incident_id: str) -> Advanced:
    """Take an incident as far as it goes now."""
    while True:
        incident = await ports.timelines.load(incident_id)
        is_configured = incident.cluster in ports.reader.clusters
        step = judge(Judgement.NEXT_STEP, next_step, incident, ports.time.now(), is_configured=is_configured)
        if isinstance(step, Rest):
            if incident.regrouping.merged_into:  # no alert comes that would make up for a lost release
                await ports.timelines.release(incident.identity, incident.id)
            return Advanced(incident, None)
        if isinstance(step, Wait):
            return Advanced(incident, ports.time.now() + timedelta(seconds=step.again_after_s))
        try:
            if isinstance(step, Undetermined):
                return await _leave_undetermined(ports, incident, step)
            after = await _perform(ports, incident, step)
        except Moved:
            continue
        if isinstance(step, WatchRecovery) and after.position == incident.position:
            return Advanced(incident, ports.time.now() + timedelta(seconds=step.again_after_s))


async def _leave_undetermined(ports: Ports, incident: Incident, failed: Undetermined) -> Advanced:
    """Tell the thread that the next step is unknown, end a run that is under way, and decide again later."""
    if told := remarked(incident, ports.time.now(), [failed.remark]):
        incident = await ports.timelines.append(incident, *told)
    if incident.running:
        incident = await run_end.end_run(ports, incident, because=failed.sentence)
    return Advanced(incident, ports.time.now() + timedelta(seconds=UNDETERMINED_AGAIN_AFTER_S))


async def _perform(  # noqa: PLR0911  one case a step
    ports: Ports, incident: Incident, step: Step
) -> Incident:
    match step:
        case ReadCluster():
            return await diagnosis.read_cluster(ports, incident)
        case RunAction(index=index):
            return await run.run_action(ports, incident, index)
        case CheckNode(node=node):
            return await node_checks.check_node(ports, incident, node)
        case EndRun():
            return await run_end.end_run(ports, incident)
        case Silence():
            return await silence.silence(ports, incident)
        case LiftSilence():
            return await silence.lift_silence(ports, incident)
        case WatchRecovery():
            return await recovery.watch(ports, incident)
        case GiveAlerts(request=request):
            return await give_alerts.give(ports, incident, request)
        case SplitOutlived():
            return await regroup.split_outlived(ports, incident)
        case NoteClusterGone():
            return await _note_cluster_gone(ports, incident)
        case Close():
            return await recovery.close(ports, incident)
        case Wait() | Rest():
            return incident


async def _note_cluster_gone(ports: Ports, incident: Incident) -> Incident:
    sentence = (
        f"{incident.cluster} is in the bot's configuration no more, so nothing is read or done there. This "
        "incident closes when its alerts resolve, or when someone resolves it."
    )
    note = Remarked(at=ports.time.now(), key=CLUSTER_GONE, sentence=sentence)
    return await ports.timelines.append(incident, note)
