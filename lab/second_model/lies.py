"""Lies: one source that says what is not so, by a bug, a cache, a proxy or a bad day."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from lab.second_model.readings import BOTS, Document

Node = dict[str, Any]
Lie = Callable[[Random, Node], None]


def _connects(result: str) -> Lie:
    def lie(draw: Random, node: Node) -> None:
        del draw
        for connect in node["connects"]["value"] or ():
            connect["result"] = result

    return lie


def _service(state: str, restarts: int = 0, result: str = "success") -> Lie:
    def lie(draw: Random, node: Node) -> None:
        del draw
        service, served = node["service"]["value"], node["metrics"]["value"]
        if service and served:  # of a process that is not there, its manager is the only witness
            service.update(state=state, restarts=restarts, result=result)

    return lie


def _pages(**values: object) -> Lie:
    def lie(draw: Random, node: Node) -> None:
        del draw
        for kind in (*BOTS, "local_metrics"):
            if page := node[kind]["value"]:
                page.update({key: value for key, value in values.items() if key in page})

    return lie


def _clock(draw: Random, node: Node) -> None:
    if node["clock"]["value"]:
        node["clock"]["value"].update(
            offset_ms=draw.choice((-1, 1)) * draw.uniform(900, 50_000), synchronised=True, source="192.0.2.9"
        )


def _right_clock(draw: Random, node: Node) -> None:
    del draw
    if node["clock"]["value"]:
        node["clock"]["value"].update(offset_ms=0.0, error_ms=1.0, synchronised=True, source="192.0.2.9")


def _wall_clock(draw: Random, node: Node) -> None:
    if node["wall_clock"]["value"]:
        node["wall_clock"]["value"]["ahead_ms"] = draw.choice((-1, 1)) * draw.uniform(900, 50_000)


def _log(event: str) -> Lie:
    def lie(draw: Random, node: Node) -> None:
        if log := node["log"]["value"]:
            log["counts"] = {**log["counts"], event: draw.randint(20, 400)}
            log["silent_s"] = 1.0

    return lie


def _full(draw: Random, node: Node) -> None:
    del draw
    if node["disk"]["value"]:
        node["disk"]["value"]["free_bytes"] = 0


def _roomy(draw: Random, node: Node) -> None:
    del draw
    if disk := node["disk"]["value"]:
        disk.update(free_bytes=10**11, io_stalled_percent=0.1)
        disk.pop("free_inodes", None)
        disk.pop("read_only", None)


def _pings(received: int) -> Lie:
    def lie(draw: Random, node: Node) -> None:
        del draw
        for ping in node["pings"]["value"] or ():
            ping["received"] = received

    return lie


def _peers(draw: Random, node: Node) -> None:
    del draw
    if node["config"]["value"]:
        node["config"]["value"]["peers"] = ["old1:7878", "old2:7878"]


def _certificate(draw: Random, node: Node) -> None:
    del draw
    for certificate in node["certificates"]["value"] or ():
        certificate["not_after_s"] = certificate["not_before_s"] + 1.0


def _full_pings(draw: Random, node: Node) -> None:
    del draw
    for ping in node["full_pings"]["value"] or ():
        ping["received"] = 0


LIES: dict[str, Lie] = {
    "every connect times out": _connects("timeout"),
    "every connect is refused": _connects("refused"),
    "every connect is open": _connects("open"),
    "its service is inactive": _service("inactive"),
    "its service is active": _service("active"),
    "its service crashes": _service("active", restarts=99, result="exit-code"),
    "it leads": _pages(role="leader", term=30),
    "it follows": _pages(role="follower"),
    "all peers failed": _pages(gossip_failed=9),
    "no peer failed": _pages(gossip_failed=0),
    "its clock is off": _clock,
    "its clock is right": _right_clock,
    "it tells the bot another time": _wall_clock,
    "failed handshakes": _log("tls_failed"),
    "failed writes": _log("wal_failed"),
    "failed accepts": _log("accept_error"),
    "other ids": _log("peer_mismatch"),
    "other versions": _log("version_mismatch"),
    "its disk is full": _full,
    "its disk has room": _roomy,
    "all pings are lost": _pings(0),
    "no ping is lost": _pings(20),
    "its peers are others": _peers,
    "its certificate has expired": _certificate,
    "large pings are lost": _full_pings,
}


def lie(draw: Random, document: Document) -> str:
    """Let one node's source lie; return who says what."""
    node = draw.choice(document["nodes"])
    said = draw.choice(tuple(LIES))
    LIES[said](draw, node)
    return f"{node['node']} says: {said}"
