"""A Redis Cluster of two primaries, the one with the bot's keys with a replica."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from lab.cluster.process import Process
from lab.layout import Address
from lab.redis_server import find_server

SLOTS = 16_384
BUS = 10_000
"""How far above a node's port its port for the other nodes is."""


class RedisCluster:
    """Its nodes: `primary` has the slot, `replica` follows it, `other` has half of the other slots."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.primary, self.other, self.replica = (_free_address() for _ in range(3))
        self.url = f"redis+cluster://{self.other},{self.primary}"
        self.processes = {at: self._process(at) for at in (self.primary, self.other, self.replica)}

    def _process(self, at: Address) -> Process:
        folder = self._folder / str(at.port)
        folder.mkdir()
        place = ("--port", str(at.port), "--bind", at.host, "--dir", str(folder))
        kept = ("--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction")
        argv = (find_server(), *place, *kept, "--cluster-enabled", "yes")
        return Process(f"redis-{at.port}", argv, self._folder / f"{at.port}.out")

    async def ask(self, at: Address, *words: str | int) -> Any:
        """Run a command on one node."""
        async with Redis(host=at.host, port=at.port, protocol=2) as redis:
            return await redis.execute_command(*words)

    async def form(self, key: str) -> None:
        """Give out the slots, half each, and wait until all know of all."""
        mine = key_slot(key.encode()) * 2 // SLOTS
        halves = range(0, SLOTS // 2), range(SLOTS // 2, SLOTS)
        await self.ask(self.primary, "CLUSTER", "ADDSLOTS", *halves[mine])
        await self.ask(self.other, "CLUSTER", "ADDSLOTS", *halves[1 - mine])
        for at in (self.other, self.replica):
            await self.ask(at, "CLUSTER", "MEET", self.primary.host, self.primary.port)
        name = (await self.ask(self.primary, "CLUSTER", "MYID")).decode()
        await _until(lambda: self._replicates(name))
        await _until(self._is_whole)

    async def fail_over(self) -> None:
        """Let primary and replica change places."""
        await self.ask(self.replica, "CLUSTER", "FAILOVER")
        self.primary, self.replica = self.replica, self.primary
        await _until(self._is_whole)

    async def _replicates(self, name: str) -> bool:
        return bool(await self.ask(self.replica, "CLUSTER", "REPLICATE", name) == b"OK")

    async def _is_whole(self) -> bool:
        role = (await self.ask(self.primary, "ROLE"))[0], (await self.ask(self.replica, "ROLE"))[:4:3]
        known = [str(await self.ask(at, "CLUSTER", "INFO")) for at in self.processes]
        agreed = [await self.ask(at, "CLUSTER", "SLOTS") for at in self.processes]
        firsts = [sorted((shard[0], shard[2][1], len(shard)) for shard in shards) for shards in agreed]
        return (
            role == (b"master", [b"slave", b"connected"])
            and all("cluster_state:ok" in each for each in known)
            and all(each == firsts[0] for each in firsts)
            and max(length for _, _, length in firsts[0]) == 4  # first, last, primary and a replica
        )


@asynccontextmanager
async def redis_cluster(folder: Path, key: str) -> AsyncIterator[RedisCluster]:
    """Start a cluster in which `primary` has the slot of a key."""
    async with AsyncExitStack() as parts:
        cluster = RedisCluster(folder)
        for at, process in cluster.processes.items():
            await process.start()
            parts.push_async_callback(process.stop)
            await process.until_listening(at)
        await cluster.form(key)
        yield cluster


async def _until(question: Any) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                if await question():
                    return
            except RedisError:
                pass
            await asyncio.sleep(0.1)


def _free_address() -> Address:
    """A loopback port that is free now, as is the one for the other nodes."""
    while True:
        port = random.randrange(12_000, 30_000)
        try:
            for each in (port, port + BUS):
                socket.create_server(("127.0.0.1", each)).close()
        except OSError:
            continue
        return Address("127.0.0.1", port)
