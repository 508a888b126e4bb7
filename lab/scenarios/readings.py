"""Read a world as the bot and the agents would, into one evidence document."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from lab.scenarios.logs import failed_members, log_of
from lab.scenarios.motion import SAMPLE_GAP_S, Claim, Motion, leader_of, motion
from lab.scenarios.paths import connects, pings
from lab.scenarios.port_readings import certificates, full_pings
from lab.scenarios.world import NodeState, World

Document = dict[str, Any]
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HTTP_DEADLINE_S, AGENT_DEADLINE_S = 2.0, 10.0
# Pings take a second; everything an agent reads is as old as the bot's first sample.
AGENT_ANSWERS_S = 1.3
AGENT_READINGS = (
    *("clock", "service", "log", "config", "disk", "local_metrics", "connects", "pings"),
    *("certificates", "full_pings"),
)


def read(world: World) -> Document:
    """Take every reading once."""
    moved = motion(world, leader_of(world))
    nodes = [_node(world, name, moved) for name in world.names]
    return {"schema_version": 1, "cluster": "prod", "started_at": NOON.isoformat(), "nodes": nodes}


def value(of: object, by: str, at_s: float, took_ms: float) -> Document:
    """Return a reading that gave a value."""
    at = (NOON + timedelta(seconds=at_s)).isoformat()
    return {"value": of, "missing": None, "by": by, "at": at, "took_ms": round(took_ms, 2)}


def missing(
    why: str, by: str, at_s: float, took_ms: float = 0.0, *, kind: Literal["timeout", "other"] = "other"
) -> Document:
    """Return a reading that gave none."""
    return {**value(None, by, at_s, took_ms), "missing": why, "kind": kind}


def late(why: str, by: str, at_s: float, took_ms: float) -> Document:
    """Return a reading whose deadline ran out."""
    return missing(why, by, at_s, took_ms, kind="timeout")


def _node(world: World, name: str, moved: Motion) -> Document:
    node = world.nodes[name]
    first, second = moved[name]
    document = {
        "node": name,
        "metrics": _from_bot(world, node, _metrics(world, name, first), sample=0),
        "metrics_again": _from_bot(world, node, _metrics(world, name, second), sample=1),
        "health": _from_bot(world, node, _health(world, name, first), sample=0),
    }
    return document | _from_agent(world, name, moved)


def _from_bot(world: World, node: NodeState, of: Document, *, sample: Literal[0, 1]) -> Document:
    """Return what the bot reads of a page; its paths to the nodes are sound unless the scenario says not."""
    draw, at_s = world.random, sample * SAMPLE_GAP_S
    if not node.host_up or node.metrics_path == "drop" or node.process == "hung":
        return late(f"no answer within {HTTP_DEADLINE_S:g} s", "bot", at_s + HTTP_DEADLINE_S, 2000)
    if node.metrics_path == "unreachable":
        return missing("cannot connect", "bot", at_s, 3.0)
    if node.process in {"stopped", "failed"} or node.metrics_path == "reject" or not node.up[sample]:
        return missing("connection refused", "bot", at_s + 0.01, draw.uniform(0.5, 4))
    took_ms = draw.lognormvariate(math.log(6), 0.5)
    return value(of, "bot", at_s + took_ms / 1000, took_ms)


def _metrics(world: World, name: str, claim: Claim) -> Document:
    failed = failed_members(world, name)
    gossip = world.shows_gossip
    return {
        "role": claim.role if world.shows_role else None,
        "term": claim.term,
        "commit_index": claim.commit_index,
        "applied_index": max(0, claim.commit_index - world.random.choice((0, 0, 0, 1))),
        "elections_total": claim.elections,
        "gossip_healthy": len(world.nodes) - failed if gossip else None,
        "gossip_failed": failed if gossip else None,
    }


def _health(world: World, name: str, claim: Claim) -> Document:
    members = len(world.nodes)
    return {
        "status": "healthy",
        "role": claim.role if world.shows_role else None,
        "term": claim.term,
        "commit_index": claim.commit_index,
        "members": members if world.shows_gossip else None,
        "healthy_members": members - failed_members(world, name) if world.shows_gossip else None,
    }


def _from_agent(world: World, name: str, moved: Motion) -> Document:
    node, by = world.nodes[name], f"agent:{name}"
    if not node.host_up:
        why = f"the agent gave no answer within {AGENT_DEADLINE_S:g} s"
        return {what: late(why, by, AGENT_DEADLINE_S, 10_000) for what in AGENT_READINGS}
    draw = world.random
    readings = {
        "clock": _clock(world, node),
        "service": _service(world, node),
        "log": log_of(world, name, moved),
        "config": _config(world, node),
        "disk": _disk(node),
        "connects": connects(world, name),
        "pings": pings(world, name),
    }
    taken = {what: value(of, by, AGENT_ANSWERS_S, draw.uniform(1, 60)) for what, of in readings.items()}
    local = _local_metrics(world, name, moved[name][0])
    newer = {
        "certificates": certificates(world, name, NOON.timestamp()),
        "full_pings": full_pings(world, name),
    }
    last = {what: value(of, by, AGENT_ANSWERS_S, 30.0) for what, of in newer.items()}
    return {**taken, "local_metrics": local, **last}


def _local_metrics(world: World, name: str, claim: Claim) -> Document:
    by, node = f"agent:{name}", world.nodes[name]
    if node.process == "hung":
        return late("No answer within 2 s.", by, AGENT_ANSWERS_S, 2000)
    if not node.listens:
        return missing("The metrics page refused the connection.", by, AGENT_ANSWERS_S, 1)
    return value(_metrics(world, name, claim), by, AGENT_ANSWERS_S, world.random.uniform(1, 9))


def _clock(world: World, node: NodeState) -> Document:
    error_ms = node.clock_error_ms
    return {
        "offset_ms": round(node.offset_ms + world.random.uniform(-0.8, 0.8) * error_ms, 3),
        "error_ms": round(error_ms, 3),
        "synchronised": True,
        "source": world.random.choice(("10.0.0.250", "ntp.example", "PHC0")),
        "ntp_service_active": node.ntp_active,
    }


def _service(world: World, node: NodeState) -> Document:
    draw = world.random
    crash = node.process == "crashing"
    state = {"stopped": "inactive", "failed": "failed"}.get(node.process, "active")
    if crash and not node.up[0]:
        state = draw.choice(("unknown", "failed"))  # waiting for the next start
    alive = state == "active"
    return {
        "state": state,
        "pid": draw.randint(700, 60_000) if alive else None,
        "started_boottime_s": round(draw.uniform(9e5, 9.1e5) if crash else draw.uniform(30, 8e5), 2),
        "restarts": node.restarts,
        "result": node.result,
    }


def _config(world: World, node: NodeState) -> Document:
    low, high = node.timeout_min_ms, node.timeout_max_ms
    lines = [f"election_timeout_min_ms = {low}", f"election_timeout_max_ms = {high}"]
    if world.single_timeout:
        lines = [f"election_timeout_ms = {low}"]
    hosts = {host: f"10.0.0.{number}" for number, host in enumerate(world.names, start=1)}
    return {
        "path": "/etc/neumann/config.toml",
        "sha256": f"{world.random.getrandbits(256):064x}",
        "election_timeout_min_ms": low,
        "election_timeout_max_ms": None if world.single_timeout else high,
        "heartbeat_interval_ms": world.heartbeat_ms,
        "peers": [
            f"{peer}={hosts.get(host, '10.9.9.9')}:7878" if world.id_form else f"{host}:7878"
            for peer, host in node.listed.items()
        ],
        "election_lines": [{"number": 9 + number, "text": text} for number, text in enumerate(lines)],
    }


def _disk(node: NodeState) -> Document:
    said = asdict(node)
    return {
        "path": "/var/lib/neumann",
        "free_bytes": said["free_bytes"],
        "total_bytes": 500 * 10**9,
        "io_stalled_percent": said["io_stalled_percent"],
    }
