"""The bot's end in a process of its own: order what stdin says, and print what came of it as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bot import clients
from bot.config import Settings
from bot.nodes.agent_client import AgentClient
from handlers.ports import Order, Outcome, Readiness
from runbooks.plans import Action

ACTIONS: tuple[dict[str, Any], ...] = (
    {"type": "clock_sync"},
    {"type": "set_election_timeouts", "election_timeout_min_ms": 1000, "election_timeout_max_ms": 2000},
    {"type": "restart_service"},
)


@dataclass(frozen=True)
class Task:
    """What to order, as which generation; `clocks` are the files that hold the nodes' wall clocks."""

    generation: int
    nodes: tuple[str, ...]
    clocks: dict[str, str]
    expires: bool


@dataclass(frozen=True)
class Came:
    """What the agent's clocks were at first, by what it read, and what came of each order."""

    silent_s: float | None
    boottime_s: float
    told: dict[str, str]


async def order_all(settings: Settings, task: Task) -> dict[str, Came]:
    """Order everything of every node."""
    urls = {node.name: node.agent_url for node in settings.clusters[0].nodes}
    swapped = dict(zip(task.nodes, (*task.nodes[1:], task.nodes[0]), strict=True))
    async with (
        clients.reader(settings) as (_, agents),
        clients.reader(_redirected(settings, swapped)) as (_, astray),
    ):

        async def order(node: str) -> Came:
            seen = await agents.observe(urls[node])
            log = seen.log.value if seen.log else None
            told = await _order(agents, astray, node, task)
            return Came(log.silent_s if log else None, seen.boottime_s, told)

        return dict(zip(task.nodes, await asyncio.gather(*map(order, task.nodes)), strict=True))


async def _order(agents: AgentClient, astray: AgentClient, node: str, task: Task) -> dict[str, str]:
    came: dict[str, str] = {}
    for document in ACTIONS:
        order = Order(
            cluster="demo",
            incident="inc-1",
            generation=task.generation,
            fence=task.generation,
            action=Action.model_validate(document | {"node": node}),
            confirmed_by="U1",
        )
        readiness = await agents.prepare(order)
        if not isinstance(readiness, Readiness):
            came[order.action.type] = _told(readiness.outcome)
            continue
        if task.expires:
            # Its life is over, and the clock is put back to before it was born.
            await asyncio.sleep(0.5)
            Path(task.clocks[node]).write_text("-10y\n")
            came[order.action.type] = _told(await agents.commit(order, readiness))
            continue
        came[f"{order.action.type} of another node"] = _told(await astray.commit(order, readiness))
        stale = await agents.commit(replace(order, confirmed_by="U2"), replace(readiness, nonce="invented"))
        came[f"{order.action.type} without a nonce"] = _told(stale)
        came[order.action.type] = _told(await agents.commit(order, readiness))
        came[f"{order.action.type} again"] = _told(await agents.commit(order, readiness))
    return came


def _told(outcome: Outcome) -> str:
    return f"{outcome.state}: {outcome.detail}"


def _redirected(settings: Settings, to: dict[str, str]) -> Settings:
    """Give each node the address of another."""
    (cluster,) = settings.clusters
    urls = {node.name: node.agent_url for node in cluster.nodes}
    nodes = tuple(node.model_copy(update={"agent_url": urls[to[node.name]]}) for node in cluster.nodes)
    return settings.model_copy(update={"clusters": (cluster.model_copy(update={"nodes": nodes}),)})


def main() -> None:
    """Read what to do from stdin."""
    document = json.load(sys.stdin)
    task = Task(**document["task"] | {"nodes": tuple(document["task"]["nodes"])})
    came = asyncio.run(order_all(Settings.model_validate(document["settings"]), task))
    print(json.dumps({"wall_s": time.time(), "came": {node: asdict(each) for node, each in came.items()}}))


if __name__ == "__main__":
    main()
