"""The bot as a service: it says when it is ready, reloads without losing a call, and keeps what works."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from lab.slack.server import SlackWorkspaceServer
from tests.bot.conftest import WriteConfig
from tests.redis_box import free_address
from tests.waiting import until

pytestmark = pytest.mark.process


@dataclass
class Service:
    """A bot under a stand-in for systemd, which listens at an abstract socket."""

    process: asyncio.subprocess.Process
    manager: socket.socket
    http: httpx.AsyncClient
    lines: list[dict[str, Any]] = field(default_factory=list)

    async def told(self) -> str:
        """The next thing that systemd is told, beside that the bot is alive."""
        while True:
            said = (await asyncio.wait_for(asyncio.to_thread(self.manager.recv, 4096), 30)).decode()
            if said != "WATCHDOG=1":
                return said

    async def reload(self) -> str:
        """Reload; return what systemd is told of how that went."""
        self.process.send_signal(signal.SIGHUP)
        assert (await self.told()).startswith("RELOADING=1\nMONOTONIC_USEC=")
        return await self.told()

    async def post(self, token: str) -> int:
        answer = await self.http.post("/alertmanager", headers={"Authorization": f"Bearer {token}"})
        return answer.status_code

    def said(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]

    async def read(self) -> None:
        assert self.process.stderr
        async for line in self.process.stderr:
            self.lines.append(json.loads(line))


@asynccontextmanager
async def service(config: Path, url: str, *arguments: str) -> AsyncIterator[Service]:
    name = f"neumann-test-{secrets.token_hex(6)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}")
        manager.settimeout(30)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", *arguments, "--config", str(config)),
            env={**os.environ, "NOTIFY_SOCKET": f"@{name}", "WATCHDOG_USEC": "400000"},
            stderr=asyncio.subprocess.PIPE,
        )
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            running = Service(process, manager, http)
            reading = asyncio.create_task(running.read())
            try:
                yield running
            finally:
                if process.returncode is None:
                    process.kill()
                await process.wait()
                await reading


@pytest.fixture
def config(write_config: WriteConfig, slack: SlackWorkspaceServer) -> Path:
    file, at = write_config(slack), free_address()
    file.write_text(file.read_text().replace("port = 8080", f"port = {at.port}"))
    return file


def port_of(config: Path) -> int:
    return int(config.read_text().partition("port = ")[2].split("\n")[0])


def replace(file: Path, old: str, new: str) -> None:
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))


async def test_a_reload_takes_over_what_can_be_and_no_call_is_refused_meanwhile(config: Path) -> None:
    port, token_file = port_of(config), config.parent / "webhook-token"
    former = token_file.read_text().strip()
    async with service(config, f"http://127.0.0.1:{port}", "serve") as bot:
        assert await bot.told() == "READY=1"
        assert [(line["host"], line["port"]) for line in bot.said("listening")] == [("127.0.0.1", port)]
        # A worker that is exchanged before it has greeted anybody never says that it has.
        await until(lambda: len(bot.said("nodes_greeted")) == 1, "the worker began")
        answers: list[int] = []

        async def call() -> None:
            while True:
                answers.append((await bot.http.get("/livez")).status_code)

        calling = asyncio.create_task(call())
        token_file.write_text("another")
        replace(config, f"port = {port}", "port = 1")
        said = await bot.reload()
        assert (await bot.post("another"), await bot.post(former)) == (400, 401)
        calling.cancel()
        assert said == (
            "READY=1\nSTATUS=The configuration was reloaded. These keys need a restart: web.port."
        )
        assert set(answers) == {200}
        await until(lambda: len(bot.said("nodes_greeted")) == 2, "the worker was exchanged too")
        assert [line["keys"] for line in bot.said("needs_restart")] == [["web.port"]]
        bot.process.send_signal(signal.SIGTERM)
        assert await bot.told() == "STOPPING=1"
        assert await asyncio.wait_for(bot.process.wait(), 20) == 0
    assert {line["level"] for line in bot.lines} <= {"debug", "info", "warning", "error"}


async def test_a_configuration_that_cannot_be_used_changes_nothing_and_is_told_in_one_line(
    config: Path,
) -> None:
    token_file = config.parent / "webhook-token"
    token, text = token_file.read_text().strip(), config.read_text()
    line_of_token = 1 + next(n for n, line in enumerate(text.split("\n")) if line == "[web.webhook_token]")
    async with service(config, f"http://127.0.0.1:{port_of(config)}", "web") as bot:
        assert await bot.told() == "READY=1"
        replace(config, "channel =", "chanel =")
        assert "not reloaded" in await bot.reload()
        config.write_text(text)
        token_file.chmod(0o644)
        assert "not reloaded" in await bot.reload()
        token_file.chmod(0o600)
        assert await bot.post(token) == 400, "taken, and told that this is no notification"
        await until(lambda: len(bot.said("configuration_not_reloaded")) == 2)
        misspelt, opened = bot.said("configuration_not_reloaded")
        assert (misspelt["key"], misspelt["others"]) == ("slack.channel", "1")
        assert misspelt["place"].startswith(f"{config}:")
        assert (opened["place"], opened["key"]) == (f"{config}:{line_of_token}", "web.webhook_token")
        assert "chmod 600" in opened["error"]
        assert await bot.reload() == "READY=1\nSTATUS=The configuration was reloaded."
        assert await bot.post(token) == 400


async def test_a_token_opens_the_api_and_the_page_until_a_reload_exchanges_it(config: Path) -> None:
    token_file = config.parent / "api-token"
    token_file.touch(0o600)
    former, coming = "the-token-of-yesterday", "the-token-of-this-morning"
    token_file.write_text(former)
    scopes = '["incidents:read", "status:read"]'
    config.write_text(
        f'{config.read_text()}\n[[api.tokens]]\nname = "screen"\ntoken = {{ file = "{token_file}" }}\n'
        f'scopes = {scopes}\n[status_page]\naccess = "token"\n'
    )

    async def status_of(path: str, token: str) -> int:
        return (await bot.http.get(path, headers={"Authorization": f"Bearer {token}"})).status_code

    async with service(config, f"http://127.0.0.1:{port_of(config)}", "web") as bot:
        assert await bot.told() == "READY=1"
        assert [await status_of(path, former) for path in ("/api/v1/incidents", "/status")] == [200, 200]
        assert await status_of("/api/v1/clusters/lab/posture", former) == 403
        token_file.write_text(coming)
        assert await bot.reload() == "READY=1\nSTATUS=The configuration was reloaded."
        assert [await status_of("/api/v1/incidents", each) for each in (former, coming)] == [401, 200]


async def test_a_worker_of_its_own_answers_probes_where_it_is_told_to(config: Path) -> None:
    at = free_address()
    replace(config, "[web]\n", f"[web]\nworker_status_port = {at.port}\n")
    async with service(config, f"http://{at}", "worker") as bot:
        assert await bot.told() == "READY=1"
        for path in ("/livez", "/readyz", "/version", "/metrics"):
            assert (await bot.http.get(path)).status_code == 200
        assert await bot.post("any") == 404, "it takes no notifications"
