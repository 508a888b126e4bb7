"""A Redis that is killed, frozen, put back to an older copy; and a pair of them under a Sentinel."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from lab.cluster.process import Process
from lab.layout import Address
from lab.redis_server import find_server
from measure.chaos.relay import Relay
from tests.waiting import until

MASTER = "neumann"
SENTINEL = """\
port {port}
dir {folder}
sentinel monitor {master} {redis.host} {redis.port} {quorum}
sentinel down-after-milliseconds {master} 1000
sentinel failover-timeout {master} 5000
"""


class RedisBox:
    """One server with an append-only file."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.address = free_address()
        argv: tuple[str, ...] = (find_server(), "--port", str(self.address.port), "--bind", self.address.host)
        argv += ("--dir", str(folder), "--appendonly", "yes", "--save", "", *options)
        argv += ("--maxmemory-policy", "noeviction")
        self.process = Process("redis-server", argv, folder.parent / f"{folder.name}.out")

    async def start(self) -> None:
        """Start it, and wait until it has loaded its file."""
        await self.process.start()
        await self.process.until_listening(self.address)
        async with Redis(host=self.address.host, port=self.address.port) as redis:
            await until(lambda: _answers(redis))

    async def kill(self) -> None:
        """SIGKILL."""
        await self.process.kill()

    def freeze(self) -> None:
        """SIGSTOP."""
        self.process.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self.process.signal(signal.SIGCONT)

    def copy_to(self, folder: Path) -> None:
        """Keep a copy of what is on disk, as a backup would."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)

    async def restore(self, copy: Path) -> None:
        """Kill it, put the copy in its place, and start it."""
        await self.kill()
        shutil.rmtree(self.folder)
        shutil.copytree(copy, self.folder)
        await self.start()


class RedisPair:
    """A master, its replica and their Sentinels; `relay` follows the master that the first of these names.

    `url` is what the bot is configured with, `sentinels` are the processes.
    """

    def __init__(
        self, boxes: list[RedisBox], sentinels: list[Process], asked: list[Address], sentinel: Any
    ) -> None:
        self.boxes = boxes
        self.sentinels = sentinels
        self.url = f"redis+sentinel://{','.join(map(str, asked))}/{MASTER}/0"
        self.master = boxes[0].address
        self.relay = Relay("127.0.0.1", lambda: self.master)
        self._sentinel = sentinel

    @property
    def process(self) -> Process:
        """The master's process."""
        return next(box.process for box in self.boxes if box.address == self.master)

    async def follow(self) -> None:
        """Ask Sentinel over and over who is master; connections to the former one are cut."""
        while True:
            try:
                host, port = await self._sentinel.execute_command(
                    "SENTINEL", "get-master-addr-by-name", MASTER
                )
                found = Address(host.decode(), int(port))
            except (RedisError, OSError, TypeError):
                found = self.master
            if found != self.master:
                self.master = found
                self.relay.cut()
                self.relay.mend()
            await asyncio.sleep(0.1)

    async def is_ready(self) -> bool:
        """Whether Sentinel knows the others and the replica, and that is in step."""
        try:
            replicas = await self._sentinel.execute_command("SENTINEL", "replicas", MASTER)
            others = await self._sentinel.execute_command("SENTINEL", "sentinels", MASTER)
        except (RedisError, OSError):
            return False
        listed = [str(each) for each in replicas]
        linked = any("master-link-status" in each and "'ok'" in each for each in listed)
        return linked and len(others) == len(self.sentinels) - 1


@asynccontextmanager
async def redis_pair(folder: Path, sentinels: int = 1) -> AsyncIterator[RedisPair]:
    """Start a master, a replica and so many Sentinels."""
    async with AsyncExitStack() as parts:
        one = RedisBox(folder / "one")
        other = RedisBox(folder / "other", "--replicaof", one.address.host, str(one.address.port))
        for box in (one, other):
            await box.start()
            parts.push_async_callback(box.process.stop)
        watching, asked = [], []
        for number in range(sentinels):
            process, at = await _start_sentinel(folder / f"sentinel{number}", one.address, sentinels // 2 + 1)
            parts.push_async_callback(process.stop)
            watching.append(process)
            asked.append(at)
        sentinel = await parts.enter_async_context(Redis(host=asked[0].host, port=asked[0].port, protocol=2))
        pair = RedisPair([one, other], watching, asked, sentinel)
        await until(
            pair.is_ready, "one primary, followed by its replica and known to each Sentinel", poll_s=0.2
        )
        await parts.enter_async_context(pair.relay)
        following = asyncio.create_task(pair.follow())
        try:
            yield pair
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def _start_sentinel(folder: Path, watched: Address, quorum: int) -> tuple[Process, Address]:
    folder.mkdir()
    at, file = free_address(), folder / "sentinel.conf"
    file.write_text(SENTINEL.format(port=at.port, folder=folder, master=MASTER, redis=watched, quorum=quorum))
    process = Process("redis-sentinel", (find_sentinel(), str(file)), folder / "sentinel.out")
    await process.start()
    await process.until_listening(at)
    return process, at


def find_sentinel() -> str:
    """The redis-sentinel on PATH, empty where there is none."""
    return shutil.which("redis-sentinel") or ""


def free_address() -> Address:
    """A loopback port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host, port = listening.getsockname()[:2]
    return Address(host, port)


async def _answers(redis: Redis) -> bool:
    try:
        return bool(await redis.ping())
    except (RedisError, OSError):
        return False
