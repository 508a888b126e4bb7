"""Everything real that a chaos run plays on, each part within reach: to be killed, frozen, cut off."""

from __future__ import annotations

import asyncio
import signal
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from lab.alerting import Alerting
from lab.bot_files import write_bot_files
from lab.cluster.cluster import Lab
from lab.cluster.process import Process
from lab.faults import FAULTS
from lab.layout import Address
from lab.slack.server import SlackWorkspaceServer
from lab.stage import ALERTS_SPEED, CHANNEL
from measure.chaos.relay import Relay
from measure.chaos.shared_parts import bot_process, itself, start_redis
from measure.chaos.timeline import Timeline
from measure.chaos.traps import Traps
from measure.chaos.witness import Witness
from tests.redis_box import RedisBox, RedisPair, free_address

SLACK_PATIENCE_S = 20.0
"""The lab's Slack waits this long for an answer: the machine may be busy, and that is not what is tried."""

READINGS = "\n[readings]\nmetrics_deadline_s = 8\nagent_deadline_s = 20\n"
CALM_TIMEOUTS_MS = (1000, 2000)
"""Where the timeouts are not what is wrong, a busy machine must not make them so."""


@dataclass
class Rig:
    """A lab with agents behind relays, Redis, a Slack workspace, and the bot in processes of its own.

    `down` are processes of the bot that are not to run; `copied_at` is the timeline's length in a backup.
    """

    folder: Path
    lab: Lab
    slack: SlackWorkspaceServer
    redis: RedisBox | RedisPair
    bots: dict[str, Process]
    web: Address
    relays: dict[str, Relay]
    traps: dict[str, Traps]
    timeline: Timeline
    witness: Witness
    down: set[str] = field(default_factory=set)
    copied_at: int = 0

    @property
    def box(self) -> RedisBox:
        """Return the one Redis."""
        assert isinstance(self.redis, RedisBox)
        return self.redis

    def nodes_of_plan(self) -> list[str]:
        """Return the plan's nodes, in its order, as it was proposed last."""
        steps = self.timeline.all("plan_proposed", seen=True)[-1]["plan"]["steps"]
        return list(dict.fromkeys(step["action"]["node"] for step in steps))

    async def start_bot(self, name: str) -> None:
        """Start a process of the bot; where it answers Slack, wait until it does."""
        await self.bots[name].start()
        if name != "worker":
            await self.bots[name].until_listening(self.web)

    async def bring_back(self) -> None:
        """Undo whatever was done to Redis, agents, links between bot and agents, and the bot."""
        for relay in self.relays.values():
            relay.mend()
        for traps in self.traps.values():
            traps.release()
        processes = [*self.bots.values(), *self.lab.agents.values(), self.redis.process]
        for process in processes:
            process.signal(signal.SIGCONT)
        if isinstance(self.redis, RedisBox):
            await self.redis.start()
        for agent in self.lab.agents.values():
            await agent.start()
        for name in self.bots.keys() - self.down:
            await self.start_bot(name)


@asynccontextmanager
async def rig(
    folder: Path, fault: str, *, bots: tuple[str, ...] = ("serve",), failover: bool = False
) -> AsyncIterator[Rig]:
    """Start everything; the witness and the timeline are followed from the beginning."""
    async with AsyncExitStack() as parts:
        redis, redis_at = await start_redis(parts, folder / "redis", pair=failover)
        redis_url = redis.url if isinstance(redis, RedisPair) else f"redis://{redis_at}/0"
        slack = await parts.enter_async_context(SlackWorkspaceServer(ack_timeout_s=SLACK_PATIENCE_S))
        timeouts_ms = (150, 300) if fault == "aggressive-timeouts" else CALM_TIMEOUTS_MS
        cluster = Lab(folder / "cluster", election_timeouts_ms=timeouts_ms)
        lab = await parts.enter_async_context(cluster)
        traps = {node.name: Traps(node) for node in lab.nodes}
        relays = {
            node.name: await parts.enter_async_context(Relay(node.agent.host, partial(itself, node.agent)))
            for node in lab.nodes
        }
        web = free_address()
        config, token = _write_files(folder / "bot", lab, slack, relays, redis_url, web)
        prefix = tomllib.loads(config.read_text())["redis"]["prefix"]
        timeline = Timeline(f"redis://{redis_at}/0", prefix)
        witness = Witness(lab, traps)
        processes = {name: bot_process(name, config, folder / "bot") for name in bots}
        made = Rig(folder, lab, slack, redis, processes, web, relays, traps, timeline, witness)
        for process in processes.values():
            parts.push_async_callback(process.stop)
        slack.bot_request_url = f"http://{web}/slack/events"
        for name in bots:
            if not name.endswith("2"):
                await made.start_bot(name)
        made.down = {name for name in bots if name.endswith("2")}
        nodes = {node.name: node.metrics_url for node in lab.nodes}
        hook = f"http://{web}/alertmanager/{lab.cluster}"
        alerting = Alerting(lab.cluster, nodes, hook, token, speed=ALERTS_SPEED)
        for endless in (alerting.run(), timeline.follow(), witness.watch()):
            task = asyncio.create_task(endless)
            task.add_done_callback(_tell_of_its_end)
            parts.push_async_callback(_cancel, task)
        await FAULTS[fault].inject(lab)
        yield made


def _write_files(
    folder: Path,
    lab: Lab,
    slack: SlackWorkspaceServer,
    relays: dict[str, Relay],
    redis_url: str,
    web: Address,
) -> tuple[Path, str]:
    channel = slack.workspace.channel(CHANNEL)
    config, token = write_bot_files(
        folder,
        lab,
        listen=web,
        redis_url=redis_url,
        slack={
            "bot_token": slack.bot_token,
            "signing_secret": slack.signing_secret,
            "api_url": f"{slack.url}/api/",
        },
        channel=channel.id,
        confirm_groups=[group.id for group in slack.workspace.directory.groups],
    )
    text = config.read_text()
    for node in lab.nodes:
        text = text.replace(node.agent_url, f"https://{relays[node.name].address}")
    config.write_text(text + READINGS)
    return config, token


def _tell_of_its_end(task: asyncio.Task[None]) -> None:
    """Print why a watching task ended: what watches must not go blind in silence."""
    if not task.cancelled() and (error := task.exception()):
        print(f"{task.get_coro()} ended: {error!r}", file=sys.stderr)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
