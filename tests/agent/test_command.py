"""The command line in a process of its own."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import httpx
import pytest
import tomlkit

from tests.agent.bed import Client, Node, Pki, free_port, metrics_server


async def run(*arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.command", *arguments, stdout=PIPE, stderr=PIPE
    )
    stdout, stderr = await process.communicate()
    return process.returncode, stdout.decode(), stderr.decode()


@pytest.fixture
def config(settings_document: dict[str, Any], tmp_path: Path) -> Path:
    settings_document["listen"] = f"127.0.0.1:{free_port()}"
    path = tmp_path / "agent.toml"
    path.write_text(tomlkit.dumps(settings_document))
    return path


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_serves_until_it_is_told_to_stop(
    config: Path, settings_document: dict[str, Any], client: Client, pki: Pki, stop: signal.Signals
):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.command", "serve", "--config", str(config), stderr=PIPE
    )
    try:
        async with (
            asyncio.timeout(30),
            client(f"https://{settings_document['listen']}", pki.issue("bot")) as http,
        ):
            while True:
                try:
                    answer = await http.get("/v1/health")
                    break
                except httpx.ConnectError:
                    assert process.returncode is None
                    await asyncio.sleep(0.02)
            assert answer.json()["node"] == "node1"
            # With the client's connection still open.
            process.send_signal(stop)
            _, stderr = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    assert b"Traceback" not in stderr


async def test_an_address_in_use_is_one_sentence(config: Path, settings_document: dict[str, Any]):
    host, port = settings_document["listen"].split(":")
    with socket.create_server((host, int(port))):
        code, _, stderr = await run("serve", "--config", str(config))
    assert code == 2
    assert "`listen` cannot be bound" in stderr
    assert stderr.count("\n") == 1


async def test_a_bad_configuration_is_one_sentence_and_exit_code_2(config: Path):
    config.write_text(config.read_text().replace("cluster", "klaster", 1))
    code, stdout, stderr = await run("serve", "--config", str(config))
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert "`cluster` is missing; add it." in stderr


async def test_check_says_all_that_would_fail(config: Path, node: Node):
    (node.folder / "ping").unlink()
    config.write_text(config.read_text().replace(f'data_dir = "{node.folder}"', 'data_dir = "/nowhere"'))
    code, _, stderr = await run("check", "--config", str(config))
    assert code == 2
    assert "commands.ping" in stderr
    assert "None of the log files exists" in stderr
    assert "/nowhere (data_dir) cannot be read" in stderr
    assert "metrics_url: http://127.0.0.1:9/metrics refused the connection." in stderr
    config.write_text(config.read_text().replace("/nowhere", str(node.folder)))
    (node.folder / "ping").write_text("#!/bin/sh\n")
    (node.folder / "ping").chmod(0o755)
    node.log.touch()
    (node.folder / "state").mkdir()
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\ntensor_chain_term 1\n"
    async with metrics_server(page) as metrics_url:
        config.write_text(config.read_text().replace("http://127.0.0.1:9", metrics_url))
        assert await run("check", "--config", str(config)) == (0, "Ready to serve.\n", "")


async def test_check_knows_a_dashboard_from_metrics(config: Path):
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html></html>"
    async with metrics_server(page) as metrics_url:
        config.write_text(config.read_text().replace("http://127.0.0.1:9", metrics_url))
        _, _, stderr = await run("check", "--config", str(config))
    assert f"metrics_url: {metrics_url}/metrics has no metric of Neumann (content type: text/html)." in stderr
