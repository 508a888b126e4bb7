"""The store of a bot that runs on the lab, and a verification that comes soon."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from redis.asyncio import Redis

from bot.config import Settings
from bot.store.client import connect
from bot.store.mac_chain import Chain
from bot.store.timelines import TimelineStore
from handlers.domain.steps import next_step


@pytest.fixture(autouse=True)
def _soon_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(next_step, "DEFAULT_STABLE_S", 1.0)


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    """The Redis of the bot that `settings` describe."""
    async with aclosing(connect(settings.redis.url)) as client:
        yield client


@pytest.fixture
def store(redis: Redis, settings: Settings) -> TimelineStore:
    """The timelines of that bot."""
    return TimelineStore(redis, settings.redis.prefix, Chain.of(settings.agents))
