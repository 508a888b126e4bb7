"""Who leads a lab, by asking every node's /health."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import httpx

from lab.cluster.node_view import LabNode

POLL_S = 0.05
SETTLED_S = 0.6


async def claims(nodes: Sequence[LabNode], http: httpx.AsyncClient) -> list[tuple[int, str]]:
    """Return term and name of every node that says it leads, the newest term last."""
    bodies = await asyncio.gather(*(node.health(http) for node in nodes))
    return sorted(
        (int(body["term"]), node.name)
        for node, body in zip(nodes, bodies, strict=True)
        if body.get("raft_state") == "leader"
    )


async def until_settled(nodes: Sequence[LabNode], http: httpx.AsyncClient) -> None:
    """Wait until one node has led for a moment, in a term that all share.

    Nodes find each other within a connect retry; before that a leader may be voted out again.
    """
    settled_since = float("inf")
    while time.monotonic() - settled_since < SETTLED_S:
        bodies = await asyncio.gather(*(node.health(http) for node in nodes))
        leading = [body.get("raft_state") for body in bodies].count("leader")
        if leading != 1 or len({body.get("term") for body in bodies}) != 1:
            settled_since = float("inf")
        else:
            settled_since = min(settled_since, time.monotonic())
        await asyncio.sleep(POLL_S)
