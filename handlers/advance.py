"""Advance a due incident: decide its next step, do it, and ask again until it may sleep."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from handlers import diagnosis, recovery
from handlers.domain.incident import Incident
from handlers.domain.next_step import (
    CheckNode,
    Close,
    EndRun,
    LiftSilence,
    ReadCluster,
    Rest,
    RunAction,
    Silence,
    Step,
    WatchRecovery,
    next_step,
)
from handlers.errors import Moved
from handlers.ports import Ports
from handlers.remediation import node_checks, run, run_end, silence


class Advanced(NamedTuple):
    """An incident's state, and when it is due again; `None` where only an event can wake it."""

    incident: Incident
    due_at: datetime | None


async def advance(ports: Ports, incident_id: str) -> Advanced:
    """Take an incident as far as it goes now."""
    while True:
        incident = await ports.timelines.load(incident_id)
        step = next_step(incident, ports.time.now())
        if isinstance(step, Rest):
            return Advanced(incident, None)
        try:
            after = await _perform(ports, incident, step)
        except Moved:
            continue
        if isinstance(step, WatchRecovery) and after.position == incident.position:
            return Advanced(incident, ports.time.now() + timedelta(seconds=step.again_after_s))


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
        case Close():
            return await recovery.close(ports, incident)
        case Rest():
            return incident
