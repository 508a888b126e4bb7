"""A running `neumann-bot demo` as somebody outside sees it: its page, its files, its command line."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from lab.node.clock import read_offset_ms

ROOT = Path(__file__).parents[2]
NEUMANN_BOT = (sys.executable, "-m", "bot")
STARTS_WITHIN_S = 120.0
ENDS_WITHIN_S = 60.0


@dataclass(frozen=True)
class Demo:
    """Where the page is, and the folder in which everything lies while it runs."""

    url: str
    folder: Path

    def acted(self) -> list[tuple[str, str, str]]:
        """Node, action and outcome of everything that a node's own ledger has begun."""
        rows: list[tuple[str, str, str]] = []
        for ledger in sorted(self.folder.glob("cluster/*/agent/ledger.sqlite3")):
            with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as database:
                begun = database.execute("SELECT kind, state FROM actions WHERE state <> 'PREPARED'")
                rows += [(ledger.parents[1].name, kind, state) for kind, state in begun]
        return rows

    def clock_offsets_ms(self) -> list[float]:
        """How far each node's clock is ahead, in milliseconds."""
        return [read_offset_ms(folder) for folder in sorted(self.folder.glob("cluster/node*"))]

    async def audit(self) -> int:
        """The exit code of `audit verify --all`: 0 if timelines and ledgers tell one story."""
        config = self.folder / "bot" / "neumann-bot.toml"
        argv = (*NEUMANN_BOT, "audit", "verify", "--all", "--config", str(config))
        process = await asyncio.create_subprocess_exec(*argv, cwd=ROOT)
        return await process.wait()


@asynccontextmanager
async def running_demo(fault: str, folder: Path) -> AsyncIterator[Demo]:
    """Start it as a reader does, and end it with Ctrl-C; what it said is printed, for a test that fails."""
    said = folder / "demo.err"
    with said.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(*NEUMANN_BOT, "demo", "--port", "0", "--fault", fault),
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(folder)},
        )
    assert process.stdout
    try:
        url = ""
        async with asyncio.timeout(STARTS_WITHIN_S):
            while not url:
                line = (await process.stdout.readline()).decode()
                assert line, said.read_text()
                url = line.split()[1] if line.split()[:1] == ["Open"] else ""
        (inside,) = folder.glob("neumann-demo-*")
        yield Demo(url, inside)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        async with asyncio.timeout(ENDS_WITHIN_S):
            await process.communicate()
        sys.stdout.write(said.read_text())
