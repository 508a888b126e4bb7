"""A workspace whose calls are counted, and threads in it, for the tests of delivery."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from redis.asyncio import Redis
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.delivery.outcome import StillRefusedError
from bot.slack.delivery.thread_sync import SlackThread, Synced
from bot.slack.delivery.web_api import SlackBusy, SlackRefused
from bot.store.errors import text
from bot.timing import Timing
from handlers.domain.incident import Incident
from handlers.errors import SlackDown
from lab.slack.server import SlackWorkspaceServer
from lab.slack.workspace import Message
from tests.bot.conftest import INCIDENTS

TIMING = Timing(under_way_s=1)


@dataclass
class Rig:
    """One replica's threads; `channel` is what the configuration names."""

    slack: SlackWorkspaceServer
    client: AsyncWebClient
    redis: Redis
    prefix: str
    channel: str = INCIDENTS
    calls: Counter[str] = field(default_factory=Counter)

    def replica(self) -> SlackThread:
        """A process that has just begun."""
        return SlackThread(self.client, self.redis, self.prefix, lambda _: self.channel, TIMING)

    async def sync(self, incident: Incident) -> Synced | SlackDown:
        """What comes of one try of a process that has just begun."""
        try:
            return await self.replica().sync(incident)
        except SlackDown as error:
            return error

    async def settle(self, *incidents: Incident) -> None:
        """Try as a worker does until nothing is to be done now; what was refused is left for later."""
        for incident in incidents:
            async with asyncio.timeout(20):
                while True:
                    came = await self.sync(incident)
                    if isinstance(came, Synced | SlackRefused | StillRefusedError):
                        break
                    await asyncio.sleep(0.01)
                    if isinstance(came, SlackBusy):
                        await self.free_turns()

    async def refused(self) -> dict[str, dict[str, Any]]:
        """What is noted as refused."""
        noted = await self.redis.hgetall(f"{self.prefix}:refused")
        return {text(scope): json.loads(value) for scope, value in noted.items()}

    async def later(self) -> None:
        """Make what was refused due again, and turns free, as if the time had passed."""
        for scope, noted in (await self.refused()).items():
            await self.redis.hset(f"{self.prefix}:refused", scope, json.dumps({**noted, "next_s": 0}))
        await self.free_turns()

    async def free_turns(self) -> None:
        """Make Slack take calls at once again, as if the time had passed."""
        async for name in self.redis.scan_iter(f"{self.prefix}:pace:*"):
            await self.redis.delete(name)

    @property
    def messages(self) -> list[Message]:
        """The bot's messages that are left, in the order in which they came."""
        return [message for message in self.slack.workspace.messages if message.metadata]

    def keys(self, parent_ts: str | None = None) -> list[str]:
        """The keys of all messages, or of one thread's."""
        return [key(each) for each in self.messages if parent_ts in (None, each.ts, each.thread_ts)]

    @property
    def headlines(self) -> list[Message]:
        """What begins a thread."""
        return [each for each in self.messages if key(each) == "headline" and not each.is_reply]


def key(message: Message) -> str:
    return str((message.metadata or {})["event_payload"]["key"])


@asynccontextmanager
async def rig(slack: SlackWorkspaceServer, redis: Redis, prefix: str) -> AsyncIterator[Rig]:
    """Count every call."""
    calls: Counter[str] = Counter()

    async def count(_: object, __: object, sent: aiohttp.TraceRequestStartParams) -> None:
        calls[sent.url.name] += 1

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(count)
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(trace_configs=[trace], timeout=timeout) as session:
        client = AsyncWebClient(
            token=slack.bot_token, base_url=f"{slack.url}/api/", session=session, retry_handlers=[]
        )
        yield Rig(slack, client, redis, prefix, calls=calls)
