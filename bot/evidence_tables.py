"""Evidence as rows and as plain-text tables: one line per node, and who reaches whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

from rich.cells import cell_len, set_cell_size

from handlers.domain.foreign_text import one_line
from runbooks import raft
from runbooks.clocks import look_at, says_time
from runbooks.evidence import Clock, Evidence, NodeEvidence
from runbooks.wording import MAX_NAMES, counted, listed, signed_milliseconds

HEADINGS = ("node", "role", "term", "elections", "process", "clock")
GROUP_HEADINGS = ("", "role", "term", "process", "nodes")
READINGS = (
    *("metrics", "clock", "service", "log", "config", "disk", "connects", "pings"),
    *("certificates", "full_pings", "actions"),
)
UNKNOWN = "?"
MAX_GROUPS = 12
MAX_NAMES_CHARS = 100

Row = tuple[str, ...]
Results = Mapping[tuple[str, str, str], str]
"""(observer, peer, port) → `ok`, or what went wrong."""


def node_table(evidence: Evidence) -> str:
    """Return a monospaced table with a line for each node; `?` is what could not be read."""
    return columns([HEADINGS, *node_rows(evidence)])


def node_rows(evidence: Evidence) -> list[Row]:
    """Return a row for each node, under `HEADINGS`."""
    return [_row(node) for node in evidence.nodes]


def node_groups(evidence: Evidence) -> str:
    """Return a table for a large cluster: nodes that read alike share a line, the smallest group first."""
    rows, beside = group_rows(evidence)
    return "\n".join([columns([GROUP_HEADINGS, *rows]), *beside])


def group_rows(evidence: Evidence) -> tuple[list[Row], list[str]]:
    """Return the rows of that table, under `GROUP_HEADINGS`, and what stands below it."""
    alike: dict[Row, list[str]] = {}
    for node in evidence.nodes:
        _, role, term, _, process, _ = _row(node)
        alike.setdefault((role, term, process), []).append(node.node)
    groups = sorted(alike.items(), key=lambda group: len(group[1]))
    rows = [(str(len(names)), *what, listed(names, MAX_NAMES)) for what, names in groups[:MAX_GROUPS]]
    lines = []
    if left := sum(len(names) for _, names in groups[MAX_GROUPS:]):
        lines.append(f"and {left} nodes that read otherwise again")
    clocks = [node.clock.value for node in evidence.nodes if node.clock.value]
    offsets = [clock.offset_ms for clock in clocks if says_time(clock)]
    if offsets:
        lines.append(f"clocks: {signed_milliseconds(min(offsets))} to {signed_milliseconds(max(offsets))}")
    if unknown := len(clocks) - len(offsets):
        lines.append(f"clocks without a source: {unknown}")
    return rows, lines


def columns(texts: Sequence[Row]) -> str:
    """Return rows as monospaced text, each column as wide as its widest cell."""
    rows = [[one_line(cell) for cell in row] for row in texts]  # a node's name may hold an end of a line
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(set_cell_size, row, widths)).rstrip() for row in rows)


def _row(node: NodeEvidence) -> Row:
    metrics, service, clock = node.newest_metrics, node.service.value, node.clock.value
    return (
        node.node,
        metrics.role.value if metrics and metrics.role else UNKNOWN,
        _number(metrics.term if metrics else None),
        _number(metrics.elections_total if metrics else None),
        service.state if service else UNKNOWN,
        _offset(clock) if clock else _seen(node),
    )


def _offset(clock: Clock) -> str:
    return signed_milliseconds(clock.offset_ms) if says_time(clock) else "no source"


def _seen(node: NodeEvidence) -> str:
    """Return how the bot sees a clock that no NTP service tells of: against its own."""
    look = look_at(node)
    return f"seen {signed_milliseconds(look.ahead_ms)}" if look else UNKNOWN


def _number(value: int | None) -> str:
    return UNKNOWN if value is None else str(value)


def link_table(evidence: Evidence) -> str:
    """Return the table of who (row) reaches whom (column).

    A cell is `ok`, what went wrong, or `?`; where one of the two ports fails alone, it is named.
    """
    headings, rows = link_rows(evidence)
    return columns([headings, *rows])


def link_rows(evidence: Evidence) -> tuple[Row, list[Row]]:
    """Return that table's headings and its rows."""
    names, results = evidence.names, _results(evidence)
    return ("from \\ to", *names), [
        (one, *("—" if one == other else _link(results, one, other) for other in names)) for one in names
    ]


