"""What the members' logs hold of the last minute: counts as the agent makes them, and a few lines."""

from __future__ import annotations

from typing import Any

from lab.scenarios.election import (
    STALLED_PERCENT,
    can_persist,
    hears,
    holds_healthy,
    may_campaign,
    outcome,
    pre_voters,
    two_way,
)
from lab.scenarios.motion import Motion, election_pace_s, storm_pace
from lab.scenarios.world import NodeState, World

WINDOW_S = 60.0
ERRORS = ("wal_failed", "disk_space_low", "quorum_lost", "accept_error")
WARNINGS = (
    "stepped_down",
    "member_failed",
    "wal_retrying",
    "tls_failed",
    "peer_mismatch",
    "version_mismatch",
    "rate_limited",
    "asymmetric",
    "heartbeat_failures",
    "validation_failed",
)
INFOS = ("election_started", "election_won", "became_leader")
DEBUGS = ("vote_denied", "vote_denied_log", "vote_denied_unhealthy")
EVENTS = (*INFOS, *DEBUGS, *WARNINGS, *ERRORS)
_SHOWN = {"debug": EVENTS, "info": (*INFOS, *WARNINGS, *ERRORS), "error": ERRORS}
_LINES = {
    "election_started": " INFO tensor_chain::raft: Starting election node_id={node} new_term={term}",
    "became_leader": " INFO tensor_chain::raft: Became leader node_id={node} term={term}",
    "vote_denied_log": "DEBUG tensor_chain::raft: Vote denied node_id={node} term={term} log_ok=false",
    "vote_denied_unhealthy": "DEBUG tensor_chain::raft: Vote denied node_id={node} candidate_healthy=false",
    "wal_failed": "ERROR tensor_chain::raft: WAL persist failed after 3 attempts: {why}",
    "wal_retrying": " WARN tensor_chain::raft: WAL persist failed, retrying attempt=1 max_retries=3",
    "tls_failed": " WARN tensor_chain::tcp::transport: TLS error: TLS handshake failed: certificate Expired",
    "peer_mismatch": " WARN tensor_chain::tcp::transport: handshake failed: peer ID mismatch",
    "quorum_lost": "ERROR tensor_chain::membership: QUORUM LOST - rejecting writes",
}


def log_of(world: World, name: str, moved: Motion) -> dict[str, Any]:
    """Return the summary of one node's log."""
    node = world.nodes[name]
    # A process that is gone wrote its last minute before the fault.
    happened = _happened(world, name, moved) if node.runs else {}
    shown = {event: happened.get(event, 0) for event in EVENTS if event in _SHOWN[world.log_level]}
    counts = {event: max(0, round(shown.get(event, 0))) for event in EVENTS}
    with_term = any(counts[event] for event in (*INFOS, *DEBUGS))
    return {
        "path": "/var/log/neumann/tensor_chain.log",
        "window_s": WINDOW_S,
        "bytes_read": 400 + 110 * sum(counts.values()),
        "counts": counts,
        "highest_term": moved[name][0].term if with_term else None,
        "excerpts": _excerpts(world, name, counts, moved[name][0].term),
        "silent_s": round(_silent_s(world, node, counts), 1),
    }


def _happened(world: World, name: str, moved: Motion) -> dict[str, float]:
    events = _elections(world, name, moved)
    events.update(_complaints(world, name))
    return events


def _elections(world: World, name: str, moved: Motion) -> dict[str, float]:
    draw, state = world.random, outcome(world)
    first, second = moved[name]
    if state == "steady" and second.elections == first.elections:
        won = world.recent_elections if second.role == "leader" else 0
        started = world.recent_elections and draw.randint(0, world.recent_elections) + won
        return {"election_started": started, "election_won": won, "became_leader": won, "stepped_down": won}
    if state == "storm":
        window_s = min(WINDOW_S, world.fault_age_s)
        started = round(storm_pace(world) * window_s) if world.nodes[name].campaigns else 0
        won = min(started, draw.randint(1, 6))
        denied = draw.randint(2, 15)
        step = draw.randint(0, won)
        return {
            "election_started": started,
            "election_won": won,
            "became_leader": won,
            "stepped_down": step,
            "heartbeat_failures": step,
            "vote_denied": denied,
        }
    campaigns = may_campaign(world, name)
    window_s = min(WINDOW_S, world.fault_age_s)
    tried = window_s / election_pace_s(world, name) * draw.uniform(0.8, 1.2) if campaigns else 0.0
    return {"election_started": tried, **_denied(world, name)}


