"""Read a cluster as the bot does, and print what one node's clock and log came to: `readings.py BOT.TOML`."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from bot import clients
from bot.config import load
from runbooks.evidence import Reading


async def read(config: Path) -> dict[str, Any]:
    """Return by reading its value, or why there is none and of which kind."""
    settings = load(config)
    async with clients.reader(settings) as (reader, _):
        node = (await reader.read(settings.clusters[0].name)).nodes[0]
    readings: dict[str, Reading[Any] | None] = {"clock": node.clock, "log": node.log, "look": node.wall_clock}
    return {name: each.model_dump(mode="json") if each else None for name, each in readings.items()}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(read(Path(sys.argv[1])))))
