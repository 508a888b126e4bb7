"""A process that is asked to end ends by itself, with exit code 0, and leaves nothing half taken."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
from functools import partial
from importlib import metadata
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from bot.config import load
from bot.store.queues.inbox import SEAL_USE, Inbox
from bot.store.signer import Signer
from lab.slack.server import SlackWorkspaceServer
from tests.bot.conftest import Becomes, WriteConfig
from tests.redis_box import free_address

FIRING = (Path(__file__).parents[2] / "data" / "webhooks" / "noleader_firing.json").read_bytes()


@pytest.mark.parametrize(
    ("asked", "apart"), [(signal.SIGTERM, False), (signal.SIGINT, True)], ids=["one port", "two ports"]
)
async def test_the_bot_ends_when_it_is_asked_to(
    write_config: WriteConfig,
    slack: SlackWorkspaceServer,
    redis: Redis,
    becomes: Becomes,
    asked: signal.Signals,
    apart: bool,
) -> None:
    config, at, apart_at = write_config(slack), free_address(), free_address()
    ports = {"NEUMANN_BOT_WEB__PORT": str(at.port)}
    ports |= {"NEUMANN_BOT_WEB__STATUS_PORT": str(apart_at.port)} if apart else {}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "serve", "--config", str(config)),
        env={**os.environ, **ports},
        stderr=asyncio.subprocess.PIPE,
    )
    settings = load(config)
    prefix = settings.redis.prefix
    try:
        told_at = apart_at if apart else at
        async with httpx.AsyncClient(base_url=f"http://{told_at}", trust_env=False) as http:

            async def answers(path: str) -> bool:
                try:
                    return (await http.get(path)).status_code == 200
                except httpx.TransportError:
                    return False

            for path in ("/livez", "/readyz", "/version", "/metrics"):
                await becomes(partial(answers, path))
                at_port = await http.get(f"http://{at}{path}")
                assert at_port.status_code == (404 if apart else 200)
            await Inbox(redis, prefix, secrets.token_hex(4), Signer.of(settings.agents, SEAL_USE)).store(
                FIRING, "demo"
            )
            await becomes(lambda: redis.exists(f"{prefix}:open"))
        reader, writer = await asyncio.open_connection(*at)
        writer.write(b"no HTTP at all\r\n\r\n")
        assert b"400" in await reader.readline()
        writer.close()
        process.send_signal(asked)
        _, said = await asyncio.wait_for(process.communicate(), 20)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode()
    assert b"Traceback" not in said
    events = [json.loads(line)["event"] for line in said.splitlines()]
    assert {"starting", "Invalid HTTP request received."} <= set(events), "one format for whoever logs"
    assert metadata.version("neumann-bot").encode() in said
    leases = [f"{prefix}:leases:{queue}" for queue in ("steps", "views", "pages", "chores")]
    assert await redis.exists(*leases) == 0
    assert (await redis.xpending(f"{prefix}:inbox", "workers"))["pending"] == 0
