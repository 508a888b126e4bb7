"""What the bot and the agents read of a scene: pages, services, logs, disks, connects and pings."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.recovery_model.scene import SERVICE_READ_AT_S, Host, Scene

Document = dict[str, Any]
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SAMPLE_GAP_S = 1.5
PINGS = 20
TERM = 12

GOSSIP_FAILED_AFTER_S = 6.0
"""Suspected after a ping that is lost, failed after `suspect_timeout_ms` (3 s) more, with some to spare."""


def document(scene: Scene) -> Document:
    """Return the evidence document of a scene that goes on while it is read."""
    first = [_page(scene, host, 0.0) for host in scene.hosts]
    scene.flow(SAMPLE_GAP_S)
    second = [_page(scene, host, SAMPLE_GAP_S) for host in scene.hosts]
    nodes = [_node(scene, *read) for read in zip(scene.hosts, first, second, strict=True)]
    return {"schema_version": 1, "cluster": "recovery", "started_at": NOON.isoformat(), "nodes": nodes}


def _read(value: object, by: str, at_s: float = 0.0) -> Document:
    at = (NOON + timedelta(seconds=at_s)).isoformat()
    return {"value": value, "missing": None, "by": by, "at": at, "took_ms": 5.0}


def _unread(why: str, by: str, at_s: float = 0.0) -> Document:
    return {**_read(None, by, at_s), "missing": why}


def _page(scene: Scene, host: Host, moment_s: float) -> Document:
    """Return what a node's page says, whoever gets to read it."""
    leads = host is scene.leader and scene.is_led
    stands = host.cut and host.stands
    away = sum(_is_failed(scene, peer, host) for peer in scene.hosts if peer is not host)
    fresh = host.crashes is not None
    return {
        "role": "leader" if leads else "candidate" if stands else "follower",
        # A node that stands again and again raises its own term (Raft 5.2).
        "term": TERM + (7 + int(moment_s * 2) if stands else 0),
        "commit_index": int(host.queue.commit),
        "applied_index": int(host.queue.applied),
        "elections_total": 0 if fresh else 4,
        "gossip_healthy": len(scene.hosts) - away,
        "gossip_failed": away,
    }


def _is_failed(scene: Scene, peer: Host, by: Host) -> bool:
    """Return whether one node's gossip holds another failed: nothing comes back from it for long enough."""
    if by.cut or peer.cut:
        return True
    hung = peer.hung_s > GOSSIP_FAILED_AFTER_S
    return hung or not peer.listens_at(0.0)


def _node(scene: Scene, host: Host, first: Document, second: Document) -> Document:
    by = f"agent:{host.name}"
    bots = {
        "metrics": _bots(host, first, 0.0),
        "metrics_again": _bots(host, second, SAMPLE_GAP_S),
        "health": _bots(host, {"status": "healthy", "role": second["role"], "term": second["term"]}, 0.5),
    }
    if host.off:
        late = _unread("the agent gave no answer within 10 s", by)
        return {"node": host.name, **bots, **dict.fromkeys(_OF_AGENTS, late)}
    log = {"path": "/var/log/neumann/tensor_chain.log", "window_s": 60, "bytes_read": 900}
    config = {"path": "/etc/neumann/config.toml", "sha256": "ab" * 32}
    disk = {"path": "/var/lib/neumann", "free_bytes": int(host.free_bytes), "total_bytes": 10**11}
    return {
        "node": host.name,
        **bots,
        "local_metrics": _own(host, second, by),
        "clock": _read({"offset_ms": 0.3, "error_ms": 3.0, "synchronised": True, "source": "192.0.2.2"}, by),
        "service": _read(_service(host), by),
        "log": _read({**log, "counts": host.counts, "silent_s": host.silent_s}, by),
        "config": _read({**config, **({"malformed": True} if host.malformed else {})}, by),
        "disk": _read({**disk, "io_stalled_percent": scene.draw.uniform(0, 8)}, by),
        "connects": _read([_connect(host, peer) for peer in scene.hosts if peer is not host], by),
        "pings": _read([_ping(scene.draw, host, peer) for peer in scene.hosts if peer is not host], by),
    }


_OF_AGENTS = ("local_metrics", "clock", "service", "log", "config", "disk", "connects", "pings")


def _bots(host: Host, value: Document, at_s: float) -> Document:
    """Return what the bot gets: a closed port refuses, a dead host or a process that hangs says nothing."""
    if host.off or host.hung_s or host.page_hangs:
        return _unread("no answer within 2 s", "bot", at_s)
    if host.unseen:
        return _unread(host.unseen, "bot", at_s)
    if not host.listens_at(at_s):
        return _unread("connection refused", "bot", at_s)
    return _read(value, "bot", at_s)


def _own(host: Host, value: Document, by: str) -> Document:
    """Return what its agent gets of the page."""
    if host.hung_s or host.page_hangs:
        return _unread("http://127.0.0.1:9090/metrics did not answer within 2 s.", by)
    if not host.listens_at(SERVICE_READ_AT_S) and not (host.told and host.told.serves):
        return _unread("http://127.0.0.1:9090/metrics refused the connection.", by)
    return _read(value, by, SAMPLE_GAP_S)


def _service(host: Host) -> Document:
    unit = host.told or host.unit_at(SERVICE_READ_AT_S)
    runs = unit.state == "active"
    shown = {
        "state": unit.state,
        "boot_id": f"boot-{host.name}",
        "pid": 4711 if runs else None,
        "running_s": unit.running_s if runs else None,
        "restarts": unit.restarts,
        "result": unit.result,
    }
    return shown if unit.load is None else {**shown, "load": unit.load}


def _connect(host: Host, peer: Host) -> Document:
    result = "open" if peer.listens_at(0.7) else "refused"
    if host.cut or peer.cut:
        result = "refused" if (host if host.cut else peer).refuses else "timeout"
    if peer.off:
        result = "timeout"
    return {"peer": peer.name, "port": "raft", "result": result, "latency_ms": None}


def _ping(draw: random.Random, host: Host, peer: Host) -> Document:
    # Rules for ports leave pings alone, and cut cables do not.
    passes = not peer.off and not ((host.cut or peer.cut) and draw.random() < 0.5)
    return {"peer": peer.name, "sent": PINGS, "received": PINGS if passes else 0}
