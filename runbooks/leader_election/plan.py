"""An offered remedy as an exact plan: commands and diffs per node, risk, checks, watch, undo."""

from __future__ import annotations

import re

from runbooks.evidence import Config, Evidence
from runbooks.leader_election.words import listed, signed_milliseconds
from runbooks.model import Action, Plan, PlanStep, Remedy

MIN_STABLE_S = 10.0
"""How long one leader must hold its term at least before it counts as recovered."""

STABLE_TIMEOUTS = 10
"""... and for how many election timeouts: a leader that outlives ten of them is no accident."""

TITLES = {
    "clock_sync": "Set the clocks right",
    "config_bump": "Widen the election timeouts",
    "start_nodes": "Start the stopped nodes",
}
RISKS = {
    "clock_sync": "A clock step can expire running transactions and locks on that node.",
    "config_bump": "Each node restarts, so it is away for a moment; a longer timeout is a slower failover.",
    "start_nodes": "A starting node replays its log; none that runs is touched.",
}
UNDOS = {
    "clock_sync": "A step is not undone; chrony keeps the clock right from there.",
    "config_bump": "The agent keeps each file's bytes from before; putting them back and a restart undo it.",
    "start_nodes": "Stopping the node again.",
}
CHECKS = {
    "clock_sync": "The offset is read again on the node: still beyond the limit, in the same direction.",
    "config_bump": "The file is still the one shown (SHA-256), and a majority runs without the node.",
    "start_nodes": "The service is still stopped.",
}


def plan(remedy: Remedy, evidence: Evidence) -> Plan:
    """Draw up the plan of an offered remedy from the evidence that it was offered on."""
    low = max((action.election_timeout_min_ms or 0 for action in remedy.actions), default=0)
    configured = [n.config.value.election_timeout_min_ms or 0 for n in evidence.nodes if n.config.value]
    stable_s = max(MIN_STABLE_S, STABLE_TIMEOUTS * max([low, *configured]) / 1000)
    return Plan(
        remedy=remedy.name,
        title=f"{TITLES[remedy.name]} on {listed(remedy.nodes)}",
        steps=tuple(_step(action, evidence) for action in remedy.actions),
        risk=RISKS[remedy.name],
        checks_before=(CHECKS[remedy.name], "One node at a time; the first failure stops the run."),
        watch_after=f"One leader in the highest term, acknowledged by a majority, for {stable_s:.0f} s.",
        undo=UNDOS[remedy.name],
        stable_s=stable_s,
    )


def _step(action: Action, evidence: Evidence) -> PlanStep:
    node = evidence.node(action.node)
    if action.type == "clock_sync":
        clock = node.clock.value
        effect = (
            f"steps by {signed_milliseconds(-clock.offset_ms)} (±{clock.error_ms:.0f} ms)"
            if clock
            else "steps the clock"
        )
        return PlanStep(action=action, shown="chronyc makestep", effect=effect)
    if action.type == "set_election_timeouts":
        return PlanStep(
            action=action,
            shown=_diff(node.config.value, action),
            effect="new timeouts, in force from the restart on",
        )
    if action.type == "restart_service":
        return PlanStep(action=action, shown="systemctl restart neumann", effect="runs with the new timeouts")
    return PlanStep(action=action, shown="systemctl start neumann", effect="the node votes again")


def _diff(config: Config | None, action: Action) -> str:
    """The file's own lines, before and after; comments stay."""
    if config is None:
        return ""
    wanted = {
        "election_timeout_min_ms": action.election_timeout_min_ms,
        "election_timeout_ms": action.election_timeout_min_ms,
        "election_timeout_max_ms": action.election_timeout_max_ms,
    }
    lines = [config.path]
    for line in config.election_lines:
        key = line.text.split("=")[0].strip()
        lines.append(f"-{line.text}")
        lines.append("+" + re.sub(r"=\s*\d+", f"= {wanted.get(key)}", line.text, count=1))
    return "\n".join(lines)
