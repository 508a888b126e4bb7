"""One due incident: decide its next step, do it, and ask again until it may sleep."""

from __future__ import annotations

from datetime import datetime, timedelta

from handlers import diagnosis, remediation, watch
from handlers.errors import Moved
from handlers.incident import Incident
from handlers.next_step import Close, EndRun, Look, ReadCluster, Rest, RunAction, Step, next_step
from handlers.ports import Ports


async def advance(ports: Ports, incident_id: str) -> tuple[Incident, datetime | None]:
    """Take an incident as far as it goes now.

    Returns:
        Its state, and when it is due again; `None` where only an event can wake it.
    """
    while True:
        incident = await ports.timelines.load(incident_id)
        step = next_step(incident, ports.time.now())
        if isinstance(step, Rest):
            return incident, None
        try:
            after = await _perform(ports, incident, step)
        except Moved:
            continue
        if isinstance(step, Look) and after.position == incident.position:
            return incident, ports.time.now() + timedelta(seconds=step.again_after_s)


async def _perform(ports: Ports, incident: Incident, step: Step) -> Incident:
    match step:
        case ReadCluster():
            return await diagnosis.read_cluster(ports, incident)
        case RunAction(index=index):
            return await remediation.run_action(ports, incident, index)
        case EndRun():
            return await remediation.end_run(ports, incident)
        case Look():
            return await watch.look(ports, incident)
        case Close():
            return await watch.close(ports, incident)
        case Rest():
            return incident