def cut_links(evidence: Evidence) -> tuple[str, ...]:
    """Return the links that are not open as lines, for a cluster too large for the table."""
    names, results = evidence.names, _results(evidence)
    groups: dict[tuple[str, str], list[str]] = {}
    for one in names:
        failing: dict[str, list[str]] = {}
        for other in names:
            if other != one and (said := _link(results, one, other)) != "ok":
                failing.setdefault(said, []).append(other)
        for said, peers in failing.items():
            whom = "every other node" if len(peers) == len(names) - 1 else listed(peers, MAX_NAMES)
            groups.setdefault((whom, said), []).append(one)
    largest_first = sorted(groups.items(), key=lambda group: -len(group[1]))
    lines = [
        f"{listed(ones, MAX_NAMES)} → {whom}: {said}" for (whom, said), ones in largest_first[:MAX_GROUPS]
    ]
    if left := sum(len(ones) for _, ones in largest_first[MAX_GROUPS:]):
        lines.append(f"and links of {left} more nodes")
    return tuple(lines)


def _results(evidence: Evidence) -> Results:
    return {
        (node.node, connect.peer, connect.port): "ok" if connect.result == "open" else connect.result
        for node in evidence.nodes
        for connect in node.connects.value or ()
    }


def _link(results: Results, one: str, other: str) -> str:
    raft_port, gossip = (results.get((one, other, port), UNKNOWN) for port in ("raft", "gossip"))
    if raft_port == gossip:
        return raft_port
    if raft_port == "ok":
        return f"gossip {gossip}"
    return f"raft {raft_port}" if gossip == "ok" else f"{raft_port}/{gossip}"


def all_links_open(evidence: Evidence) -> bool:
    """Return whether every link was tried and is open."""
    seen = [*raft.links(evidence, "raft").values(), *raft.links(evidence, "gossip").values()]
    return all(state is True for state in seen)


def not_read(evidence: Evidence, limit: int | None = 8) -> tuple[str, ...]:
    """Return what could not be read and why: nodes that fail alike share a line.

    Beyond `limit` lines one more counts the nodes of all others; None is every line, with every name.
    """
    alike = unread(evidence)
    told = [
        f"not read: {readings} of {listed(names, None if limit is None else _how_many_fit(names))}: {reason}"
        for (readings, reason), names in alike.items()
    ]
    if limit is None or len(told) <= limit:
        return tuple(told)
    left = {name for names in list(alike.values())[limit:] for name in names}
    return (*told[:limit], f"not read: something more of {counted(len(left), 'node')}")


def unread(evidence: Evidence) -> Mapping[tuple[str, str], list[str]]:
    """Return the nodes that fail alike, by the readings that they lack and the reason."""
    alike: dict[tuple[str, str], list[str]] = {}
    for node in evidence.nodes:
        for reason, readings in _unread_of(node).items():
            alike.setdefault((", ".join(readings), reason), []).append(node.node)
    return alike


def _how_many_fit(names: Sequence[str]) -> int:
    """Return how many names leave room for the reason behind them in a line that Slack cuts; at least one."""
    ends = accumulate(len(name) + 2 for name in names[:MAX_NAMES])
    return max(sum(end <= MAX_NAMES_CHARS for end in ends), 1)


def _unread_of(node: NodeEvidence) -> Mapping[str, list[str]]:
    """Return the readings of a node that failed, by the reason."""
    reasons: dict[str, list[str]] = {}
    for name in READINGS:
        reading = getattr(node, name)
        if reading and reading.value is None:  # one that an older agent is not asked for is none
            reasons.setdefault(str(reading.missing), []).append(name.replace("_", " "))
    return reasons
