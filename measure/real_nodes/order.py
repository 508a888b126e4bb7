"""Order one action of an agent, or look at its clock, as the bot does: `order.py BOT.TOML WHAT`; prints JSON.

Run in the node's network; `WHAT` is an action or `clock`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from bot import clients
from bot.config import load
from handlers.ports import NotBegun, Order
from runbooks.clocks import believed_clocks
from runbooks.plans import Action


async def act(config: Path, kind: str) -> dict[str, Any]:
    """Return how the action ended, what was said, and how long it took."""
    settings = load(config)
    cluster = settings.clusters[0]
    began_s = time.time()
    order = Order(
        cluster=cluster.name,
        incident=f"inc-{began_s}",
        generation=1,
        fence=int(began_s * 1000),
        action=Action.model_validate({"type": kind, "node": cluster.nodes[0].name}),
        confirmed_by="U0REALNODE",
    )
    async with clients.reader(settings) as (_, agents):
        ready = await agents.prepare(order)
        if isinstance(ready, NotBegun):
            return {"state": "refused", "detail": ready.outcome.detail}
        outcome = await agents.commit(order, ready)
    return {"state": outcome.state, "detail": outcome.detail, "took_s": round(time.time() - began_s, 1)}


async def clock(config: Path) -> dict[str, Any]:
    """Return what chrony and the bot say of the node's clock, and what is believed."""
    settings = load(config)
    async with clients.reader(settings) as (reader, _):
        evidence = await reader.read(settings.clusters[0].name)
    node = evidence.nodes[0]
    believed = believed_clocks(evidence).get(node.node)
    look = node.wall_clock.value if node.wall_clock else None
    said = {"chrony": node.clock.value, "bot": look, "believed": believed}
    told = {name: value.model_dump(mode="json") if value else None for name, value in said.items()}
    return {**told, "missing": node.clock.missing}


def main() -> None:
    """Do what the arguments say."""
    config, what = Path(sys.argv[1]), sys.argv[2]
    print(json.dumps(asyncio.run(clock(config) if what == "clock" else act(config, what))))


if __name__ == "__main__":
    main()
