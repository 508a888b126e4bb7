"""Kill a pod's agent at each step of an action: `python -m measure.agent.kill9_pods --count 40`.

The played API server holds the request right before or right after its effect, and there the agent dies.
After each death the pod is made anew where it was deleted, and a new agent must tell what is true and must
not act by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import time
from asyncio.subprocess import Process
from collections import Counter
from contextlib import AsyncExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

import httpx
from nacl.signing import SigningKey

from agent.protocol import Action, Grant, Refusal, RestartService, SetElectionTimeouts, StartService, sign
from lab.kubernetes.kubelet import RUNNING, waiting
from lab.kubernetes.objects import RefusedError
from tests.agent.bed import CONFIG, Bot, Node, Pki, agent_process, client_of, document_of
from tests.agent.pods.bed import CONFIG_MAP, KEY, Cluster, played_cluster
from tests.waiting import until

Point = Literal["PREPARED", "INTENT", "effect", "watching", "DONE"]
POINTS: tuple[Point, ...] = get_args(Point)
ACTIONS: dict[str, Action] = {
    "restart_service": RestartService(),
    "start_service": StartService(),
    "set_election_timeouts": SetElectionTimeouts(election_timeout_min_ms=1000, election_timeout_max_ms=2000),
}
ALLOWED: dict[Point, set[str]] = {
    "PREPARED": {"PREPARED"},
    "INTENT": {"UNKNOWN", "NOT_DONE"},
    "effect": {"DONE"},
    "watching": {"DONE"},
    "DONE": {"DONE"},
}


@dataclass(frozen=True)
class Death:
    """What a killed agent had done, and what its successor says of it."""

    state: str
    effects: int


class PodBench:
    """A pod whose agent is killed and started again."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder, self._key, self._pki = folder, SigningKey.generate(), Pki.make(folder)
        self._document = document_of(Node(folder), self._pki, self._key)
        self._generation = 0
        self._stack, self._agent = AsyncExitStack(), AsyncExitStack()
        self._held, self._let_go = asyncio.Event(), asyncio.Event()
        self._hold_at = ""

    async def __aenter__(self) -> PodBench:
        self.cluster: Cluster = await self._stack.enter_async_context(played_cluster(self._folder))
        assert self.cluster.played is not None
        await self.cluster.fill()
        self.cluster.played.on_change = self._on_change
        self.process, self.bot = await self._start()
        return self

    async def __aexit__(self, *_raised: object) -> None:
        await self._agent.aclose()
        await self._stack.aclose()

    async def kill_at(self, action: Action, point: Point) -> Death:
        """Kill the agent at a point of an action; check all that must hold after."""
        self._generation += 1
        await self._make_ready(action)
        grant = await self.bot.grant(action, generation=self._generation, fence=self._generation)
        before = self._changes()
        if point != "PREPARED":
            await self._die_during(grant, point)
        await self._kill()
        self._hold_at = ""
        await self._play_kubelet()
        effects = self._changes() - before
        self.process, self.bot = await self._start()
        state = await self._end_of(grant)
        assert await self.bot.commit(grant) == (403, "nonce")
        again = await self.bot.prepare(action, generation=self._generation)
        assert isinstance(again, Refusal) or point == "PREPARED", "an action was offered twice"
        assert self._changes() - before == effects, "the new agent acted by itself"
        assert effects == (0 if point in ("PREPARED", "INTENT") else 1), f"{effects} effects"
        assert state in ALLOWED[point], f"{action.type} killed at {point} is shown as {state}"
        return Death(state, effects)

    async def _make_ready(self, action: Action) -> None:
        kubelet = self.cluster.kubelet
        if await kubelet.text(CONFIG_MAP, KEY) != CONFIG:
            headers = {"Content-Type": "application/merge-patch+json"}
            path = kubelet.path("configmaps", CONFIG_MAP)
            await kubelet.admin.patch(path, json={"data": {KEY: CONFIG}}, headers=headers)
        kubelet.mount(KEY, CONFIG)
        crashed = isinstance(action, StartService)
        await kubelet.report(waiting("CrashLoopBackOff") if crashed else RUNNING, ready=not crashed)
        self._texts = self._deletions = 0

    async def _on_change(self, method: str, when: Literal["before", "after"]) -> None:
        """Count the agent's changes, and hold its request; those of the bench itself are let through."""
        is_agents = bool(self._hold_at) and method in ("DELETE", "PATCH")
        if is_agents and when == "after":
            self._deletions += method == "DELETE"
            self._texts += method == "PATCH"
        if is_agents and when == {"INTENT": "before", "effect": "after"}.get(self._hold_at):
            self._held.set()
            await self._let_go.wait()
            raise RefusedError(503, "ServiceUnavailable", "nobody is there to hear this")

    def _changes(self) -> int:
        return self._deletions + self._texts

    async def _die_during(self, grant: Grant, point: Point) -> None:
        """Let the agent go on up to this point."""
        self._hold_at = point
        self._held.clear()
        self._let_go.clear()
        body = sign(grant, self._key).to_json()
        committing = asyncio.create_task(self.bot.http.post("/v1/commit", content=body))
        is_text = isinstance(grant.action, SetElectionTimeouts)
        if point in ("INTENT", "effect"):
            async with asyncio.timeout(30):
                await self._held.wait()
        elif is_text:
            await until(lambda: self._texts)
            if point == "DONE":
                self.cluster.kubelet.mount(KEY, await self.cluster.kubelet.text(CONFIG_MAP, KEY))
                await until(lambda: self._recorded(grant) == "DONE")
        else:
            await committing
            self._hold_at = ""
            await self._kill()
            await self._play_kubelet(is_ready=False)
            self.process, self.bot = await self._start()
            if point == "DONE":
                await self.cluster.kubelet.report(RUNNING, ready=True)
                await until(lambda: self._recorded(grant) == "DONE")
        await self._kill()
        with suppress(httpx.HTTPError):
            await committing

    async def _play_kubelet(self, *, is_ready: bool = True) -> None:
        """Do what follows a deletion, and have what is there ready."""
        kubelet = self.cluster.kubelet
        pod = (await kubelet.admin.get(kubelet.path("pods", "neumann-0"))).json()
        if "deletionTimestamp" in pod["metadata"]:
            await kubelet.end_pod()
            await kubelet.make_pod()
            await kubelet.report(RUNNING, ready=is_ready)
        elif is_ready and self._deletions:
            await kubelet.report(RUNNING, ready=True)

    async def _end_of(self, grant: Grant) -> str:
        async def ended() -> str | None:
            state = (await self.bot.report(grant.action_id)).state
            return None if state == "INTENT" else state

        state: str = await until(ended)
        return state

    async def _kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        self._let_go.set()

    async def _start(self) -> tuple[Process, Bot]:
        await self._agent.aclose()
        document = self.cluster.document(self._document)
        process, url = await self._agent.enter_async_context(agent_process(document, self._folder))
        http = await self._agent.enter_async_context(client_of(self._pki, url, self._pki.issue("bot")))
        return process, Bot(http, self._key)

    def _recorded(self, grant: Grant) -> str:
        path = self._folder / "state" / "ledger.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            row = database.execute(
                "SELECT state FROM actions WHERE action_id = ?", (grant.action_id,)
            ).fetchone()
        return row[0] if row else ""


async def main() -> None:
    """Kill at every point of every action, and print the states that were shown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=40, help="per action and point")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        async with PodBench(Path(folder)) as bench:
            for name, action in ACTIONS.items():
                for point in POINTS:
                    start_s = time.monotonic()
                    died = [await bench.kill_at(action, point) for _ in range(options.count)]
                    shown = Counter(f"{death.state}, effects: {death.effects}" for death in died)
                    took_s = time.monotonic() - start_s
                    print(f"{name:22} killed at {point:9} {dict(shown)} in {took_s:.0f} s", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
