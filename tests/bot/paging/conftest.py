"""A client as the bot makes it, and secrets in files of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from bot.http.client import http_client

Secret = Callable[[str], dict[str, str]]


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(httpx.Timeout(None)) as client:
        yield client


@pytest.fixture
def secret(tmp_path: Path) -> Secret:
    """Write a secret into a file of its own; return it as the configuration names it."""

    def write(value: str) -> dict[str, str]:
        file = tmp_path / f"secret-{len(list(tmp_path.iterdir()))}"
        file.write_text(value)
        file.chmod(0o600)
        return {"file": str(file)}

    return write
