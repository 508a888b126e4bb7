"""Kill the agent at each step of an action, again and again: `python -m measure.agent.kill9 --count 200`.

The node's commands stop where they are told to, so that the agent dies at that very instant. After each
death a new agent is started, which must show what is true and must not act by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sqlite3
import time
from asyncio.subprocess import Process
from collections import Counter
from contextlib import AsyncExitStack, ExitStack, closing, suppress
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

import httpx
from nacl.signing import SigningKey

from agent.actions.kinds import ACTIONS
from agent.protocol import Action, Grant, Refusal, sign
from tests.agent.bed import CONFIG, PEERS, Bot, Node, Pki, agent_process, client_of, document_of, metrics_page
from tests.agent.plays import PLAYS, make_ready

Point = Literal["PREPARED", "INTENT", "effect", "DONE"]
POINTS: tuple[Point, ...] = get_args(Point)
# What an agent may say afterwards; what a command did right before its death may or may not be provable.
ALLOWED: dict[Point, set[str]] = {
    "PREPARED": {"PREPARED"},
    "INTENT": {"UNKNOWN", "NOT_DONE"},
    "effect": {"DONE", "UNKNOWN"},
    "DONE": {"DONE"},
}
STOP = """#!/bin/sh
# Stops for good at the point that is in stop_at, and says so.
[ "$(cat FOLDER/stop_at)" = "$1" ] || exit 0
echo $PPID > FOLDER/stopped.new; mv FOLDER/stopped.new FOLDER/stopped
kill -STOP $PPID
"""


class StoppingNode(Node):
    """A node whose commands stop right before or right after their effect."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "stop").write_text(STOP.replace("FOLDER", str(folder)))
        (folder / "stop").chmod(0o755)
        (folder / "effects").touch()
        (folder / "stop_at").write_text("nowhere")
        # A file is replaced without a command; the first look afterwards is where the agent is met.
        (folder / "systemctl").write_text(
            (folder / "systemctl").read_text().replace("show) ", f"show) {folder}/stop looking; ")
        )

    def acting(self, program: str, effect: str) -> str:
        """Stop on both sides of what a program does, and note that it did."""
        return f"FOLDER/stop INTENT; echo {program} >> FOLDER/effects; {effect}; FOLDER/stop effect"

    def make_ready(self, name: str) -> Action:
        """Bring the node into the state in which this action is called for, and count from nothing."""
        (self.folder / "effects").write_text("")
        (self.folder / "stop_at").write_text("nowhere")
        return make_ready(self, name)

    def effects(self) -> int:
        """Count what was done: commands, and the file."""
        return len((self.folder / "effects").read_text().split()) + (self.config.read_text() != CONFIG)


@dataclass(frozen=True)
class Death:
    """What a killed agent had done, and what its successor says of it."""

    state: str
    effects: int


class Bench:
    """A node whose agent is killed and started again; what comes after one death goes before the next."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.node, self.folder, self.key = StoppingNode(folder), folder, SigningKey.generate()
        self._pki = Pki.make(folder)
        self._metrics = ExitStack()
        around = {"metrics_url": self._metrics.enter_context(metrics_page(self.node)), "peers": PEERS}
        self._document = document_of(self.node, self._pki, self.key) | around
        self._generation = 0
        self._agent = AsyncExitStack()

    async def __aenter__(self) -> Bench:
        self.process, self.bot = await self._start()
        return self

    async def __aexit__(self, *_raised: object) -> None:
        await self._agent.aclose()
        self._metrics.close()

    async def kill_at(self, name: str, point: Point) -> Death:
        """Kill the agent at a point of an action; check all that must hold after."""
        self._generation += 1
        action = self.node.make_ready(name)
        grant = await self.bot.grant(action, generation=self._generation, fence=self._generation)
        if point == "PREPARED":
            self.process.kill()
        else:
            await self._die_during(self.process, self.bot, grant, point)
        await self.process.wait()
        self._kill_stopped()
        (self.folder / "stop_at").write_text("nowhere")
        effects = self.node.effects()
        self.process, self.bot = await self._start()
        state = (await self.bot.report(grant.action_id)).state
        assert await self.bot.commit(grant) == (403, "nonce")
        again = await self.bot.prepare(action, generation=self._generation)
        assert isinstance(again, Refusal) or point == "PREPARED", "an action was offered twice"
        assert self.node.effects() == effects, "the new agent acted by itself"
        # Where the file is concerned INTENT is met at some instant around the effect.
        file_race = ACTIONS[name].edits_file and point == "INTENT"
        expected = {0, 1} if file_race else {0} if point in ("PREPARED", "INTENT") else {1}
        assert effects in expected, f"{effects} effects"
        allowed = {"DONE"} if file_race and effects else ALLOWED[point]
        assert state in allowed, f"{action.type} killed at {point} is shown as {state}"
        return Death(state, effects)

    async def _start(self) -> tuple[Process, Bot]:
        await self._agent.aclose()
        process, url = await self._agent.enter_async_context(agent_process(self._document, self.folder))
        http = await self._agent.enter_async_context(client_of(self._pki, url, self._pki.issue("bot")))
        return process, Bot(http, self.key)

    async def _die_during(self, process: Process, bot: Bot, grant: Grant, point: Point) -> None:
        in_file = ACTIONS[grant.action.type].edits_file
        stop_at = "looking" if in_file and point == "effect" else point
        (self.folder / "stop_at").write_text(stop_at)
        body = sign(grant, self.key).to_json()
        committing = asyncio.create_task(bot.http.post("/v1/commit", content=body))
        async with asyncio.timeout(30):
            if point == "DONE" or (in_file and point == "INTENT"):
                wanted = {"DONE"} if point == "DONE" else {"INTENT", "DONE"}
                while self._recorded(grant.action_id) not in wanted:
                    await asyncio.sleep(0)
            else:
                while not (self.folder / "stopped").exists():
                    await asyncio.sleep(0.005)
        process.kill()
        with suppress(httpx.HTTPError):
            await committing

    def _recorded(self, action_id: str) -> str:
        path = self.folder / "state" / "ledger.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            row = database.execute("SELECT state FROM actions WHERE action_id = ?", (action_id,)).fetchone()
        return row[0] if row else ""

    def _kill_stopped(self) -> None:
        """Kill the stopped command, which lives in a session of its own and must not go on later."""
        stopped = self.folder / "stopped"
        if stopped.exists():
            with suppress(ProcessLookupError):
                os.killpg(int(stopped.read_text()), signal.SIGKILL)
            stopped.unlink()


async def deaths(bench: Bench, name: str, point: Point, count: int) -> list[Death]:
    """Kill so many agents."""
    return [await bench.kill_at(name, point) for _ in range(count)]


async def main() -> None:
    """Kill at every point of every action, and print the states that were shown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="per action and point")
    parser.add_argument("--jobs", type=int, default=2, help="nodes at a time")
    options = parser.parse_args()
    shares = [
        options.count // options.jobs + (job < options.count % options.jobs) for job in range(options.jobs)
    ]
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        benches = [await stack.enter_async_context(Bench(folder / str(job))) for job in range(options.jobs)]
        for name in PLAYS:
            for point in POINTS:
                start_s = time.monotonic()
                each = await asyncio.gather(*map(deaths, benches, repeat(name), repeat(point), shares))
                shown = Counter(f"{death.state}, effects: {death.effects}" for died in each for death in died)
                took_s = time.monotonic() - start_s
                print(f"{name:22} killed at {point:9} {dict(shown)} in {took_s:.0f} s", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
