"""Start and restart of single nodes as remedies: when each may be, and the plan that shows it."""

from __future__ import annotations

from collections.abc import Collection

from runbooks.evidence import Evidence, Service
from runbooks.log_damage import may_be_damaged
from runbooks.model import Remedy, RemedyKind
from runbooks.planning.binding import bound_to
from runbooks.planning.quorum_gate import why_not
from runbooks.planning.service_command import service_command
from runbooks.plans import Action, ActionType, Plan, PlanStep
from runbooks.wording import listed


def why_no_restart(evidence: Evidence, name: str) -> str | None:
    """Return why a node must not be restarted now, in one sentence; `None` where it may be."""
    service = evidence.node(name).service.value
    if service is None or service.state != "active":
        return f"The service on {name} is not known to be active."
    return why_vain(evidence, (name,)) or why_not(evidence, name)


def why_vain(evidence: Evidence, names: Collection[str]) -> str | None:
    """Return why one of these may not come up when it is started, in one sentence; `None` for none."""
    damaged = [name for name in names if may_be_damaged(evidence.node(name))]
    if not damaged:
        return None
    return (
        f"The log of record of {listed(damaged)} may be damaged, and Neumann does not start on one that is:"
        " keep a copy of the data folder first."
    )


def why_held(services: Collection[Service]) -> str | None:
    """Return why the service manager would not start one of these, in one sentence; `None` where it would."""
    held = sorted({service.load for service in services if service.load})
    if not held:
        return None
    if any(service.pod for service in services):
        return f"Kubernetes does not start what is in {listed(held)}: mend that first."
    return f"systemd does not start a unit that is {listed(held)}: mend that first."


def service_remedy(
    name: str,
    nodes: tuple[str, ...],
    reason: str,
    refused: str | None,
    *,
    moves: ActionType = "restart_service",
) -> Remedy:
    """Return the remedy that restarts or starts these nodes in turn; `refused` says why it is not offered."""
    actions = tuple(Action(type=moves, node=node) for node in nodes)
    return Remedy(
        name=name,
        nodes=nodes,
        actions=() if refused else actions,
        offered=refused is None,
        reason=refused or reason,
    )


def service_plan(
    kind: RemedyKind, remedy: Remedy, evidence: Evidence, *, effect: str, watch_after: str, stable_s: float
) -> Plan:
    """Draw up the plan of an offered start or restart from the evidence that it was offered on.

    Args:
        kind: The row with the plan's words.
        remedy: What was offered.
        evidence: What it was offered on.
        effect: What it does to such a node.
        watch_after: What must hold afterwards.
        stable_s: For how long it must hold, in seconds.
    """
    return Plan(
        bound=bound_to(evidence, remedy),
        remedy=remedy.name,
        title=f"{kind.title}: {listed(remedy.nodes)}",
        steps=tuple(_step(action, evidence, effect) for action in remedy.actions),
        risk=kind.risk,
        checks_before=(kind.check, "One node at a time; the run stops if anything gets worse."),
        watch_after=watch_after,
        undo=kind.undo,
        stable_s=stable_s,
    )


def _step(action: Action, evidence: Evidence, effect: str) -> PlanStep:
    shown = service_command(
        evidence.node(action.node), "start" if action.type == "start_service" else "restart"
    )
    return PlanStep(action=action, shown=shown, effect=effect)
