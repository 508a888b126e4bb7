"""Processes: elections against the cluster's own baseline, restarts, entries behind, and the agents."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator

from runbooks import raft
from runbooks.evidence import Evidence, NodeEvidence
from runbooks.posture.inventory import Inventory
from runbooks.posture.model import Check, Line, Severity
from runbooks.posture.trends import DAY, Trends
from runbooks.wording import MAX_NAMES, counted, listed

MANY_TIMES, MANY_MORE = 3, 3
"""Elections of a day above so many times the usual day, and so many more, are a change."""

MAX_LAG = 1000
"""HighReplicationLag of Neumann's documentation fires above it."""

MANY_RESTARTS = 3


def process_lines(evidence: Evidence, inventory: Inventory, trends: Trends) -> Iterator[Line]:
    """Yield what the processes and the agents beside them are like."""
    yield _elections(evidence, trends)
    yield _lag(evidence)
    yield _restarts(evidence, trends)
    yield _agents(evidence, inventory)


def usual_elections(trends: Trends) -> float | None:
    """Return the elections of a usual day before the last; `None` with fewer than two days to go by."""
    earlier = trends.elections_by_day[1:]
    return statistics.median(earlier) if len(earlier) > 1 else None


def _elections(evidence: Evidence, trends: Trends) -> Line:
    check, days = Check.ELECTIONS, trends.elections_by_day
    if not days:
        fact = "less than a day of readings"
        return Line(check=check, severity=Severity.UNKNOWN, fact=fact)
    usual = usual_elections(trends)
    if usual is None:
        fact = f"{days[0]} in the last day; the baseline takes three days of samples"
        return Line(check=check, severity=Severity.UNKNOWN, fact=fact)
    fact = f"{days[0]} in the last day, usually {usual:.0f}"
    if days[0] > MANY_TIMES * usual + MANY_MORE:
        return Line(
            check=check,
            severity=Severity.WARNING,
            fact=fact,
            advice="check links, clocks and timeouts here, and what was changed in the last day",
        )
    up = raft.processes(evidence)
    if unseen := tuple(name for name in trends.elections_unseen if up[name] is not False):
        fact = f"{fact}, without those of {listed(unseen, MAX_NAMES)}, which were not read"
        return Line(check=check, severity=Severity.UNKNOWN, fact=fact, advice="see Agents", nodes=unseen)
    return Line(check=check, severity=Severity.FINE, fact=fact)


def _lag(evidence: Evidence) -> Line:
    check = Check.LAG
    newest = {node.node: node.newest_metrics for node in evidence.nodes}
    commits = [m.commit_index for m in newest.values() if m and m.commit_index is not None]
    behind = {
        name: max(max(commits, default=0) - metrics.applied_index, 0)
        for name, metrics in newest.items()
        if metrics and metrics.applied_index is not None
    }
    late = {name: entries for name, entries in behind.items() if entries > MAX_LAG}
    if late:
        said = [f"{name} by {entries}" for name, entries in sorted(late.items(), key=lambda e: -e[1])]
        return Line(
            check=check,
            severity=Severity.WARNING,
            fact=f"entries behind: {listed(said, MAX_NAMES)}",
            advice="check that node's disk and links: while it is behind, it cannot win an election",
            nodes=tuple(late),
        )
    down = {name for name, is_up in raft.processes(evidence).items() if is_up is False}
    if unread := tuple(name for name in evidence.names if name not in behind and name not in down):
        fact = f"applied index of {listed(unread, MAX_NAMES)} not read"
        return Line(check=check, severity=Severity.UNKNOWN, fact=fact, nodes=unread)
    fact = f"no running node is more than {max(behind.values(), default=0)} entries behind"
    return Line(check=check, severity=Severity.FINE, fact=fact)


def _restarts(evidence: Evidence, trends: Trends) -> Line:
    check = Check.RESTARTS
    counted_ones = {name: trends.restarts(name, DAY) for name in evidence.names}
    known = {name: count for name, count in counted_ones.items() if count is not None}
    fallen = {name: count for name, count in known.items() if count}
    if fallen:
        said = [f"{name} {counted(count, 'time')}" for name, count in fallen.items()]
        how = {node.node: _ending(node) for node in evidence.nodes if node.node in fallen}
        ends = Counter(filter(None, how.values()))
        because = f" (last: {listed(sorted(ends))})" if ends else ""
        return Line(
            check=check,
            severity=Severity.WARNING if max(fallen.values()) >= MANY_RESTARTS else Severity.NOTICE,
            fact=f"in the last day {listed(said, MAX_NAMES)}{because}",
            advice="`journalctl -u neumann` there says why",
            nodes=tuple(fallen),
        )
    if unseen := tuple(name for name in evidence.names if name not in known):
        fact = f"less than half a day of readings of {listed(unseen, MAX_NAMES)}"
        return Line(check=check, severity=Severity.UNKNOWN, fact=fact, nodes=unseen)
    return Line(check=check, severity=Severity.FINE, fact="none in the last day")


def _ending(node: NodeEvidence) -> str:
    service = node.service.value
    return service.result if service and service.result and service.result != "success" else ""


def _agents(evidence: Evidence, inventory: Inventory) -> Line:
    check = Check.AGENTS
    silent = tuple(node.node for node in evidence.nodes if not _answers(node))
    if silent:
        reasons = Counter(str(node.service.missing) for node in evidence.nodes if node.node in silent)
        why, _ = reasons.most_common(1)[0]
        return Line(
            check=check,
            severity=Severity.WARNING,
            fact=f"no answer from {listed(silent, MAX_NAMES)}: {why}",
            advice=f"run `neumann-agent check` on {listed(silent, MAX_NAMES)}",
            nodes=silent,
        )
    versions = inventory.agent_versions
    untold = tuple(name for name in evidence.names if name not in versions)
    other = tuple(
        name for name in evidence.names if versions.get(name, inventory.bot_version) != inventory.bot_version
    )
    if other:
        said = [f"{name} {versions[name]}" for name in other]
        return Line(
            check=check,
            severity=Severity.NOTICE,
            fact=f"not on the bot's version {inventory.bot_version}: {listed(said, MAX_NAMES)}",
            advice="finish the upgrade",
            nodes=other,
        )
    if untold:
        fact = f"all {len(evidence.names)} answer, but {listed(untold, MAX_NAMES)} report no version"
        return Line(
            check=check, severity=Severity.UNKNOWN, fact=fact, advice="upgrade those agents", nodes=untold
        )
    fact = f"all {len(evidence.names)} answer and run {inventory.bot_version}"
    return Line(check=check, severity=Severity.FINE, fact=fact)


def _answers(node: NodeEvidence) -> bool:
    """Return whether the agent gave any reading: one of its own may fail without it."""
    readings = (node.clock, node.service, node.log, node.config, node.disk, node.connects, node.pings)
    return any(each.value is not None for each in readings)
