"""Faults of a process: it is stopped, crashes, replays its log, hangs."""

from __future__ import annotations

from lab.recovery_model.scene import READ_AFTER_S, SERVICE_READ_AT_S, Scene
from lab.recovery_model.service import Unit, crashes
from lab.recovery_model.truth import Play, Truth, goes, so

MIN_RESTARTS = 3
"""Fewer restarts than these are told by nobody from a process that fell once."""


def _stopped_by_hand(scene: Scene) -> Truth:
    host = scene.victim()
    goes(scene, host, Unit("inactive", None))
    return so("node_stopped", starts=(host.name,))


def _killed_once(scene: Scene) -> Truth:
    host = scene.victim()
    goes(scene, host, Unit("failed", None, result=scene.draw.choice(("signal", "core-dump", "oom-kill"))))
    return so("node_stopped", starts=(host.name,))


def _masked(scene: Scene) -> Truth:
    goes(scene, scene.victim(), Unit("inactive", None, load="masked"))
    return so("node_stopped")


def _two_of_five(scene: Scene) -> Truth:
    struck = scene.draw.sample(scene.followers, 2)
    for host in struck:
        goes(scene, host, Unit("inactive", None))
    return so("node_stopped", starts=tuple(host.name for host in struck))


def _no_room(scene: Scene) -> Truth:
    host = scene.victim()
    host.free_bytes, host.counts = scene.draw.uniform(0, 90e6), {"disk_space_low": 3, "wal_failed": 3}
    goes(scene, host, Unit("failed", None, result="exit-code"))
    return so("no_room_to_run")


def _broken_file(scene: Scene) -> Truth:
    host = scene.victim()
    host.malformed = True
    goes(scene, host, Unit("failed", None, result="exit-code"))
    return so("config_broken")


def _damaged_log(scene: Scene) -> Truth:
    host = scene.victim()
    host.counts = {"wal_damaged": scene.draw.randint(1, 4)}
    goes(scene, host, Unit("failed", None, result="exit-code"))
    return so("log_damaged")


def _loops(scene: Scene, result: str, *causes: str) -> Truth:
    host = scene.victim()
    host.crashes = crashes(scene.draw, result, READ_AFTER_S)
    host.queue.away, host.silent_s = True, scene.draw.uniform(0, 20)
    unit = host.unit_at(SERVICE_READ_AT_S)
    if unit.restarts >= MIN_RESTARTS:
        return so("keeps_crashing", *causes)
    # It has fallen once or twice: at this look it is what anybody sees of it.
    seen = {"active": ("all_serve", "stays_behind", "not_serving_yet"), "failed": ("node_stopped",)}
    return so("keeps_crashing", *causes, *seen.get(unit.state, ()))


def _crash_loop(scene: Scene) -> Truth:
    return _loops(scene, scene.draw.choice(("exit-code", "signal", "core-dump")))


def _memory_loop(scene: Scene) -> Truth:
    return _loops(scene, "oom-kill", "out_of_memory")


def _damaged_loop(scene: Scene) -> Truth:
    truth = _loops(scene, "exit-code", "log_damaged")
    next(host for host in scene.hosts if host.crashes).counts = {"wal_damaged": 2}
    return truth


def _full_loop(scene: Scene) -> Truth:
    truth = _loops(scene, "exit-code", "no_room_to_run")
    struck = next(host for host in scene.hosts if host.crashes)
    struck.free_bytes = scene.draw.uniform(0, 90e6)
    return truth


def _replays(scene: Scene) -> Truth:
    host = scene.victim()
    host.queue.away = True
    scene.passes(30, 300)
    host.unit = Unit(running_s=scene.passes(1, 90), serves=False, restarts=scene.draw.randint(0, 1))
    host.silent_s = scene.draw.uniform(0, 30)
    return so("not_serving_yet")


def _hung(scene: Scene) -> Truth:
    host = scene.victim()
    host.queue.away = True
    host.hung_s = scene.passes(20, 600)
    host.silent_s = host.hung_s + scene.draw.uniform(0, 5)
    return so("node_hangs", restart=host.name)


def _page_hangs(scene: Scene) -> Truth:
    scene.victim().page_hangs = True
    return so()


def _stopped_beside_slow(scene: Scene) -> Truth:
    gone, slow = scene.draw.sample(scene.followers, 2)
    goes(scene, gone, Unit("inactive", None))
    slow.queue.applies = scene.offered * scene.draw.uniform(0.2, 0.8)
    scene.passes(60, 300)
    return so("node_stopped", "stays_behind", starts=(gone.name,))


def _hung_beside_stopped(scene: Scene) -> Truth:
    hung, gone = scene.draw.sample(scene.followers, 2)
    goes(scene, gone, Unit("inactive", None))
    hung.queue.away = True
    hung.hung_s = scene.passes(20, 600)
    hung.silent_s = hung.hung_s
    # Of five, three stay without the one that hangs; it is a majority as long as they are all level.
    return so("node_hangs", "node_stopped", starts=(gone.name,), restart=hung.name)


def _two_hung(scene: Scene) -> Truth:
    struck = scene.draw.sample(scene.followers, 2)
    for host in struck:
        host.queue.away = True
    lasted_s = scene.passes(20, 600)
    for host in struck:
        host.hung_s = host.silent_s = lasted_s
    # What hangs two at once hangs them again; of one alone, nobody would know.
    either = frozenset(("restart_service", host.name) for host in struck)
    return Truth(frozenset({"node_hangs"}), also_helps=either)


def _no_leader(scene: Scene) -> Truth:
    scene.is_led = False
    needed = len(scene.hosts) // 2 + 1
    for host in [scene.leader, *scene.followers][:needed]:
        goes(scene, host, Unit("failed", None, result="signal"))
    return so("leader_first")


PROCESS_FAULTS: dict[str, Play] = {
    "stopped by hand": _stopped_by_hand,
    "killed once": _killed_once,
    "masked": _masked,
    "two of five": _two_of_five,
    "no room": _no_room,
    "broken file": _broken_file,
    "damaged log": _damaged_log,
    "crash loop": _crash_loop,
    "memory loop": _memory_loop,
    "damaged loop": _damaged_loop,
    "full loop": _full_loop,
    "replays": _replays,
    "hung": _hung,
    "page hangs": _page_hangs,
    "stopped beside slow": _stopped_beside_slow,
    "hung beside stopped": _hung_beside_stopped,
    "two hung": _two_hung,
    "no leader": _no_leader,
}
