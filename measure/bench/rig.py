"""What a bench stands on: processes that are measured from outside, a Redis, and an operator's files."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from bot.config import Settings
from bot.config import load as load_settings
from bot.store.client import connect
from lab.redis_server import redis_url
from measure.bench.load import Address
from measure.bench.reading import write_keys, write_private
from measure.bench.slack_stub import GROUP, SIGNING_SECRET, SlackStub

WEBHOOK_TOKEN = "the bench's webhook token"
AUTHORIZED = {"Authorization": f"Bearer {WEBHOOK_TOKEN}", "Content-Type": "application/json"}
START_DEADLINE_S = 60.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
NODES = 3
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
"""An installed bot does not compile itself at each start; so here it may keep what it compiles."""


@dataclass(frozen=True)
class Running:
    """A process that serves on a port, or works."""

    pid: int
    address: Address

    @property
    def cpu_s(self) -> float:
        """Return the CPU time it has used, to a hundredth of a second."""
        return cpu_s(self.pid)

    @property
    def peak_mib(self) -> float:
        """Return the most memory that it has held resident."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def cpu_s(pid: int) -> float:
    """Return user and system time of a process, by /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def free_port() -> int:
    """Return a port that nobody has at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def spawned(folder: Path, *arguments: str, port: int = 0) -> AsyncIterator[Running]:
    """Start a Python process with its output in a file; it is asked to end afterwards."""
    words = folder / f"out-{time.monotonic_ns()}"
    with words.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, stdout=out, stderr=out, env=os.environ | COMPILED
        )
    try:
        yield Running(process.pid, ("127.0.0.1", port))
        assert process.returncode is None, words.read_text()[-2000:]
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 15)
            except TimeoutError:
                process.kill()
                await process.wait()


async def answers(address: Address, path: str = "/readyz", every_s: float = 0.002) -> None:
    """Ask until the answer is 200.

    Raises:
        TimeoutError: If it does not come to that.
    """
    question = f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode()
    async with asyncio.timeout(START_DEADLINE_S):
        while True:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection(*address)
                writer.write(question)
                status = await reader.read(12)
                writer.close()
                if status.endswith(b" 200"):
                    return
            await asyncio.sleep(every_s)


@dataclass(frozen=True)
class Rig:
    """A folder, a Redis and a Slack, and the bot's configuration on them."""

    folder: Path
    redis: str
    slack: SlackStub

    def configure(self, clusters: int = 1, nodes: int = NODES) -> Path:
        """Write an operator's files for so many clusters, whose nodes are down, each with its channel."""
        folder = self.folder / f"bot-{time.monotonic_ns()}"
        folder.mkdir()
        write_keys(folder)
        secrets = {"bot-token": "xoxb-bench", "signing-secret": SIGNING_SECRET, "webhook": WEBHOOK_TOKEN}
        for name, value in secrets.items():
            write_private(folder / name, value.encode())
        document: dict[str, Any] = {
            "slack": {
                "bot_token": {"file": str(folder / "bot-token")},
                "signing_secret": {"file": str(folder / "signing-secret")},
                "channel": "C0",
                "api_url": self.slack.url,
            },
            "web": {"port": free_port(), "webhook_token": {"file": str(folder / "webhook")}},
            "redis": {"url": self.redis, "prefix": "{bench}"},
            "agents": {
                "certificate": str(folder / "bot.pem"),
                "key": str(folder / "bot.pem"),
                "authority": str(folder / "authority.pem"),
                "grant_key": {"file": str(folder / "grant.key")},
            },
            "clusters": [
                {
                    "name": name,
                    "channel": f"C-{name}",
                    "confirm_groups": [GROUP],
                    "nodes": [_node(f"node{number}") for number in range(1, nodes + 1)],
                }
                for name in cluster_names(clusters)
            ],
        }
        (folder / "neumann-bot.toml").write_text(tomlkit.dumps(document))
        return folder / "neumann-bot.toml"

    @contextlib.asynccontextmanager
    async def bot(self, part: str, config: Path) -> AsyncIterator[Running]:
        """Run the bot as `neumann-bot PART`, ready where it serves."""
        port = load_settings(config).web.port
        command = "from bot.__main__ import main; main()"
        async with spawned(self.folder, "-c", command, part, "--config", str(config), port=port) as process:
            if part != "worker":
                await answers(process.address)
            yield process

    @contextlib.asynccontextmanager
    async def bare(self) -> AsyncIterator[Running]:
        """Run the bare limit, and wait until it is ready."""
        port = free_port()
        options = (f"--port={port}", f"--redis={self.redis}", f"--slack={self.slack.url}")
        async with spawned(self.folder, "-m", "measure.bench.bare", *options, port=port) as process:
            await answers(process.address)
            yield process

    async def redis_cpu_s(self) -> float:
        """Return how much CPU time Redis itself has used."""
        async with aclosing(connect(self.redis)) as client:
            info = await client.info("cpu")
        return float(info["used_cpu_sys"]) + float(info["used_cpu_user"])

    async def empty(self) -> None:
        """Forget everything in Redis."""
        async with aclosing(connect(self.redis)) as client:
            await client.flushall()


def cluster_names(count: int) -> tuple[str, ...]:
    """Return the names of the configured clusters."""
    return tuple(f"c{number}" for number in range(count))


def settings_of(config: Path) -> Settings:
    """Return the settings as the bot reads them."""
    return load_settings(config)


def _node(name: str) -> dict[str, str]:
    # Nobody listens there: a reading costs what connecting in vain costs.
    return {"name": name, "metrics_url": "http://127.0.0.1:1", "agent_url": "https://127.0.0.1:1"}


@contextlib.asynccontextmanager
async def rig(folder: Path) -> AsyncIterator[Rig]:
    """Start a fresh Redis with appendonly (everysec) and a fresh Slack."""
    async with redis_url(folder / f"redis-{time.monotonic_ns()}") as url, SlackStub() as slack:
        yield Rig(folder, url, slack)
