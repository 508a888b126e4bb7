"""What somebody else put under a key of the bot is moved aside, kept, and said; the bot's own stays."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.store.foreign_keys import put_aside, shared_keys
from bot.store.keys import Keys
from bot.store.queues.due_queue import DueQueue, Taken
from bot.store.queues.inbox import Inbox
from handlers.errors import StoreDown
from tests.bot.conftest import SEAL


async def test_a_key_of_another_type_is_kept_elsewhere_and_the_bot_goes_on(redis: Redis, prefix: str) -> None:
    inbox = Inbox(redis, prefix, "one", SEAL)
    await redis.set(Keys(prefix).inbox(), "mine")
    with pytest.raises(StoreDown, match="holds another type than the bot keeps"):
        await inbox.store(b"{}", None)
    with capture_logs() as logs:
        assert await put_aside(redis, prefix) == (Keys(prefix).inbox(),)
    assert [each["event"] for each in logs] == ["foreign_key_put_aside"]
    await inbox.store(b"{}", None)
    (kept,) = await redis.keys(f"{prefix.replace('{', '[{]').replace('}', '[}]')}:aside:inbox:*")
    assert await redis.get(kept) == b"mine"


async def test_what_the_bot_itself_keeps_stays(redis: Redis, prefix: str) -> None:
    await Inbox(redis, prefix, "one", SEAL).store(b"{}", None)
    queue = DueQueue(redis, prefix, "steps")
    await queue.mark("inc-1")
    assert isinstance(await queue.take(), Taken)
    assert await put_aside(redis, prefix) == ()


def test_every_shared_key_is_looked_at() -> None:
    keys = shared_keys(Keys("P"))
    assert {keys["P:inbox"], keys["P:dead"], keys["P:slack-requests"]} == {"stream"}
    assert {keys["P:due:views"], keys["P:released"]} == {"zset"}
    assert {keys["P:open"], keys["P:leases:chores"], keys["P:fences"], keys["P:ends"]} == {"hash"}
    assert {keys["P:look"], keys["P:incident-number"], keys["P:redis-run"]} == {"string"}
    assert "P:wake" not in keys
