"""The Redis of the examples is one that the bot takes; its Sentinels know it by the name that is shown."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import pytest

from bot.store.client import connect
from bot.store.health import require_usable, why_not_ready
from bot.store.queues.inbox import Inbox
from handlers.errors import StoreDown
from lab.cluster.process import Process
from lab.redis_server import find_server
from tests.bot.conftest import SEAL
from tests.redis_box import find_sentinel, free_address

pytestmark = pytest.mark.process

DEPLOY = Path(__file__).parents[2] / "deploy" / "redis"


async def test_the_redis_of_the_example_takes_nothing_without_its_replica(
    tmp_path: Path,
) -> None:
    at = free_address()
    argv = (find_server(), str(DEPLOY / "redis.conf"), "--port", str(at.port), "--dir", str(tmp_path))
    process = Process("redis", argv, tmp_path / "redis.out")
    await process.start()
    try:
        await process.until_listening(at)
        async with aclosing(connect(f"redis://{at}")) as redis:
            await require_usable(redis)
            assert "fewer replicas than it asks for" in str(await why_not_ready(redis, "{test}"))
            with pytest.raises(StoreDown, match="fewer replicas than it asks for"):
                await Inbox(redis, "{test}", "test", SEAL).store(b"", None)
    finally:
        await process.stop()


@pytest.mark.skipif(not find_sentinel(), reason="redis-sentinel is not installed")
async def test_the_sentinel_of_the_example_names_its_primary(tmp_path: Path) -> None:
    at, primary = free_address(), free_address()
    text = (DEPLOY / "sentinel.conf").read_text()
    changes = {"port 26379": f"port {at.port}", "127.0.0.1 6379 2": f"127.0.0.1 {primary.port} 1"}
    for example, ours in changes.items():
        assert example in text
        text = text.replace(example, ours)
    (tmp_path / "sentinel.conf").write_text(text)
    server = (find_server(), "--port", str(primary.port), "--bind", primary.host, "--dir", str(tmp_path))
    processes = [
        Process("redis", server, tmp_path / "redis.out"),
        Process("sentinel", (find_sentinel(), str(tmp_path / "sentinel.conf")), tmp_path / "sentinel.out"),
    ]
    try:
        for process, listens in zip(processes, (primary, at), strict=True):
            await process.start()
            await process.until_listening(listens)
        async with aclosing(connect(f"redis+sentinel://{at}/neumann/0")) as redis:
            assert await redis.ping()
    finally:
        for process in processes:
            await process.stop()
