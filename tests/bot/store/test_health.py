"""A Redis that would lose incidents is refused; one that takes nothing for now is named, and waited for."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bot import running
from bot.config import Settings, load
from bot.store.client import connect
from bot.store.errors import refusal, store_errors
from bot.store.health import require_usable, why_not_ready
from bot.store.queues.inbox import SEAL_USE, Inbox
from bot.store.signer import Signer
from bot.timing import Timing
from handlers.errors import ConfigurationError, StoreDown
from tests.bot.conftest import SEAL, Becomes, MortalRedis, WriteConfig
from tests.bot.worker.working import working

FIRING = (Path(__file__).parents[2] / "data" / "webhooks" / "noleader_firing.json").read_bytes()


@pytest_asyncio.fixture
async def own(mortal_redis: MortalRedis) -> AsyncIterator[Redis]:
    async with aclosing(connect(mortal_redis.url)) as client:
        yield client


async def test_a_redis_as_it_should_be_is_taken(own: Redis) -> None:
    await require_usable(own)
    assert await why_not_ready(own, "{test}") is None


async def test_a_redis_that_evicts_is_refused_with_the_mend(own: Redis) -> None:
    await own.config_set("maxmemory-policy", "allkeys-lru")
    with pytest.raises(ConfigurationError) as caught:
        await require_usable(own)
    assert str(caught.value) == (
        "Redis may throw incidents away (allkeys-lru): set its maxmemory-policy to noeviction."
    )
    assert await why_not_ready(own, "{test}") == str(caught.value)


@pytest.mark.process
async def test_the_bot_does_not_start_on_it(
    own: Redis, mortal_redis: MortalRedis, write_config: WriteConfig
) -> None:
    await own.config_set("maxmemory-policy", "volatile-ttl")
    settings = load(write_config(redis=mortal_redis.url))
    with pytest.raises(ConfigurationError, match="noeviction"):
        await running.run(settings, frozenset({"worker"}))


async def test_a_read_only_replica_is_refused(own: Redis) -> None:
    await own.replicaof("127.0.0.1", 1)
    with pytest.raises(ConfigurationError, match=r"give \[redis\] url the address of its primary"):
        await require_usable(own)
    with pytest.raises(StoreDown, match=r"read-only replica: .* must name its primary; nothing was accepted"):
        await Inbox(own, "{test}", "test", SEAL).store(b"", None)


async def test_a_replica_that_becomes_primary_is_taken_without_a_hand(own: Redis) -> None:
    inbox = Inbox(own, "{test}", "test", SEAL)
    await own.replicaof("127.0.0.1", 1)
    with pytest.raises(StoreDown, match="read-only replica"):
        await inbox.store(FIRING, None)
    assert "read-only replica" in str(await why_not_ready(own, "{test}"))
    await own.replicaof("NO", "ONE")
    await inbox.store(FIRING, None)
    assert await why_not_ready(own, "{test}") is None
    assert [each.fields[b"body"] for each in await inbox.stream.take_now()] == [FIRING]


async def test_one_that_begins_to_evict_is_said_while_the_bot_runs(own: Redis) -> None:
    await own.config_set("maxmemory-policy", "allkeys-lfu")
    assert "set its maxmemory-policy to noeviction" in str(await why_not_ready(own, "{test}"))
    await own.config_set("maxmemory-policy", "noeviction")
    assert await why_not_ready(own, "{test}") is None


async def test_one_that_is_away_may_come_back_and_is_no_reason_not_to_start(
    own: Redis, mortal_redis: MortalRedis
) -> None:
    await mortal_redis.stop()
    await require_usable(own)
    assert "nothing was accepted" in str(await why_not_ready(own, "{test}"))
    await mortal_redis.start()
    assert await why_not_ready(own, "{test}") is None


async def test_one_that_is_loading_is_waited_for(
    own: Redis, mortal_redis: MortalRedis, tmp_path: Path, parts: AsyncExitStack, becomes: Becomes
) -> None:
    await own.mset({str(number): secrets.token_hex(1000) for number in range(600)})
    await own.save()
    await mortal_redis.stop()
    # Minutes, unless it is told to hurry; it answers after each key.
    slowly = ("--key-load-delay", "200000", "--loading-process-events-interval-bytes", "1024")
    slow = MortalRedis(tmp_path, "--appendonly", "no", *slowly)
    await slow.process.start()
    parts.push_async_callback(slow.stop)

    async def loading() -> bool:
        return "Redis is loading its data" in str(await why_not_ready(own, "{test}"))

    await becomes(loading)
    with pytest.raises(StoreDown, match="Redis is loading its data; nothing was accepted"):
        await Inbox(own, "{test}", "test", SEAL).store(b"", None)
    await own.config_set("key-load-delay", 0)

    async def ready() -> bool:
        return await why_not_ready(own, "{test}") is None

    await becomes(ready)
    await Inbox(own, "{test}", "test", SEAL).store(b"", None)


async def test_a_worker_that_meets_full_memory_goes_on_when_there_is_room(
    settings: Settings,
    own: Redis,
    mortal_redis: MortalRedis,
    becomes: Becomes,
) -> None:
    redis = settings.redis.model_copy(update={"url": mortal_redis.url})
    settings = settings.model_copy(update={"redis": redis})
    prefix = settings.redis.prefix
    await Inbox(own, prefix, "web", Signer.of(settings.agents, SEAL_USE)).store(FIRING, "demo")
    await own.config_set("maxmemory", 1)
    async with working(settings, Timing(after_failure_s=0.1, lease_s=1.0)):

        async def taken() -> bool:
            return bool(await own.exists(f"{prefix}:inbox"))

        await becomes(taken)
        assert not await own.exists(f"{prefix}:open"), "there was no room for it"
        await own.config_set("maxmemory", 0)
        await becomes(lambda: own.exists(f"{prefix}:open"))

        async def folded_in() -> bool:
            return await own.xlen(f"{prefix}:inbox") == 0

        await becomes(folded_in)


ERRORS = {
    "-OOM command not allowed when used memory > 'maxmemory'. script: 7": "no memory left",
    "ERR Error running script (call to f_1): @user_script:1: -OOM command not allowed": "no memory left",
    "MISCONF Redis is configured to save RDB snapshots": "cannot write to its disk",
    "NOREPLICAS Not enough good replicas to write.": "fewer replicas than it asks for",
    "NOAUTH Authentication required.": "asks for a password",
    "WRONGTYPE Operation against a key": "holds another type than the bot keeps there",
    "ERR unknown command": "Redis refuses (ResponseError)",
}


@pytest.mark.parametrize(("said", "words"), ERRORS.items(), ids=[said.split()[0] for said in ERRORS])
async def test_what_redis_says_is_said_plainly(said: str, words: str) -> None:
    with pytest.raises(StoreDown) as caught:
        async with store_errors():
            raise ResponseError(said)
    assert words in str(caught.value)
    assert str(caught.value).endswith("; nothing was accepted.")
    assert refusal(OSError("x")) == "Redis does not answer (OSError); nothing was accepted."
