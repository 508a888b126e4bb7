"""What the bot and the agents read of such a world, with what is physics of systemd and chrony."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from lab.second_model.link_readings import connects, pings
from lab.second_model.logs import log_of
from lab.second_model.port_readings import port_readings
from lab.second_model.world import World, churns, electable, failed, late, serves, writes

Document = dict[str, Any]
BOTS = ("metrics", "metrics_again", "health")
AGENTS = (
    *("clock", "service", "log", "config", "disk", "local_metrics", "connects", "pings"),
    *("certificates", "full_pings", "wall_clock"),
)
"""What an agent must answer for; the wall clock is the bot's own look at what it answers."""

BOTS_CLOCK_MS, HALF_ROUND_TRIP_MS = 2.0, 8.0
"""How far the bot's clock is behind, and what its bracket leaves open (Cristian, 1989)."""

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def read(world: World, draw: Random, *, led: bool) -> Document:
    """Take every reading once; `led` is whether one leader stays throughout."""
    able = electable(world)
    leader = draw.choice(able) if able and led else None
    # Under pre-vote nobody stands whom no majority would vote for, or whose answers come too late.
    silent = draw.random() < 0.3 and (not able or late(world))
    storms = not led and (not able or churns(world)) and not silent
    return {
        "schema_version": 1,
        "cluster": "second",
        "started_at": NOON.isoformat(),
        "nodes": [_node(world, draw, name, leader, storms=storms) for name in world.names],
    }


def _read(value: object, by: str, took_ms: float = 5.0, at_s: float = 0.0) -> Document:
    at = (NOON + timedelta(seconds=at_s)).isoformat()
    return {"value": value, "missing": None, "by": by, "at": at, "took_ms": took_ms}


def _unread(why: str, by: str) -> Document:
    return {**_read(None, by), "missing": why}


def _node(world: World, draw: Random, name: str, leader: str | None, *, storms: bool) -> Document:
    member, by = world.members[name], f"agent:{name}"
    pages = _pages(world, draw, name, leader, storms=storms)
    refused, late = "connection refused", "no answer within 2 s"
    if member.process == "off":
        return _of_a_dead_host(name, by)
    if not serves(member):
        why = late if member.process == "hung" else refused
        done = "did not answer within 2 s" if why == late else "refused the connection"
        here = f"http://127.0.0.1:9090/metrics {done}."
        bot = dict.fromkeys(BOTS, _unread(why, "bot"))
        local = _unread(here, by)
    else:
        bot = {
            "metrics": _read(pages[0], "bot"),
            "metrics_again": _read(pages[1], "bot", at_s=1.6),
            "health": _read({"status": "healthy", "role": pages[0]["role"], "term": pages[0]["term"]}, "bot"),
        }
        local = _read(pages[1], by)
    if not member.agent:
        gone = _unread("the agent cannot be reached (connection refused)", by)
        return {"node": name, **bot, **dict.fromkeys(AGENTS, gone)}
    took_ms = 1_400.0 if member.starved else 60.0
    return {
        "node": name,
        **bot,
        "local_metrics": local,
        "clock": _clock(world, name, by),
        "wall_clock": _read(
            {"ahead_ms": member.offset_ms + BOTS_CLOCK_MS, "error_ms": HALF_ROUND_TRIP_MS}, "bot"
        ),
        "service": _service(world, name, by),
        "log": _read(log_of(world, draw, name, storms=storms), by),
        "config": _read(_config(world, name), by),
        "disk": _read(_disk(world, name), by),
        "connects": _read(connects(world, draw, name), by, took_ms),
        "pings": _read(pings(world, draw, name), by),
        **{what: _read(of, by) for what, of in port_readings(world, name, NOON.timestamp(), draw).items()},
    }


def _of_a_dead_host(name: str, by: str) -> Document:
    asked = dict.fromkeys(BOTS, _unread("no answer within 2 s", "bot"))
    gone = _unread("the agent gave no answer within 10 s", by)
    return {"node": name, **asked, **dict.fromkeys(AGENTS, gone)}


def _pages(
    world: World, draw: Random, name: str, leader: str | None, *, storms: bool
) -> tuple[Document, Document]:
    index = world.members[name].log_index
    stands = storms and writes(world.members[name])
    added = draw.randint(2, 5) if stands else 0
    role = "leader" if name == leader else "candidate" if stands and draw.random() < 0.5 else "follower"
    moved = 40 if leader and writes(world.members[name]) and not world.stuck else 0
    first = {
        "role": role,
        "term": 12,
        "commit_index": index,
        "applied_index": index,
        "elections_total": 40,
        "gossip_healthy": len(world.names) - failed(world, name),
        "gossip_failed": failed(world, name),
    }
    second = {**first, "commit_index": index + moved, "elections_total": 40 + added}
    if storms:
        second["term"] = 12 + added
    return first, second


def _clock(world: World, name: str, by: str) -> Document:
    member = world.members[name]
    value = {"offset_ms": member.offset_ms, "error_ms": 4.0, "synchronised": True, "source": "192.0.2.2"}
    match member.chrony:
        case "unread":
            return _unread("No answer within 2 s.", by)
        case "no_source":
            value = {"offset_ms": 0.0, "error_ms": 1500.0, "synchronised": False, "source": ""}
        case "local":
            value = {"offset_ms": 0.0, "error_ms": 0.0, "synchronised": True, "source": "7F7F0101"}
        case _:
            pass
    return _read(value, by)


def _service(world: World, name: str, by: str) -> Document:
    member = world.members[name]
    if not member.manager:
        return _unread("systemctl could not be run.", by)
    stopped = member.process == "stopped"
    crashing = member.process == "crashing"
    # systemd resets its result at each start, so a service that is up again says success.
    return _read(
        {
            "state": "failed" if stopped else "active",
            "boot_id": f"boot-{name}",
            "running_s": None if stopped else 3.0 if crashing else member.since_s,
            "pid": None if stopped else 4711,
            "restarts": 31 if crashing else 0,
            "result": "signal" if stopped else "success",
        },
        by,
    )


def _config(world: World, name: str) -> Document:
    low, high = world.timeouts_ms or (None, None)
    return {
        "path": "/etc/neumann/config.toml",
        "sha256": "ab" * 32,
        "election_timeout_min_ms": low,
        "election_timeout_max_ms": high,
        "heartbeat_interval_ms": world.heartbeat_ms,
        "peers": [_peer(world, name, peer) for peer in _listed(world, name)],
    }


def _listed(world: World, name: str) -> list[str]:
    if world.members[name].peer_form == "seeds":
        return list(world.names[:2])
    return [peer for peer in world.names if peer != name and peer not in world.members[name].lacks]


def _peer(world: World, name: str, peer: str) -> str:
    port = 7979 if world.members[name].wrong_port else 7878
    address = f"10.0.0.{world.names.index(peer) + 1}"
    match world.members[name].peer_form:
        case "domain":
            return f"{peer.upper()}.example.net.:{port}"
        case "address":
            return f"{address}:{port}"
        case "id":
            return f"{peer}={address}:{port}"
        case _:
            return f"{peer}:{port}"


def _disk(world: World, name: str) -> Document:
    member = world.members[name]
    return {
        "path": "/var/lib/neumann",
        "free_bytes": member.free_bytes,
        "total_bytes": 500_000_000_000,
        "io_stalled_percent": member.stalled_percent,
        **({} if member.free_inodes is None else {"free_inodes": member.free_inodes}),
        **({"read_only": True} if member.read_only else {}),
    }
