"""What a delivery run plays on: two real Alertmanagers, Redis, a strict Slack, the bot in three processes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import tomlkit

from bot.config import load
from bot.store.client import connect
from bot.store.mac_chain import Chain
from bot.store.timelines import TimelineStore
from lab.bot_files import write_bot_files
from lab.cluster.cluster import Lab
from lab.cluster.process import Process
from lab.layout import Address
from lab.slack.directory import Channel, Directory
from lab.slack.server import SlackWorkspaceServer
from lab.slack.workspace import Workspace
from lab.stage import CHANNEL
from measure.chaos.rig import CALM_TIMEOUTS_MS, SLACK_PATIENCE_S
from measure.chaos.shared_parts import bot_process, itself, start_redis
from measure.chaos.tripwire import Tripwire
from tests.bot.real_alerting import Program, alertmanagers
from tests.bot.slack.views_seen import ViewsSeen
from tests.redis_box import RedisBox, RedisPair, free_address

CLUSTERS = ("north", "south")
"""Both read the lab's one node. A third name that alerts carry, `elsewhere`, is not configured."""

WORKERS = ("worker", "worker2")
BOTS = ("web", *WORKERS)


ANOTHER = Channel("C0ANOTHER1", "neumann-others", Directory().channels[0].member_ids)
PLACES = replace(Directory(), channels=(*Directory().channels, ANOTHER))
"""The workspace has a channel more, in which incidents can go on."""

RESOLVED_GRACE_S = 30
"""Shorter than is usual: a firing can be stored although its answer was lost, and when it is over before it
is sent again, Alertmanager never says so; the bot finds out by asking."""

RedisKind = Literal["one", "followed", "asked for"]
"""One server; a pair whose primary the harness follows for the bot; a pair of which the bot asks Sentinel,
so that nobody stands between and its commands cannot be watched."""


@dataclass
class DeliveryRig:
    """Everything within reach. Each process of the bot has its own way to Redis and to Slack."""

    alerting: list[Program]
    slack: SlackWorkspaceServer
    redis: RedisBox | RedisPair
    redis_ways: dict[str, Tripwire]
    slack_ways: dict[str, Tripwire]
    bots: dict[str, Process]
    web: Address
    store: TimelineStore
    client: Any
    prefix: str
    seen: ViewsSeen
    configs: dict[str, Path]
    token: str
    down: set[str] = field(default_factory=set)
    runs: int = 0
    as_made: dict[Path, str] = field(default_factory=dict)
    """The configurations that were changed, as they were."""

    async def start_bot(self, name: str) -> None:
        """Start a process of the bot, and wait until it serves where it does."""
        await self.bots[name].start()
        if name == "web":
            await self.bots[name].until_listening(self.web)

    async def stop_bots(self) -> None:
        """Stop every process of the bot."""
        await asyncio.gather(*(process.stop() for process in self.bots.values()))

    async def run_anew(
        self, change: Callable[[dict[str, Any]], None] = lambda _: None, clock: str = ""
    ) -> None:
        """Start every process of the bot anew, its configuration changed, or its clock off by so much."""
        await self.stop_bots()
        for name, file in self.configs.items():
            self.as_made.setdefault(file, file.read_text())
            document: dict[str, Any] = tomlkit.parse(self.as_made[file]).unwrap()
            change(document)
            file.write_text(tomlkit.dumps(document))
            self.bots[name] = bot_process(name, file, file.parent, clock)
        await asyncio.gather(*map(self.start_bot, BOTS))

    async def bring_back(self) -> None:
        """Undo whatever was done."""
        self._bring_slack_back()
        if self.as_made:
            await self.run_anew()
            self.as_made.clear()
        for way in (*self.redis_ways.values(), *self.slack_ways.values()):
            way.disarm()
            way.mend()
        for process in (*self.bots.values(), self.redis.process):
            process.signal(signal.SIGCONT)
        if isinstance(self.redis, RedisBox):
            await self.redis.start()
        for name in self.bots:
            await self.start_bot(name)

    def _bring_slack_back(self) -> None:
        self.slack.faults.clear()
        workspace = self.slack.workspace
        workspace.edit_window_s, workspace.directory = None, PLACES
        for channel_id in set(workspace.archived_ids):
            workspace.archive(channel_id, is_archived=False)


