"""Draw up an offered remedy as an exact plan: commands and diffs per node, risk, checks, watch, undo."""

from __future__ import annotations

from runbooks.evidence import Evidence, NodeEvidence
from runbooks.leader_election.facts import Facts
from runbooks.leader_election.remedy_kinds import CLOCK_SYNC, CONFIG_BUMP, REMEDIES
from runbooks.leader_election.timeouts import arithmetic
from runbooks.model import Remedy
from runbooks.planning.binding import bound_to
from runbooks.planning.service_command import service_command
from runbooks.plans import Action, Plan, PlanStep
from runbooks.wording import listed, milliseconds, signed_milliseconds

MIN_STABLE_S = 10.0
"""Seconds that one leader must hold its term, at least, before the cluster counts as recovered."""

STABLE_TIMEOUTS = 10
"""Election timeouts that it must hold its term as well: a leader that outlives ten is no accident."""

CHRONY_SLEWS_SHARE = 0.083333
"""chrony's `maxslewrate` on Linux, 83,333 ppm: what it corrects by itself, without a step."""

LARGE_STEP_MS = 10_000.0
"""A clock step beyond this needs a second person; the agents ask for one by themselves."""


def plan(remedy: Remedy, evidence: Evidence) -> Plan:
    """Draw up the plan of an offered remedy from the evidence that it was offered on."""
    kind = REMEDIES[remedy.name]
    low = max((action.election_timeout_min_ms or 0 for action in remedy.actions), default=0)
    configured = [n.config.value.election_timeout_min_ms or 0 for n in evidence.nodes if n.config.value]
    stable_s = max(MIN_STABLE_S, STABLE_TIMEOUTS * max([low, *configured]) / 1000)
    return Plan(
        bound=bound_to(evidence, remedy, with_files=remedy.name == CONFIG_BUMP),
        arithmetic=arithmetic(Facts(evidence)) if remedy.name == CONFIG_BUMP else (),
        remedy=remedy.name,
        title=f"{kind.title} on {listed(remedy.nodes)}",
        steps=tuple(_step(action, evidence) for action in remedy.actions),
        risk=kind.risk,
        checks_before=(
            kind.check,
            "One node at a time, the leader last; the run stops if anything gets worse.",
        ),
        watch_after=f"One leader in the highest term, acknowledged by a majority, for {stable_s:.0f} s.",
        undo=kind.undo,
        stable_s=stable_s,
        needs_second=remedy.name == CLOCK_SYNC and _has_large_step(remedy, evidence),
    )


def _has_large_step(remedy: Remedy, evidence: Evidence) -> bool:
    clocks = [evidence.node(action.node).clock.value for action in remedy.actions]
    return any(clock and abs(clock.offset_ms) > LARGE_STEP_MS for clock in clocks)


def _step(action: Action, evidence: Evidence) -> PlanStep:
    node = evidence.node(action.node)
    if action.type == "clock_sync":
        clock = node.clock.value
        effect = "steps the clock"
        if clock:
            slewed_in = milliseconds(abs(clock.offset_ms) / CHRONY_SLEWS_SHARE)
            effect = (
                f"steps by {signed_milliseconds(-clock.offset_ms)} (±{clock.error_ms:.0f} ms);"
                f" chrony alone would take {slewed_in} or more"
            )
        return PlanStep(action=action, shown="chronyc makestep", effect=effect)
    if action.type == "set_election_timeouts":
        return PlanStep(
            action=action,
            shown=f"{_config_path(node)}: election timeouts"
            f" {action.election_timeout_min_ms} to {action.election_timeout_max_ms} ms",
            effect="new timeouts, in effect after the restart",
        )
    if action.type == "restart_service":
        return PlanStep(
            action=action, shown=service_command(node, "restart"), effect="restarts with the new file"
        )
    if action.type == "undo_election_timeouts":
        return PlanStep(
            action=action,
            shown=f"{_config_path(node)}, byte for byte",
            effect="the file as it was before the change, in effect after the restart",
        )
    return PlanStep(action=action, shown=service_command(node, "start"), effect="the node votes again")


def _config_path(node: NodeEvidence) -> str:
    return node.config.value.path if node.config.value else "the configuration"
