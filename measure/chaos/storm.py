"""A storm in which alerts also end: `python -m measure.chaos.storm [--alerts N] [--seed N]`.

Firings, repeats and ends of many alerts come shuffled at two web processes, as Alertmanagers that lag behind
each other send them; workers are killed every few seconds, Redis once. Then each alert must be in the state
that its newest start or end says, in one open incident at most, and no headline may stand twice.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import json
import random
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import tomlkit

from bot.config import Settings
from bot.store.client import connect
from bot.store.mac_chain import Chain
from bot.store.timelines import TimelineStore
from handlers.domain.incident import Incident
from lab.cluster.process import Process
from measure.bench.rig import AUTHORIZED, Rig, answers, free_port, settings_of
from measure.bench.slack_stub import SlackStub
from measure.chaos.storm_story import CLUSTERS, Notification, body_of, story, truth
from tests.redis_box import RedisBox

WORKERS, WEBS = ("worker0", "worker1", "worker2"), ("web0", "web1")
KILL_EVERY_S, AT_ONCE, SETTLED_WITHIN_S = 5.0, 16, 300.0
A_SECOND = 25.0
"""Notifications: slow enough that workers are killed a dozen times while they come."""


@dataclass(frozen=True)
class Outcome:
    """What was sent and what came of it; all but the first three should be 0."""

    alerts: int
    notifications: int
    ended: int
    not_taken: int
    lost: int
    wrongly_firing: int
    wrongly_over: int
    in_two_open_incidents: int
    headlines_too_many: int
    kills: int
    settled_s: float

    @property
    def is_right(self) -> bool:
        """Return whether nothing was lost, wrong or double."""
        wrong = (self.not_taken, self.lost, self.wrongly_firing, self.wrongly_over)
        return not any((*wrong, self.in_two_open_incidents, self.headlines_too_many))


@dataclass
class Storm:
    """The processes, and how often one was killed."""

    redis: RedisBox
    bots: dict[str, Process]
    kills: int = 0

    async def kill_now_and_then(self) -> None:
        """Kill one worker after the other, and Redis at the third time; each comes back."""
        while True:
            await asyncio.sleep(KILL_EVERY_S)
            name = WORKERS[self.kills % len(WORKERS)]
            await self.bots[name].kill()
            self.kills += 1
            if self.kills == 3:
                await self.redis.kill()
                await self.redis.start()
            await self.bots[name].start()


async def play(folder: Path, alerts: int, seed: int) -> Outcome:
    """Play one storm on real processes."""
    told = story(alerts, random.Random(seed))
    async with contextlib.AsyncExitStack() as parts:
        redis = RedisBox(folder / "redis")
        await redis.start()
        parts.push_async_callback(redis.process.stop)
        slack = await parts.enter_async_context(SlackStub())
        on = Rig(folder, f"redis://{redis.address}/0", slack)
        config = on.configure(CLUSTERS, nodes=1)
        files = {name: _at_another_port(config, name) for name in (*WEBS, *WORKERS)}
        bots = {
            name: Process(name, _argv(name, file), folder / f"{name}.out") for name, file in files.items()
        }
        for process in bots.values():
            parts.push_async_callback(process.stop)
            await process.start()
        ports = [settings_of(files[name]).web.port for name in WEBS]
        await asyncio.gather(*(answers(("127.0.0.1", port)) for port in ports))
        on_storm = Storm(redis, bots)
        killer = asyncio.create_task(on_storm.kill_now_and_then())
        not_taken = await _send(told, ports)
        killer.cancel()
        await asyncio.gather(killer, return_exceptions=True)
        await redis.start()
        for process in bots.values():
            await process.start()
        return await _judge(on, told, settings_of(config), not_taken, on_storm.kills)


def _argv(name: str, config: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "bot", name[:-1], "--config", str(config))


def _at_another_port(config: Path, name: str) -> Path:
    document: dict[str, Any] = tomlkit.parse(config.read_text()).unwrap()
    document["web"]["port"] = free_port()
    file = config.with_name(f"{name}.toml")
    file.write_text(tomlkit.dumps(document))
    return file


async def _send(told: list[Notification], ports: list[int]) -> int:
    """Send all, each until it is taken, as Alertmanager does on 5xx; return how many were refused."""
    refused = 0
    at_once = asyncio.Semaphore(AT_ONCE)

    async def one(http: httpx.AsyncClient, number: int, notification: Notification) -> None:
        nonlocal refused
        async with at_once:
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline:
                url = f"http://127.0.0.1:{ports[number % len(ports)]}/alertmanager"
                with contextlib.suppress(httpx.HTTPError):
                    answer = await http.post(url, content=body_of(notification), headers=AUTHORIZED)
                    if answer.status_code < 500:
                        refused += not answer.is_success
                        return
                await asyncio.sleep(0.2)
            refused += 1

    async with httpx.AsyncClient(timeout=20, trust_env=False) as http, asyncio.TaskGroup() as sending:
        for number, notification in enumerate(told):
            sending.create_task(one(http, number, notification))
            await asyncio.sleep(1 / A_SECOND)
    return refused


async def _judge(
    on: Rig, told: list[Notification], settings: Settings, not_taken: int, kills: int
) -> Outcome:
    """Wait until nothing is left to fold in, and compare with the truth."""
    began = time.monotonic()
    wanted = truth(told)
    async with aclosing(connect(on.redis)) as client:
        store = TimelineStore(client, settings.redis.prefix, Chain.of(settings.agents))
        while True:
            pending = await client.xlen(f"{settings.redis.prefix}:inbox")
            stored = [await store.load(each) for each in await store.given_out()]
            found = _compared(wanted, stored)
            if (not pending and not any(found.values())) or time.monotonic() - began > SETTLED_WITHIN_S:
                break
            await asyncio.sleep(1)
    settled_s = time.monotonic() - began
    headlines = collections.Counter(p.value_of("care:assign") for p in on.slack.posts if p.key == "headline")
    return Outcome(
        alerts=len(wanted),
        notifications=len(told),
        ended=list(wanted.values()).count("resolved"),
        not_taken=not_taken,
        **found,
        headlines_too_many=sum(headlines.values()) - len(headlines),
        kills=kills,
        settled_s=round(settled_s, 1),
    )


def _compared(wanted: Mapping[str, str], stored: list[Incident]) -> dict[str, int]:
    firing: collections.Counter[str] = collections.Counter()
    known: set[str] = set()
    for incident in stored:
        known |= incident.alerts.keys()
        if not incident.closed:
            firing.update(alert.fingerprint for alert in incident.firing)
    still = {name for name, state in wanted.items() if state == "firing"}
    return {
        # What ended before its firing was ever folded in is rightly in no incident.
        "lost": len(still - known),
        "wrongly_firing": sum(state == "resolved" and name in firing for name, state in wanted.items()),
        "wrongly_over": len((still & known) - firing.keys()),
        "in_two_open_incidents": sum(count > 1 for count in firing.values()),
    }


def main() -> None:
    """Play it, and print what came of it; exit code 1 if anything was lost, wrong or double."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=3_000, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=20_261_130, help="of the order (%(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="neumann-storm-") as folder:
        outcome = asyncio.run(play(Path(folder), options.alerts, options.seed))
    print(json.dumps(asdict(outcome), indent=2))
    sys.exit(0 if outcome.is_right else 1)


if __name__ == "__main__":
    main()
