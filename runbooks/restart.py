"""Restart of single nodes as a remedy: when it may be, and the plan that shows it."""

from __future__ import annotations

from runbooks.binding import bound_to
from runbooks.evidence import Evidence
from runbooks.model import Remedy, RemedyKind
from runbooks.plans import Action, Plan, PlanStep
from runbooks.quorum_gate import why_not
from runbooks.service_command import service_command
from runbooks.wording import listed


def why_no_restart(evidence: Evidence, name: str) -> str | None:
    """Return why a node must not be restarted now, in one sentence; `None` where it may be."""
    service = evidence.node(name).service.value
    if service is None or service.state != "active":
        return f"The service on {name} is not known to be active."
    return why_not(evidence, name)


def restart_remedy(name: str, nodes: tuple[str, ...], reason: str, refused: str | None) -> Remedy:
    """Return the remedy that restarts these nodes in turn, refused with a sentence where there is one."""
    actions = tuple(Action(type="restart_service", node=node) for node in nodes)
    return Remedy(
        name=name,
        nodes=nodes,
        actions=() if refused else actions,
        offered=refused is None,
        reason=refused or reason,
    )


def restart_plan(
    kind: RemedyKind, remedy: Remedy, evidence: Evidence, *, effect: str, watch_after: str, stable_s: float
) -> Plan:
    """Draw up the plan of an offered restart from the evidence that it was offered on.

    Args:
        kind: The row with the plan's words.
        remedy: What was offered.
        evidence: What it was offered on.
        effect: What a restart does to such a node.
        watch_after: What must hold afterwards.
        stable_s: For how long it must hold, in seconds.
    """
    return Plan(
        bound=bound_to(evidence, remedy),
        remedy=remedy.name,
        title=f"{kind.title}: {listed(remedy.nodes)}",
        steps=tuple(
            PlanStep(
                action=action, shown=service_command(evidence.node(action.node), "restart"), effect=effect
            )
            for action in remedy.actions
        ),
        risk=kind.risk,
        checks_before=(kind.check, "One node at a time; the run stops if anything gets worse."),
        watch_after=watch_after,
        undo=kind.undo,
        stable_s=stable_s,
    )