@asynccontextmanager
async def delivery_rig(folder: Path, kind: RedisKind = "one") -> AsyncIterator[DeliveryRig]:
    """Start everything, with Redis of this kind."""
    async with AsyncExitStack() as parts:
        redis, redis_at = await start_redis(parts, folder / "redis", pair=kind != "one")
        slack = await parts.enter_async_context(
            SlackWorkspaceServer(Workspace(PLACES), ack_timeout_s=SLACK_PATIENCE_S)
        )
        node = Lab(folder / "cluster", node_count=1, with_agents=False, election_timeouts_ms=CALM_TIMEOUTS_MS)
        lab = await parts.enter_async_context(node)
        slack_at = Address("127.0.0.1", int(slack.url.rsplit(":", 1)[1]))
        redis_ways, slack_ways = [
            {name: await parts.enter_async_context(Tripwire(at.host, partial(itself, at))) for name in BOTS}
            for at in (redis_at, slack_at)
        ]
        web = free_address()
        found_by = redis.url if isinstance(redis, RedisPair) and kind == "asked for" else None
        files, token = _write_files(folder / "bot", lab, slack, (redis_ways, slack_ways), web, found_by)
        alerting = await parts.enter_async_context(
            alertmanagers(folder, f"http://{web}/alertmanager", token, repeat_interval="5s")
        )
        _name_alertmanagers(files.values(), alerting)
        processes = {name: bot_process(name, file, folder / "bot") for name, file in files.items()}
        settings = load(files["web"])
        client = await parts.enter_async_context(aclosing(connect(f"redis://{redis_at}/0")))
        store = TimelineStore(client, settings.redis.prefix, Chain.of(settings.agents))
        seen = await parts.enter_async_context(ViewsSeen(slack.workspace))
        made = DeliveryRig(
            alerting=alerting,
            slack=slack,
            redis=redis,
            redis_ways=redis_ways,
            slack_ways=slack_ways,
            bots=processes,
            web=web,
            store=store,
            client=client,
            prefix=settings.redis.prefix,
            seen=seen,
            configs=files,
            token=token,
        )
        parts.push_async_callback(made.stop_bots)
        slack.bot_request_url = f"http://{web}/slack/events"
        await asyncio.gather(*map(made.start_bot, BOTS))
        yield made


def _write_files(
    folder: Path,
    lab: Lab,
    slack: SlackWorkspaceServer,
    ways: tuple[dict[str, Tripwire], dict[str, Tripwire]],
    web: Address,
    redis_url: str | None,
) -> tuple[dict[str, Path], str]:
    """Write one configuration for each process; they differ only in their ways to Redis and Slack."""
    redis_ways, slack_ways = ways
    common, token = write_bot_files(
        folder,
        lab,
        listen=web,
        redis_url="redis://nowhere/0",
        slack={"bot_token": slack.bot_token, "signing_secret": slack.signing_secret, "api_url": slack.url},
        channel=slack.workspace.channel(CHANNEL).id,
        confirm_groups=[group.id for group in slack.workspace.directory.groups],
    )
    files = {}
    for name in BOTS:
        document: dict[str, Any] = tomlkit.parse(common.read_text()).unwrap()
        document["redis"]["url"] = redis_url or f"redis://{redis_ways[name].address}/0"
        document["slack"]["api_url"] = f"http://{slack_ways[name].address}/api/"
        document["clusters"] = [{**document["clusters"][0], "name": cluster} for cluster in CLUSTERS]
        files[name] = folder / f"{name}.toml"
        files[name].write_text(tomlkit.dumps(document))
    return files, token


def _name_alertmanagers(files: Any, alerting: list[Program]) -> None:
    urls = ", ".join(f'"{peer.url}"' for peer in alerting)
    for file in files:
        asked = f"\n[alertmanager]\nurls = [{urls}]\nresolved_grace_s = {RESOLVED_GRACE_S}\n"
        file.write_text(file.read_text() + asked)
