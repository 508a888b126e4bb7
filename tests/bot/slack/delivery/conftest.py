"""What the tests of delivery share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from lab.slack.server import SlackWorkspaceServer
from tests.bot.slack.delivery.rig import Rig, rig


@pytest.fixture
async def at(slack: SlackWorkspaceServer, redis: Redis, prefix: str) -> AsyncIterator[Rig]:
    """A workspace whose calls are counted."""
    async with rig(slack, redis, prefix) as made:
        yield made
