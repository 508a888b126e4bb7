"""The one remedy that a bot may carry out here: hand the leadership on before the leader's disk is full.

A leader whose log has stopped goes on sending heartbeats: it takes no writes, and lets nobody else lead.
Where it is a follower instead, the cluster has one vote less. The disk itself is people's to mend.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from runbooks.capacity.causes import CapacityCause
from runbooks.capacity.disk import days_to_stop
from runbooks.capacity.figures import Cluster, Figures
from runbooks.evidence import Evidence
from runbooks.leader_election.facts import Facts
from runbooks.leader_election.structure import Structure
from runbooks.log_room import WAL_NEEDS_FREE_BYTES
from runbooks.model import Finding, Remedy, RemedyKind, Verdict
from runbooks.planning.binding import bound_to
from runbooks.planning.node_check import leadership
from runbooks.planning.transfer import TRANSFER, why_no_transfer
from runbooks.plans import Action, Plan, PlanStep
from runbooks.wording import listed

HAND_ON = "hand_leadership_on"
STABLE_S = 60.0

SOON_DAYS = 1.0
"""Who has longer than until tomorrow makes room by day, and leaves the leadership where it is."""

LEAST_DAYS = 0.5 / 24
"""Two people need minutes to agree, and a log that stops meanwhile keeps its leader from stepping down."""

FAR_DAYS = 7.0
"""A follower whose own disk is full within a week is no better place."""

FILLING = (CapacityCause.LOG_GROWS, CapacityCause.DATA_GROWS, CapacityCause.OTHERS_FILL_DISK)

_KIND = RemedyKind(
    HAND_ON,
    button="Hand the leadership on",
    title="Hand the leadership on",
    risk="Neumann tells one follower to stand. If that election is lost, nobody leads for some election"
    " timeouts, and writes wait. The disk goes on filling: it only is no longer the leader's.",
    undo="A transfer is not undone; the same command on the new leader hands it back.",
    check="The node leads the same term, and every member runs, follows, is linked to all, has caught up and"
    " has room.",
)
REMEDIES: Mapping[str, RemedyKind] = {_KIND.name: _KIND}


def with_transfer(cluster: Cluster, finding: Finding) -> Finding:
    """Return the finding, with the remedy where it says that the leader's disk will be full soon."""
    lead = leadership(cluster.evidence)
    leader = next((node for node in cluster.nodes if node.name == lead.leader), None)
    if finding.cause not in FILLING or leader is None or leader.name not in finding.nodes:
        return finding
    left = days_to_stop(leader)
    if finding.verdict is not Verdict.CONFIRMED or left is None or left >= SOON_DAYS:
        return finding
    return finding.model_copy(update={"remedies": (_remedy(cluster, leader), *finding.remedies)})


def _remedy(cluster: Cluster, leader: Figures) -> Remedy:
    to = _roomiest(cluster, leader)
    refused = _why_not(cluster, leader, to)
    actions = (Action(type=TRANSFER, node=leader.name, to=to),)
    reason = f"{leader.name} leads, and with a full disk it would neither take writes nor step down."
    return Remedy(
        name=HAND_ON,
        nodes=(leader.name,),
        actions=() if refused else actions,
        offered=refused is None,
        reason=refused or f"{reason} {to} has the most room.",
    )


def _roomiest(cluster: Cluster, leader: Figures) -> str:
    """Return the follower with the most room that lasts; nothing where there is none."""
    lasting = [node for node in cluster.nodes if node is not leader and _lasts(node)]
    return max(lasting, key=lambda node: (node.disk_free_bytes or 0, node.name)).name if lasting else ""


def _lasts(node: Figures) -> bool:
    left = _least_days(node)
    return left is not None and left > FAR_DAYS


def _least_days(node: Figures) -> float | None:
    """Return in how many days a log stops at the soonest: by the smaller figure, at the fastest it may fall.

    The trend is of the disk that the agent reads, and the page may mean a roomier one.
    """
    trend = node.history.free_bytes
    figures = [free for free in (node.page_free_bytes, node.disk_free_bytes) if free is not None]
    if trend is None or not figures:
        return None
    loses = trend.error_per_day - trend.per_day
    return max(min(figures) - WAL_NEEDS_FREE_BYTES, 0) / loses if loses > 0 else math.inf


def _why_not(cluster: Cluster, leader: Figures, to: str) -> str | None:
    if (_least_days(leader) or 0.0) < LEAST_DAYS:
        return f"The log of {leader.name} may stop within half an hour: make room now, whoever leads."
    if not to:
        return "No follower is known to have room that lasts a week."
    if unsure := [
        node.name for node in cluster.nodes if node is not leader and node.disk_is_low is not False
    ]:
        return f"{listed(unsure)} is not known to have room itself, so a majority may stop too."
    if why := why_no_transfer(cluster.evidence, leader.name, to):
        return why
    if denied := dict.fromkeys(
        name for each in Structure(Facts(cluster.evidence)).denials for name in each.nodes
    ):
        return f"The votes of {listed(tuple(denied))} are in doubt: `/neumann election diagnose` says why."
    return None


def plan(remedy: Remedy, evidence: Evidence) -> Plan:
    """Draw up the plan of an offered transfer from the evidence that it was offered on."""
    kind = REMEDIES[remedy.name]
    (action,) = remedy.actions
    step = PlanStep(
        action=action,
        shown=f"neumann raft transfer-leadership --to {action.to}",
        effect=f"leads no more; {action.to} stands and is elected within about a second",
    )
    return Plan(
        bound=bound_to(evidence, remedy),
        remedy=remedy.name,
        title=f"{kind.title}: from {action.node} to {action.to}",
        steps=(step,),
        risk=kind.risk,
        checks_before=(kind.check,),
        watch_after=f"Another node leads; {action.node} is still to be given room, by hand.",
        undo=kind.undo,
        stable_s=STABLE_S,
        # Nothing has failed yet, and a transfer that is lost holds up all writes: time enough to ask another.
        needs_second=True,
    )
