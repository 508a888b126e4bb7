"""End a run: record what was left undone, and offer to put back what was changed."""

from __future__ import annotations

from handlers.domain.events.remediation import RunEnded
from handlers.domain.incident import Incident
from handlers.domain.run import Run
from handlers.ports import Ports
from handlers.remediation.run import begin, order_of, record
from handlers.remediation.undo import undoing
from runbooks.wording import listed

PUT_BACK = "Stopped: Redis was put back to an older copy while this went on."


async def end_run(ports: Ports, incident: Incident, *, because: str | None = None) -> Incident:
    """Record how the run ended and what was left undone, and offer to put back what was changed.

    Args:
        ports: What is touched.
        incident: The incident whose newest run ends.
        because: Why it ends, where that does not follow from the run itself.
    """
    await ports.run_locks.end(incident.cluster, incident.id)
    why = PUT_BACK if incident.went_back else because or _why_stopped(incident.runs[-1])
    if incident.went_back:
        incident = await _with_what_the_ledgers_know(ports, incident)
    run = incident.runs[-1]
    if why is None:
        event = RunEnded(at=ports.time.now(), completed=True, detail="Every action is done.")
        return await ports.timelines.append(incident, event)
    begun = [index for index in range(len(run.plan.steps)) if index in run.actions]
    left = len(run.plan.steps) - len(begun)
    if left:
        why += f" {left} further {'action was' if left == 1 else 'actions were'} not begun."
        why += await _withdraw(ports, incident, begun)
    undo, left_to_people = await undoing(ports, incident)
    if undo:
        await ports.timelines.remember_handle(undo.handle, incident.id)
    event = RunEnded(at=ports.time.now(), completed=False, detail=f"{why}{left_to_people}", undo=undo)
    return await ports.timelines.append(incident, event)


async def _with_what_the_ledgers_know(ports: Ports, incident: Incident) -> Incident:
    """Record how each action went that the older timeline has left open, or does not know of."""
    for index, step in enumerate(incident.runs[-1].plan.steps):
        begun = incident.runs[-1].actions.get(index)
        if begun and begun.finished:
            continue
        order = order_of(incident, step.action)
        known = await ports.agents.status(order)
        if begun:
            incident = await record(ports, incident, index, known or await ports.agents.withdraw(order))
        elif known and known.state == "done":
            incident = await record(ports, await begin(ports, incident, index, order), index, known)
    return incident


async def _withdraw(ports: Ports, incident: Incident, begun: list[int]) -> str:
    """Have the ledgers close what was not begun, so that no older copy of Redis can have it gone on with."""
    steps = incident.runs[-1].plan.steps
    orders = [order_of(incident, step.action) for index, step in enumerate(steps) if index not in begun]
    silent = await ports.agents.void(orders)
    return f" The agents of {listed(sorted(silent))} could not be told." if silent else ""


def _why_stopped(run: Run) -> str | None:
    failed = run.failed_index
    if failed is not None and (finished := run.actions[failed].finished):
        return f"Stopped at {run.plan.steps[failed].action.node}: {finished.detail.rstrip('.')}."
    if check := run.failed_check:
        return f"Stopped after {check.node}: {'; '.join(check.complaints)}."
    if run.stop_asked_by and not all(map(run.is_done, range(len(run.plan.steps)))):
        return f"Stopped by {run.stop_asked_by.name}."
    if not all(map(run.is_done, range(len(run.plan.steps)))):
        return "Stopped: the cluster is in the bot's configuration no more."
    return None
