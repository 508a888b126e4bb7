"""Random writes to Redis while the bot works: `python -m measure.attack.redis_fuzz --count 10000`.

In each episode a whole bot has an incident with a run under way, which a command on a node holds up, and an
incident without a runbook. Then somebody writes to Redis at random; most writes are taken back after a
moment, so that the bot goes on from what is sound. What must hold: the bot's process lives and answers, no
node feels what nobody confirmed, and no timeline is called sound that the bot did not write so.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
from redis.asyncio import Redis

from bot import clients
from bot.cli.audit_check import Audit
from bot.config import load
from bot.grant_keys import grant_key, mac_key
from bot.nodes.agent_client import AgentClient
from bot.store.client import connect
from bot.store.keys import Keys
from bot.store.mac_chain import KEY_USE, Chain
from bot.store.retention import Retention
from bot.store.timelines import TimelineStore
from measure.attack.audits import Tally, first_other, judge
from measure.attack.redis_writes import Writes, every_key
from measure.chaos.on_call import OnCall
from measure.chaos.rig import Rig, rig
from measure.chaos.witness import BEGUN

EPISODE = 1_000
PAUSE_S = 0.004
LOOK_EVERY = 50
STAYS = 0.1
"""The share of writes that are not taken back."""
CALM_S = 6.0
"""How long the bot goes on after the writes of an episode, with nothing held up any more."""

QUIET = Path(__file__).parents[2] / "tests" / "data" / "webhooks" / "noleader_firing.json"


class Episode:
    """One bot, and somebody who writes to its Redis."""

    def __init__(self, running: Rig, redis: Redis, tally: Tally, chance: random.Random) -> None:
        self._rig, self._redis, self._tally, self._chance = running, redis, tally, chance
        self._incidents: list[str] = []

    async def play(self, count: int) -> None:
        """Write so many times, and look all the while."""
        settings = load(self._rig.folder / "bot" / "neumann-bot.toml")
        self._keys = Keys(settings.redis.prefix)
        chain = Chain.of(settings.agents)
        store = TimelineStore(self._redis, self._keys.prefix, chain)
        self._mac = mac_key(grant_key(settings.agents.grant_key), KEY_USE)
        while len(self._incidents) < 2:
            self._incidents = list(await store.open_incidents())
            await asyncio.sleep(0.05)
        keys = [
            every for each in self._incidents for every in every_key(self._keys, each, self._rig.lab.cluster)
        ]
        writes = Writes(self._redis, keys, self._chance)
        pid = self._rig.bots["serve"].pid
        retention = Retention(self._redis, self._keys.prefix, store, chain)
        async with clients.reader(settings) as (_, agents), httpx.AsyncClient(trust_env=False) as http:
            assert isinstance(agents, AgentClient)
            for number in range(count):
                key, before, what = await writes.one()
                self._tally.writes[what] += 1
                await asyncio.sleep(PAUSE_S)
                if b":timeline:" in key or key.endswith((b":ends", b":trimmed", b":open")):
                    await self._audit(Audit(store, agents, retention), f"{what} of {key!r}")
                if self._chance.random() > STAYS or b":timeline:" in key or key.endswith(b":ends"):
                    await writes.put_back(key, before)
                if number % LOOK_EVERY == 0:
                    await self._audit(Audit(store, agents, retention), "a look")
                    await self._look(http, pid)
            for traps in self._rig.traps.values():
                traps.release()
            await asyncio.sleep(CALM_S)
            await self._look(http, pid)

    async def _audit(self, audit: Audit, what: str) -> None:
        """Ask for the audit, and hold it against what is stored."""
        for incident in self._incidents:
            await judge(self._tally, incident, audit.of, self._not_sound, what)

    async def _not_sound(self, incident: str) -> str | None:
        """Return why what is stored is not what the bot wrote, told without the bot's own check of it."""
        entries: Any = await self._redis.xrange(self._keys.timeline(incident))
        if other := first_other(incident, entries, self._mac):
            return f"event {other} is another"
        known = max((e for e in self._granted_at() if e[0] == incident), default=(incident, 0))[1]
        return f"an agent knows {known} events" if len(entries) < known or not entries else None

    def _granted_at(self) -> list[tuple[str, int]]:
        return [
            mark
            for node in self._rig.lab.nodes
            for mark in timelines_of(node.folder / "agent" / "ledger.sqlite3")
        ]

    async def _look(self, http: httpx.AsyncClient, pid: int) -> None:
        """See whether the bot lives and answers, and what the nodes have felt."""
        bot, began = self._rig.bots["serve"], time.monotonic()
        if bot.pid != pid or bot.restarts:
            self._tally.wrongs.append(f"the process ended: {bot.last_words()[-400:]}")
        try:
            answer = await http.get(f"http://{self._rig.web}/livez", timeout=10)
            if answer.status_code != 200:
                self._tally.wrongs.append(f"/livez answers {answer.status_code}")
        except httpx.HTTPError as error:
            self._tally.wrongs.append(f"/livez: {error!r}")
        self._tally.slowest_livez_s = max(self._tally.slowest_livez_s, time.monotonic() - began)


