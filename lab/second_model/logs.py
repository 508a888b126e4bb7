"""What the logs of such a world hold: their age, their level, and complaints at the rate of what goes on."""

from __future__ import annotations

from random import Random
from typing import Any

from lab.second_model.world import World, electable, failed, serves, shakes_hands, talk, writes

WARNINGS = frozenset(
    {"tls_failed", "version_mismatch", "peer_mismatch", "wal_retrying", "member_failed", "stepped_down"}
)
ERRORS = frozenset({"wal_failed", "disk_space_low", "quorum_lost", "accept_error"})
LINES = {
    "tls_failed": "Failed to handle incoming connection from ADDR: TLS error: TLS handshake failed: {why}",
    "version_mismatch": "Failed to handle incoming connection from ADDR: unsupported protocol version 2",
    "peer_mismatch": "Failed to connect: peer ID mismatch: expected other, got this",
    "accept_error": "Accept error: Too many open files (os error 24)",
    "wal_failed": "WAL persist failed after 3 attempts: {errno}",
    "quorum_lost": "QUORUM LOST - rejecting writes",
}


def log_of(world: World, draw: Random, name: str, *, storms: bool) -> dict[str, Any]:
    """Return the summary of one node's log."""
    member = world.members[name]
    counts, silent_s = _now(world, draw, name, storms=storms), draw.uniform(0, 8)
    seen = {
        "error": ERRORS,
        "warn": ERRORS | WARNINGS,
        "debug": frozenset(counts),
    }[world.log_level]
    counts = {event: count for event, count in counts.items() if count and event in seen}
    if not serves(member):
        counts, silent_s = {}, member.since_s if member.process != "crashing" else 3.0
    elif not counts:
        silent_s = draw.uniform(0, 200_000)
        if world.old_lines:
            counts, silent_s = dict(world.old_lines), draw.uniform(4_000, 300_000)
    if world.probe_lines and serves(member) and world.log_level != "error":
        counts["tls_failed"] = counts.get("tls_failed", 0) + len(world.names) - 1
        silent_s = draw.uniform(0, 8)
    return {
        "path": "/var/log/neumann/tensor_chain.log",
        "window_s": 60.0,
        "bytes_read": 4_000,
        "counts": counts,
        "highest_term": None,
        "excerpts": [_line(world, name, event) for event in counts if event in LINES][:5],
        "silent_s": silent_s,
    }


def _now(world: World, draw: Random, name: str, *, storms: bool) -> dict[str, int]:
    member = world.members[name]
    others = [peer for peer in world.names if peer != name and serves(world.members[peer])]
    strangers = [peer for peer in others if not shakes_hands(member, world.members[peer])]
    reached = [peer for peer in strangers if world.links[peer, name].raft == "open"]
    tls = [peer for peer in reached if not (member.accepted and world.members[peer].accepted)]
    # Whoever dials learns the id of who answers, and refuses another than it dialled.
    doubles = [
        peer for peer in others if not world.members[peer].own_id and world.links[name, peer].raft == "open"
    ]
    alone = not any(talk(world, name, peer) for peer in others) or not electable(world)
    return {
        "tls_failed": sum(draw.randint(20, 60) for _ in tls),
        "version_mismatch": sum(draw.randint(20, 60) for peer in reached if peer not in tls),
        "peer_mismatch": sum(draw.randint(20, 60) for _ in doubles),
        "accept_error": 0 if member.has_files else draw.randint(300, 1_500),
        "wal_failed": 0 if writes(member) else draw.randint(20, 80),
        "disk_space_low": draw.randint(20, 80) if member.free_bytes < 100 * 2**20 else 0,
        "quorum_lost": draw.randint(5, 12) if alone and failed(world, name) >= world.quorum else 0,
        "election_started": draw.randint(60, 200) if storms else 0,
    }


def _line(world: World, name: str, event: str) -> str:
    errno = world.members[name].errno
    said = f"write error (os error {errno})" if errno else "Disk space low: 1024 bytes available"
    probed = world.probe_lines and all(member.accepted for member in world.members.values())
    why = "tls handshake eof" if probed else "invalid peer certificate: Expired"
    return f"2026-11-24T12:00:00.218337Z WARN tensor_chain: {LINES[event].format(why=why, errno=said)}"
