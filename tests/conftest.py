"""What every test stands on: a clean environment, one real Redis, and a corner of it for each test."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from lab.redis_server import redis_url as running_redis
from tests import ring
from tests.ring import (  # noqa: F401  hooks: pytest finds them by their names
    pytest_collection_modifyitems,
    pytest_runtest_call,
    pytest_runtest_protocol,
)

ring.install()
# Hypothesis' deadline and its check for slow inputs judge the machine, which may be busy with something else.
_SLOW = (HealthCheck.too_slow,)
settings.register_profile(
    "quick", derandomize=True, max_examples=30, deadline=None, suppress_health_check=_SLOW
)
settings.register_profile(
    "full", derandomize=True, max_examples=400, deadline=None, suppress_health_check=_SLOW
)
settings.load_profile("quick")  # `make test-all` asks for the full one


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tuple(os.environ):
        if name.startswith("NEUMANN_BOT_"):
            monkeypatch.delenv(name)


@pytest_asyncio.fixture(scope="session")
async def redis_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A real Redis for the whole session."""
    async with AsyncExitStack() as redis:
        with ring.guard.lifted():
            url = await redis.enter_async_context(running_redis(tmp_path_factory.mktemp("redis")))
        yield url


@pytest.fixture
def prefix() -> str:
    """A key prefix that no other test uses."""
    return f"{{test-{secrets.token_hex(6)}}}"
