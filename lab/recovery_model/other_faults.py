"""Faults around a process that runs: host, network, what it has to catch up with, and false witnesses."""

from __future__ import annotations

from dataclasses import replace

from lab.recovery_model.scene import Scene
from lab.recovery_model.service import Unit
from lab.recovery_model.truth import Play, Truth, goes, so


def _sound(scene: Scene) -> Truth:
    scene.passes(5, 60)
    return so("all_serve")


def _restarted_long_ago(scene: Scene) -> Truth:
    host = scene.victim()
    host.unit = replace(host.unit, restarts=scene.draw.randint(3, 40))
    return so("all_serve")


def _off(scene: Scene) -> Truth:
    host = scene.victim()
    host.off = host.queue.away = True
    scene.passes(20, 400)
    return so("node_unreachable")


def _unseen(scene: Scene) -> Truth:
    scene.victim().unseen = scene.draw.choice(("no answer within 2 s", "connection refused"))
    return so("page_unseen")


def _cut(scene: Scene) -> Truth:
    host = scene.victim()
    host.cut = host.queue.cut = True
    host.refuses, host.stands = scene.draw.random() < 0.3, scene.draw.random() < 0.5
    scene.passes(20, 300)
    return so("not_following", "stays_behind")


def _back_again(scene: Scene) -> Truth:
    host = scene.victim()
    host.queue.away = True
    scene.passes(60, 400)
    host.queue.away = False
    host.queue.applies = scene.offered * scene.draw.uniform(1.3, 3)
    host.unit = Unit(running_s=scene.passes(1, 15))
    return so("closing_the_gap")


def _snapshot_fails(scene: Scene) -> Truth:
    host = scene.victim()
    # The leader has compacted what it lacks (Raft, section 7): it receives nothing until a snapshot is there.
    host.queue.away = True
    lasted_s = scene.passes(320, 900)
    host.unit = replace(host.unit, running_s=lasted_s + scene.draw.uniform(300, 90_000))
    teller = host if scene.draw.random() < 0.7 else scene.leader
    teller.counts, teller.silent_s = {"snapshot_failed": 1}, scene.draw.uniform(1, 290)
    host.unit = replace(host.unit, serves=True)
    return so("snapshot_stuck")


def _slow(scene: Scene) -> Truth:
    host = scene.victim()
    host.queue.applies = scene.offered * scene.draw.uniform(0.2, 0.8)
    scene.passes(60, 400)
    return so("stays_behind")


def _full_and_running(scene: Scene) -> Truth:
    host = scene.victim()
    host.queue.writes, host.free_bytes = 0.0, scene.draw.uniform(0, 90e6)
    host.counts, host.silent_s = {"wal_failed": 20}, 0.5
    scene.passes(60, 300)
    return so("no_room_to_run")


def _rejects_all(scene: Scene) -> Truth:
    host = scene.victim()
    host.cut = host.queue.cut = host.refuses = True
    host.unseen = "connection refused"
    scene.passes(20, 300)
    return so()  # what rejects everybody and an agent that lies of a process that is gone look the same


def _agent_calls_it_failed(scene: Scene) -> Truth:
    scene.victim().told = Unit("failed", None, result="exit-code")
    return so("all_serve")


def _agent_calls_it_active(scene: Scene) -> Truth:
    host = scene.victim()
    told = host.unit
    goes(scene, host, Unit("failed", None, result="signal"))
    host.told = told
    return so()


def _old_damage(scene: Scene) -> Truth:
    """Let it be mended: the process was started after those lines, and has written nothing since."""
    host = scene.victim()
    since_s = scene.draw.uniform(100, 600)
    host.unit = replace(host.unit, running_s=since_s)
    host.counts, host.silent_s = {"wal_damaged": 1}, since_s + scene.draw.uniform(10, 200)
    return so("all_serve")


def _damaged_and_running(scene: Scene) -> Truth:
    """Let a write meet the damage: the process goes on, as long as nobody restarts it."""
    host = scene.victim()
    host.counts, host.silent_s = {"wal_damaged": 1, "wal_failed": 1}, scene.draw.uniform(0, 200)
    return so("log_damaged")


OTHER_FAULTS: dict[str, Play] = {
    "sound": _sound,
    "restarted long ago": _restarted_long_ago,
    "off": _off,
    "unseen": _unseen,
    "cut": _cut,
    "back again": _back_again,
    "snapshot fails": _snapshot_fails,
    "slow": _slow,
    "full and running": _full_and_running,
    "rejects all": _rejects_all,
    "agent calls it failed": _agent_calls_it_failed,
    "agent calls it active": _agent_calls_it_active,
    "old damage": _old_damage,
    "damaged and running": _damaged_and_running,
}
