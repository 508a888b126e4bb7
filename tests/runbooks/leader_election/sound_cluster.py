"""A sound cluster as an evidence document, and what differs from it in the documents written by hand."""

from __future__ import annotations

from typing import Any, Literal

Document = dict[str, Any]
Base = Literal["led", "quiet", "storm"]
"""With a leader; without one and with nobody that stands; with elections that follow each other."""

AT = "2026-03-02T10:15:04Z"
BOT = ("metrics", "metrics_again", "health")
AGENT = ("local_metrics", "clock", "service", "log", "config", "disk", "connects", "pings")
PAGES = (
    ("metrics", "page"),
    ("metrics_again", "page"),
    ("metrics_again", "again"),
    ("local_metrics", "page"),
    ("local_metrics", "again"),
)
MERGED = ("clock", "service", "log", "config", "disk")
STATES: dict[str, Document] = {
    "stopped": {
        "bot": "connection refused",
        "local": "http://127.0.0.1:9090/metrics refused the connection.",
        "service": {"state": "failed", "result": "signal", "running_s": None, "pid": None},
    },
    "hung": {
        "bot": "no answer within 2 s",
        "local": "http://127.0.0.1:9090/metrics did not answer within 2 s.",
        "log": {"silent_s": 45.0},
    },
    "dark": {"bot": "no answer within 2 s", "agent": "the agent gave no answer within 10 s"},
}
CONNECTS = {"stopped": "refused", "dark": "timeout"}
"""What a connect to such a node gives."""


def document(written: Document) -> Document:
    """Return the whole document of one that was written down as what differs from a sound cluster."""
    names = [f"n{number}" for number in range(1, written["nodes"] + 1)]
    nodes = {name: _sound(name, names, written["base"]) for name in names}
    for part in ("differs", "more"):
        for chosen, changes in written.get(part, {}).items():
            for name in names if chosen == "*" else chosen.split(","):
                _differ(nodes, name, changes)
    return {"schema_version": 1, "cluster": "by-hand", "started_at": AT, "nodes": list(nodes.values())}


def _differ(nodes: Document, name: str, changes: Document) -> None:
    node, state = nodes[name], changes.get("is")
    for each in (STATES.get(state or "", {}), changes):
        _answers(node, each)
        _readings(node, each)
    for peer, other in nodes.items():
        if peer != name and state in CONNECTS:
            _of_peer(other, name, CONNECTS[state])
            for ping in (other["pings"]["value"] or ()) if state == "dark" else ():
                ping.update({"received": 0} if ping["peer"] == name else {})


def _answers(node: Document, changes: Document) -> None:
    for key, kinds in (("bot", BOT), ("agent", AGENT), ("local", ("local_metrics",))):
        for kind in kinds if key in changes else ():
            node[kind] = {**node[kind], "value": None, "missing": changes[key]}


def _readings(node: Document, changes: Document) -> None:
    for kind, page in PAGES:
        if node[kind]["value"] and page in changes:
            node[kind]["value"].update(_page(node[kind]["value"], changes[page]))
    for kind in (*MERGED, "connects", "pings"):
        if isinstance(changes.get(kind), str):
            node[kind] = {**node[kind], "value": None, "missing": changes[kind]}
        elif kind in MERGED and node[kind]["value"]:
            node[kind]["value"].update(changes.get(kind, {}))
    for target, result in changes.get("connects", {}).items() if node["connects"]["value"] else ():
        _of_peer(node, target, result)
    for ping in node["pings"]["value"] or ():
        received = changes.get("pings", {})
        ping["received"] = received.get(ping["peer"], received.get("*", ping["received"]))
        ping["rtt_avg_ms"] = changes.get("rtt", ping["rtt_avg_ms"]) if ping["received"] else None
        ping["rtt_min_ms"] = ping["rtt_max_ms"] = ping["rtt_avg_ms"]


def _page(page: Document, changes: Document) -> Document:
    failed = changes.get("failed")
    held = {} if failed is None else {"gossip_failed": failed}
    if failed is not None:
        held["gossip_healthy"] = page["gossip_healthy"] + page["gossip_failed"] - failed
    return held | {key: value for key, value in changes.items() if key != "failed"}


def _of_peer(node: Document, target: str, result: str) -> None:
    peer, _, port = target.partition("/")
    for connect in node["connects"]["value"] or ():
        if peer in ("*", connect["peer"]) and port in ("", connect["port"]):
            connect["result"] = result


def _sound(name: str, names: list[str], base: Base) -> Document:
    peers = [peer for peer in names if peer != name]
    stands, leads = base == "storm", base == "led" and name == names[0]
    page = {
        "role": "leader" if leads else "candidate" if stands and name == names[0] else "follower",
        "term": 41 if stands else 7,
        "commit_index": 1000,
        "applied_index": 1000,
        "elections_total": 30 if stands else 3,
        "gossip_healthy": len(names),
        "gossip_failed": 0,
    }
    again = dict(page)
    if stands:
        again |= {"term": 45, "elections_total": 33}
    if base == "led":
        again |= {"commit_index": 1040, "applied_index": 1040}
    by = f"agent:{name}"
    return {
        "node": name,
        "metrics": _read(page, "bot"),
        "metrics_again": _read(again, "bot"),
        "health": _read({"status": "healthy"}, "bot"),
        "local_metrics": _read(dict(again), by),
        "clock": _read({"offset_ms": 0.2, "error_ms": 2.0, "synchronised": True, "source": "192.0.2.1"}, by),
        "service": _read(
            {"state": "active", "running_s": 86400.0, "pid": 4711, "restarts": 0, "result": "success"}, by
        ),
        "log": _read(
            {
                "path": "/var/log/neumann/tensor_chain.log",
                "window_s": 60.0,
                "bytes_read": 4096,
                "counts": {"election_started": 60} if stands else {},
                "silent_s": 5.0,
            },
            by,
        ),
        "config": _read(
            {
                "path": "/etc/neumann/config.toml",
                "sha256": "ab" * 32,
                "election_timeout_min_ms": 150,
                "election_timeout_max_ms": 300,
                "heartbeat_interval_ms": 50,
                "peers": [f"{peer}:7878" for peer in peers],
            },
            by,
        ),
        "disk": _read(
            {
                "path": "/var/lib/neumann",
                "free_bytes": 200_000_000_000,
                "total_bytes": 500_000_000_000,
                "io_stalled_percent": 0.1,
            },
            by,
        ),
        "connects": _read(
            [
                {"peer": peer, "port": port, "result": "open", "latency_ms": 1.0}
                for peer in peers
                for port in ("raft", "gossip")
            ],
            by,
        ),
        "pings": _read(
            [
                {
                    "peer": peer,
                    "sent": 20,
                    "received": 20,
                    "rtt_min_ms": 1.0,
                    "rtt_avg_ms": 1.0,
                    "rtt_max_ms": 1.0,
                }
                for peer in peers
            ],
            by,
        ),
    }


def _read(value: object, by: str) -> Document:
    return {"value": value, "missing": None, "by": by, "at": AT}
