"""The host that runs out is the leader: who else could lead, and whether that would spare the writes.

What is so is played and not judged: the days to come pass under the leader of now, and under each follower.
Writes are taken while the leader has room, and a majority that hears it has as well.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from lab.capacity_model.faults import Scene
from lab.capacity_model.host import GIB, Host

Document = dict[str, Any]
Pair = tuple[str, str]
LOG_STOPS_BYTES = 100 * 2**20
ROOMY_BYTES = 10 * GIB
"""Neumann's alert on the disk fires below it."""

TRANSFER_FITS_H = 1.0
"""In less, two people have hardly read the plan: handing over then helps and need not be offered."""

SURELY_H, PERHAPS_H = 18.0, 72.0
"""Writes that are lost sooner than the one want a transfer; those lost later than the other want none."""


@dataclass
class Standing:
    """How the members stand to each other at the reading.

    Args:
        leader: Who leads.
        names: Every member.
        down: Whose process is stopped.
        cut: The links that are down, both ways.
        behind: How many entries a member lacks.
        claims: Who else says that it leads, in a later term.
        led_before: Who led at the first of the two samples, if it was another.
        can_hand_on: Whether the agents have Neumann's command line.
    """

    leader: str
    names: tuple[str, ...]
    down: set[str] = field(default_factory=set)
    cut: set[Pair] = field(default_factory=set)
    behind: dict[str, int] = field(default_factory=dict)
    claims: str = ""
    led_before: str = ""
    can_hand_on: bool = True

    def hears(self, one: str, other: str) -> bool:
        """Return whether two members reach each other."""
        return not self.cut & {(one, other), (other, one)} and not self.down & {one, other}

    def is_whole(self) -> bool:
        """Return whether any member could be elected now: a lost transfer then costs a moment alone."""
        hear = all(self.hears(*pair) for pair in permutations(self.names, 2))
        return hear and not self.behind and not self.claims and not self.led_before


Twist = Callable[[Standing, Scene], None]


def _as_it_is(_: Standing, __: Scene) -> None:
    pass


def _one_is_down(standing: Standing, scene: Scene) -> None:
    standing.down.add(scene.hosts[0].name)


def _link_is_cut(standing: Standing, scene: Scene) -> None:
    standing.cut.add((scene.hosts[0].name, scene.hosts[1].name))


def _one_lags(standing: Standing, scene: Scene) -> None:
    standing.behind[scene.hosts[0].name] = scene.draw.randint(100, 50_000)


def _another_claims(standing: Standing, scene: Scene) -> None:
    standing.claims = scene.hosts[0].name


def _led_by_another(standing: Standing, scene: Scene) -> None:
    standing.led_before = scene.hosts[0].name


def _no_command(standing: Standing, _: Scene) -> None:
    standing.can_hand_on = False


def _another_is_full(_: Standing, scene: Scene) -> None:
    _is_small(scene, scene.hosts[0])


def _all_are_full(_: Standing, scene: Scene) -> None:
    for host in scene.hosts[:-1]:
        _is_small(scene, host)


def _is_small(scene: Scene, host: Host) -> None:
    """Leave little on a follower, which stays as it is."""
    host.data_per_h, scene.free_bytes[host.name] = 0.0, scene.draw.uniform(4, 9.5) * GIB


TWISTS: dict[str, Twist] = {
    "whole": _as_it_is,
    "one is down": _one_is_down,
    "a link is cut": _link_is_cut,
    "one lags": _one_lags,
    "another claims to lead": _another_claims,
    "led by another before": _led_by_another,
    "no command": _no_command,
    "another is nearly full": _another_is_full,
    "all are nearly full": _all_are_full,
}
SHORT_OF_ROOM = ("another is nearly full", "all are nearly full")
"""The twists by which followers have little left, and it does not become less."""


def spared_by(standing: Standing, hosts: Sequence[Host]) -> tuple[tuple[str, ...], bool]:
    """Return under whom writes would last that end soon otherwise, and whether one must be offered.

    It must not where a follower is short of room too: that one is for people to weigh.
    """
    if not standing.is_whole() or not standing.can_hand_on:
        return (), False
    now_h = writes_end_h(standing, hosts, standing.leader)
    others = (name for name in standing.names if name != standing.leader)
    spared = tuple(name for name in others if writes_end_h(standing, hosts, name) > PERHAPS_H)
    if not 0 < now_h < PERHAPS_H:
        return (), False
    roomy = all(host.free_bytes(0.0) > ROOMY_BYTES for host in hosts if host.name != standing.leader)
    return spared, roomy and TRANSFER_FITS_H < now_h < SURELY_H


def writes_end_h(standing: Standing, hosts: Sequence[Host], leader: str) -> float:
    """Return for how many hours from now writes are taken under a leader; what lasts lasts for four days."""
    future, step_h = [copy(host) for host in hosts], 0.25
    for step in range(int(96 / step_h)):
        hour = step * step_h
        room = {host.name for host in future if host.free_bytes(hour) > LOG_STOPS_BYTES}
        heard = [name for name in room if name == leader or standing.hears(leader, name)]
        if leader not in room or len(heard) <= len(hosts) // 2:
            return hour
        for host in future:
            host.passes(hour, step_h)
    return 96.0


def placed(read: Document, standing: Standing, draw: random.Random) -> Document:
    """Return the document with roles, terms, one log for all, links, and what the agents carry out."""
    newest = draw.randint(10**5, 10**8)
    return {**read, "nodes": [_placed(node, standing, newest) for node in read["nodes"]]}


def _placed(node: Document, standing: Standing, newest: int) -> Document:
    name = node["node"]
    first = standing.led_before or standing.leader
    pages = {"metrics": first, "metrics_again": standing.leader, "local_metrics": standing.leader}
    changed = {key: _page(node[key], standing, name, leads, newest) for key, leads in pages.items()}
    role = changed["metrics_again"]["value"]["role"]
    health = {**node["health"], "value": {**node["health"]["value"], "role": role}}
    connects = [_connect(each, standing, name) for each in node["connects"]["value"]]
    done = ["clock_sync", "start_service", *(["transfer_leadership"] if standing.can_hand_on else [])]
    found = {
        **node,
        **changed,
        "health": health,
        "connects": {**node["connects"], "value": connects},
        "actions": {**node["connects"], "value": done},
    }
    return _stopped(found) if name in standing.down else found


def _page(read: Document, standing: Standing, name: str, leads: str, newest: int) -> Document:
    term = 13 if name == standing.claims else 12
    role = "leader" if name in (leads, standing.claims) else "follower"
    index = newest - standing.behind.get(name, 0)
    return {**read, "value": {**read["value"], "role": role, "term": term, "commit_index": index,
                              "applied_index": index}}  # fmt: skip


def _connect(each: Document, standing: Standing, name: str) -> Document:
    if each["peer"] in standing.down:
        return {**each, "result": "refused"}
    return (
        each if name in standing.down or standing.hears(name, each["peer"]) else {**each, "result": "timeout"}
    )


def _stopped(node: Document) -> Document:
    lost = {
        key: {**node[key], "value": None, "missing": "refused the connection", "kind": "refused"}
        for key in ("metrics", "metrics_again", "local_metrics", "health")
    }
    service = {**node["service"]["value"], "state": "inactive", "pid": None, "running_s": None}
    return {**node, **lost, "service": {**node["service"], "value": service}}


def twists() -> Iterator[str]:
    """Yield every twist; the whole cluster twice, since that is where a button belongs."""
    yield "whole"
    yield from TWISTS
