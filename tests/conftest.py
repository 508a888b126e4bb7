"""What every test stands on: a clean environment, one real Redis, and a corner of it for each test."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from lab.redis_server import redis_url as running_redis


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tuple(os.environ):
        if name.startswith("NEUMANN_BOT_"):
            monkeypatch.delenv(name)


@pytest_asyncio.fixture(scope="session")
async def redis_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A real Redis for the whole session."""
    async with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def prefix() -> str:
    """A key prefix that no other test uses."""
    return f"{{test-{secrets.token_hex(6)}}}"