def _denied(world: World, name: str) -> dict[str, float]:
    """Return the votes this member refused."""
    window_s = min(WINDOW_S, world.fault_age_s)
    denied = {"vote_denied": 0.0, "vote_denied_log": 0.0, "vote_denied_unhealthy": 0.0}
    for peer in world.names:
        if not (two_way(world, name, peer) and may_campaign(world, peer)):
            continue
        asked = window_s / election_pace_s(world, peer)
        behind = world.nodes[peer].log_behind > world.nodes[name].log_behind
        unhealthy = not holds_healthy(world, name, peer)
        denied["vote_denied"] += asked if behind or unhealthy or world.tie_break_blocks else asked / 4
        denied["vote_denied_log"] += asked if behind else 0
        denied["vote_denied_unhealthy"] += asked if unhealthy else 0
    return denied


def _complaints(world: World, name: str) -> dict[str, float]:
    draw, node = world.random, world.nodes[name]
    failed = failed_members(world, name)
    healthy = len(world.nodes) - failed
    half = 2 * healthy == len(world.nodes)  # an exact half logs nothing
    tls = [p for p in world.names if p != name and not (node.tls_ok and world.nodes[p].tls_ok)]
    reached = [p for p in tls if world.nodes[p].runs and world.links[p, name, "raft"].mode == "open"]
    strange = [
        p
        for p, peer in world.nodes.items()
        if p != name and peer.runs and peer.listed.get(name) not in {name, None}
    ]
    one_way = [
        p
        for p in world.names
        if p != name
        and world.links[name, p, "gossip"].mode == "open" != world.links[p, name, "gossip"].mode
        and world.nodes[p].runs
    ]
    full = not can_persist(node) and _is_asked_to_write(world, name)
    stalled = node.io_stalled_percent >= STALLED_PERCENT
    return {
        "quorum_lost": draw.randint(6, 14) if healthy < world.quorum and not half else 0,
        "member_failed": failed if world.fault_age_s < WINDOW_S + 10 else 0,
        "tls_failed": sum(draw.randint(20, 70) for _ in reached),
        "peer_mismatch": sum(draw.randint(5, 40) for _ in strange),
        "asymmetric": sum(draw.randint(3, 30) for _ in one_way),
        "wal_failed": draw.randint(8, 70) if full else draw.randint(0, 3) if stalled else 0,
        "disk_space_low": draw.randint(8, 70) if full else 0,
        "wal_retrying": draw.randint(16, 140) if full else draw.randint(4, 40) if stalled else 0,
    }


def _is_asked_to_write(world: World, name: str) -> bool:
    """Return whether an election of its own or a vote of a peer needs its log of record."""
    stands = not world.pre_vote or len(pre_voters(world, name)) + 1 >= world.quorum
    return stands or any(may_campaign(world, peer) and hears(world, name, peer) for peer in world.names)


def failed_members(world: World, name: str) -> int:
    """Return how many peers this member's gossip holds failed."""
    return sum(not holds_healthy(world, name, peer) for peer in world.names if peer != name)


def _silent_s(world: World, node: NodeState, counts: dict[str, int]) -> float:
    draw = world.random
    if not node.runs and node.process != "crashing":
        return world.fault_age_s + draw.uniform(0, 5)
    if node.process == "crashing" or any(counts.values()):
        return draw.uniform(0, 10)
    return draw.uniform(1, 40) if world.log_level == "debug" else draw.uniform(5, 4000)


def _excerpts(world: World, name: str, counts: dict[str, int], term: int) -> list[str]:
    why = f"Disk space low: {world.nodes[name].free_bytes} bytes available, 104857641 required"
    if can_persist(world.nodes[name]):
        why = "operation timed out"
    seen = [line for event, line in _LINES.items() if counts[event]]
    return [f"2026-11-24T12:00:00.218337Z {line.format(node=name, term=term, why=why)}" for line in seen[:5]]
