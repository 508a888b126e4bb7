"""The evidence as a person reads it: one line per node, and who reaches whom."""

from __future__ import annotations

from runbooks import raft
from runbooks.evidence import Evidence, NodeEvidence

HEADINGS = ("node", "role", "term", "elections", "process", "clock")
READINGS = ("metrics", "clock", "service", "log", "config", "disk", "connects", "pings")
UNKNOWN = "?"


def node_table(evidence: Evidence) -> str:
    """A monospaced table; `?` is what could not be read."""
    rows = [HEADINGS, *(_row(node) for node in evidence.nodes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _row(node: NodeEvidence) -> tuple[str, ...]:
    metrics, service, clock = node.newest_metrics, node.service.value, node.clock.value
    return (
        node.node,
        metrics.role.value if metrics and metrics.role else UNKNOWN,
        _number(metrics.term if metrics else None),
        _number(metrics.elections_total if metrics else None),
        service.state if service else UNKNOWN,
        f"{clock.offset_ms:+.0f} ms" if clock else UNKNOWN,
    )


def _number(value: int | None) -> str:
    return UNKNOWN if value is None else str(value)


def link_table(evidence: Evidence) -> str:
    """Who (row) reaches whom (column): Raft port / gossip port; `ok`, what went wrong, or `?`."""
    names = evidence.names
    results = {
        (node.node, connect.peer, connect.port): "ok" if connect.result == "open" else connect.result
        for node in evidence.nodes
        for connect in node.connects.value or ()
    }
    width = max(len("timeout/timeout"), *(len(name) for name in names))

    def cell(one: str, other: str) -> str:
        if one == other:
            return "—"
        return "/".join(results.get((one, other, port), UNKNOWN) for port in ("raft", "gossip"))

    lines = ["from \\ to".ljust(width) + "  " + "  ".join(name.ljust(width) for name in names)]
    lines += [
        "  ".join([one.ljust(width), *(cell(one, other).ljust(width) for other in names)]).rstrip()
        for one in names
    ]
    return "\n".join(line.rstrip() for line in lines)


def all_links_open(evidence: Evidence) -> bool:
    """Whether there is nothing to see in the link table."""
    seen = [*raft.links(evidence, "raft").values(), *raft.links(evidence, "gossip").values()]
    return all(state is True for state in seen)


def not_read(evidence: Evidence, limit: int = 8) -> tuple[str, ...]:
    """What could not be read and why, one line a node."""
    lines = [f"not read: {line}" for node in evidence.nodes if (line := _unread_of(node))]
    left = len(lines) - limit
    return (*lines[:limit], f"not read: something of {left} more nodes") if left > 0 else tuple(lines)


def _unread_of(node: NodeEvidence) -> str:
    reasons: dict[str, list[str]] = {}
    for name in READINGS:
        reading = getattr(node, name)
        if reading.value is None:
            reasons.setdefault(str(reading.missing), []).append(name.replace("_", " "))
    return "; ".join(f"{', '.join(names)} of {node.node}: {reason}" for reason, names in reasons.items())
