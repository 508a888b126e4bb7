"""Whatever stands under any key in Redis: no loop stops, nothing is done, and nothing false is "sound"."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bot import clients
from bot import main as wiring
from bot.cli.audit_check import Audit
from bot.config import Settings
from bot.nodes.agent_client import AgentClient
from bot.store.client import connect
from bot.store.keys import Keys, kinds
from bot.store.mac_chain import Chain
from bot.store.queues.inbox import SEAL_USE, Inbox
from bot.store.retention import Retention
from bot.store.signer import Signer
from bot.store.timelines import TimelineStore
from bot.timing import Timing
from handlers.domain.alerts import IncidentIdentity
from handlers.errors import StoreDown
from lab.slack.server import SlackWorkspaceServer
from measure.attack.redis_writes import words
from tests.bot.conftest import INCIDENTS, Becomes

pytestmark = pytest.mark.process


@pytest.fixture(autouse=True)
def _nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    async def prepare(_: AgentClient, order: object) -> None:
        raise AssertionError(f"nobody confirmed {order}")

    monkeypatch.setattr(AgentClient, "prepare", prepare)
    monkeypatch.setattr(AgentClient, "commit", prepare)


FIRING = (Path(__file__).parents[2] / "data" / "webhooks" / "noleader_firing.json").read_bytes()
HASTY = Timing(lease_s=0.5, poll_s=0.05, after_failure_s=0.02, after_error_s=0.02, left_to_others_s=0.1)
QUIET = FIRING.replace(b"NoLeader", b"DiskFull")
"""Of an alert without a runbook: nothing is read of the nodes for it."""

IDENTITY = IncidentIdentity(cluster="demo", runbook="alert:DiskFull")
STAYING = ("list", "own")
"""Of what is still there when the next alert comes."""

KINDS = ("string", "number", "list", "set", "zset", "hash", "stream", "own")

Put = Callable[[Redis, str, random.Random], Awaitable[object]]


async def put(redis: Redis, key: str, kind: str, chance: random.Random, own: str) -> None:
    """Put something of a type under a key, at one moment; of its own type, beside what is there."""
    known: list[Any] = []
    if kind == "own" and await redis.type(key) == b"hash":
        known = list(await redis.hkeys(key))
    async with redis.pipeline(transaction=True) as pipe:
        if kind != "own":
            pipe.delete(key)
        match own if kind == "own" else kind:
            case "string":
                pipe.set(key, words(chance))
            case "number":
                pipe.set(key, chance.choice([-1, 0, 2**63 - 1, 10**15]))
            case "list":
                pipe.lpush(key, words(chance))
            case "set":
                pipe.sadd(key, words(chance))
            case "zset":
                scores = [float("-inf"), 0.0, 1e15, float("inf")]
                pipe.zadd(key, {words(chance): score for score in scores})
            case "hash":
                fields: dict[Any, Any] = {
                    each: words(chance) for each in [*known, words(chance), IDENTITY.key, "demo"]
                }
                pipe.hset(key, mapping=fields)
            case "stream":
                entry: dict[Any, Any] = {words(chance): words(chance), b"body": words(chance)}
                pipe.xadd(key, entry)
        await pipe.execute()


@dataclass(frozen=True)
class Bed:
    """A bot that works, and one incident that it has."""

    bot: wiring.Bot
    redis: Redis
    settings: Settings
    inbox: Inbox
    store: TimelineStore
    slack: SlackWorkspaceServer
    loops: tuple[asyncio.Task[None], ...]

    async def shows(self, alert: str) -> bool:
        """Whether a new alert has its thread, though what was put into Redis is still there."""
        with contextlib.suppress(StoreDown):
            await self.inbox.store(QUIET.replace(b"DiskFull", alert.encode()), "demo")
        await self.turn()
        with contextlib.suppress(ResponseError):
            found = await self.redis.hget(Keys(self.settings.redis.prefix).open(), f"demo/alert:{alert}")
            told = [str(each.metadata) for each in self.slack.workspace.messages]
            return bool(found) and any(str(found)[2:-1] in each for each in told)
        return False

    async def turn(self) -> None:
        """Let every consumer, chore and timer job run."""
        scheduler = self.bot.scheduler
        for mark in (scheduler.mark_open_incidents, scheduler.mark_reconcile, scheduler.mark_trim):
            with contextlib.suppress(StoreDown):  # as the timer, which comes again
                await mark()
        await asyncio.sleep(0.15)
        await scheduler._put_aside()
        for loop in self.loops:
            assert not loop.done(), loop


@asynccontextmanager
async def bed(settings: Settings, slack: SlackWorkspaceServer) -> AsyncIterator[Bed]:
    prefix = settings.redis.prefix
    async with wiring.build(settings, HASTY) as bot:
        redis = connect(settings.redis.url)
        inbox = Inbox(redis, prefix, "test", Signer.of(settings.agents, SEAL_USE))
        store = TimelineStore(redis, prefix, Chain.of(settings.agents))
        loops = tuple(asyncio.create_task(each.run()) for each in (bot.worker, bot.dispatcher))
        try:
            yield Bed(bot, redis, settings, inbox, store, slack, loops)
        finally:
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            await redis.aclose()


def keys_of(keys: Keys, incident: str) -> Iterator[tuple[str, str]]:
    """Every key there may be, with its arguments as the bot would fill them in, and its own type."""
    filled = {
        "incident": [incident],
        "handle": ["handle-1"],
        "identity": [IDENTITY.key],
        "queue": ["steps", "views", "pages", "chores"],
        "message": ["headline"],
        "limit": [f"post:{INCIDENTS}", "edit", "search"],
        "channel": [INCIDENTS],
        "ts": ["1.2"],
        "name": ["link-map"],
        "what": ["groups"],
        "person": ["U0ALICE001"],
        "key": ["inbox"],
        "cluster": ["demo"],
    }
    for name, (kind, parameters) in kinds().items():
        for first in filled[parameters[0]] if parameters else [""]:
            rest = (filled[each][0] for each in parameters[1:])
            yield getattr(keys, name)(*([first, *rest] if parameters else [])), kind


NAMES = [key for key, _ in keys_of(Keys("P"), "INCIDENT")]


@pytest.mark.parametrize("name", NAMES)
async def test_row_08_no_value_under_any_key_ends_a_process_or_stops_a_loop(
    settings: Settings, slack: SlackWorkspaceServer, becomes: Becomes, name: str
) -> None:
    chance = random.Random(name)
    prefix = settings.redis.prefix
    async with bed(settings, slack) as on:
        await on.inbox.store(QUIET, "demo")
        await becomes(on.store.open_incidents)
        (incident,) = await on.store.open_incidents()
        await becomes(lambda: on.redis.exists(Keys(prefix).thread(incident)))
        (key, own) = dict(zip(NAMES, keys_of(Keys(prefix), incident), strict=True))[name]
        for kind in KINDS:
            kept = await on.redis.dump(key)
            await put(on.redis, key, kind, chance, own)
            with contextlib.suppress(StoreDown):  # Alertmanager is told, and sends it again
                await on.inbox.store(QUIET, "demo")
            if "posture" in name:
                await on.bot.scheduler.mark_posture()
            await on.turn()
            await _nothing_is_sound_that_is_not(on, incident, key)
            if kind in STAYING:
                await becomes(partial(on.shows, f"{kind}Alert"))
            async with on.redis.pipeline(transaction=True) as pipe:
                pipe.delete(key)
                if kept:
                    pipe.restore(key, 0, kept)
                await pipe.execute()


async def _nothing_is_sound_that_is_not(on: Bed, incident: str, key: str) -> None:
    """The audit says of a timeline that was touched that it is none of the bot's."""
    keys = Keys(on.settings.redis.prefix)
    retention = Retention(on.redis, keys.prefix, on.store, Chain.of(on.settings.agents))
    async with clients.reader(on.settings) as (_, agents):
        assert isinstance(agents, AgentClient)
        report = await Audit(on.store, agents, retention).of(incident)
    if key in (keys.timeline(incident), keys.ends()):
        assert report.faults, report