def timelines_of(ledger: Path) -> list[tuple[str, int]]:
    """Return how far an agent has known each incident's timeline, from its ledger's file."""
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as database:
        return [
            (str(row[0]), int(row[1])) for row in database.execute("SELECT incident, position FROM timelines")
        ]


async def episode(tally: Tally, count: int, chance: random.Random) -> None:
    """Let a whole bot have a run under way, write to its Redis, and count what the nodes felt."""
    folder = Path(tempfile.mkdtemp(prefix="neumann-fuzz-"))
    try:
        async with rig(folder, "quorum-loss") as running, OnCall(running) as alice:
            view = await alice.open_plan("start_nodes")
            await running.timeline.until("plan_proposed")
            running.witness.begin()
            planned = running.nodes_of_plan()
            for node in planned:
                running.traps[node].set("start", "before")
            await _another_alert(running)
            await alice.confirm_until_taken(view)
            await running.traps[planned[0]].until_held(60)
            async with contextlib.aclosing(connect(f"redis://{running.box.address}/0")) as redis:
                await Episode(running, redis, tally, chance).play(count)
            tally.wrongs += _felt(running, planned)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _another_alert(running: Rig) -> None:
    """Deliver an alert without a runbook."""
    body = QUIET.read_bytes().replace(b"NoLeader", b"DiskFull")
    token = (running.folder / "bot" / "webhook-token").read_text().strip()
    async with httpx.AsyncClient(trust_env=False) as http:
        address = f"http://{running.web}/alertmanager/{running.lab.cluster}"
        await http.post(address, content=body, headers={"Authorization": f"Bearer {token}"})


def _felt(running: Rig, nodes: list[str]) -> list[str]:
    """Return what the nodes felt beyond the one plan that was confirmed, and what ledgers say of others."""
    running.witness.sample()
    planned = Counter((node, "start_service") for node in nodes)
    found = [
        f"{kind} had its effect {count} times on {node}, {planned[node, kind]} confirmed"
        for (node, kind), count in running.witness.effects().items()
        if count > planned[node, kind]
    ]
    for entry in running.witness.ledgers():
        if entry.state in BEGUN and (entry.node, entry.kind) not in planned:
            found.append(f"{entry.kind} on {entry.node} is {entry.state} in its ledger")
    return found


async def fuzz(count: int, seed: int) -> Tally:
    """Play as many episodes as the writes take."""
    tally = Tally()
    for number, done in enumerate(range(0, count, EPISODE)):
        began = time.monotonic()
        await episode(tally, min(EPISODE, count - done), random.Random(f"{seed}/{number}"))
        took_s = time.monotonic() - began
        print(
            f"{tally.count:,} writes, {len(tally.wrongs)} wrong, {took_s:.0f} s", file=sys.stderr, flush=True
        )
    return tally


def main() -> None:
    """Write and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="how many writes")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    tally = asyncio.run(fuzz(options.count, options.seed))
    print(json.dumps({**vars(tally), "writes": dict(tally.writes), "wrongs": tally.wrongs[:20]}, indent=2))
    print(
        f"{tally.count:,} writes, {tally.audits:,} audits, {tally.sound:,} sound, {len(tally.wrongs)} wrong"
    )
    raise SystemExit(bool(tally.wrongs))


if __name__ == "__main__":
    main()
