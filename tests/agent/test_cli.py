"""The command line in a process of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import PIPE
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx
import pytest
import tomlkit
from nacl.signing import SigningKey

from agent.actions.ledger import Ledger
from agent.protocol import ClockSync
from agent.protocol.pairing import pem_certificates
from tests.agent.bed import Bot, Client, Node, Pki, agent_process, client_of, free_port
from tests.waiting import until

pytestmark = pytest.mark.process


async def run(*arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.cli", *arguments, stdout=PIPE, stderr=PIPE
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
        sys.executable, "-m", "agent.cli", "serve", "--config", str(config), stderr=PIPE
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
    assert f"neumann-agent {metadata.version('neumann-bot')} serves node1".encode() in stderr


async def test_the_version_is_that_of_the_package():
    assert await run("--version") == (0, f"neumann-agent {metadata.version('neumann-bot')}\n", "")


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
    assert "`klaster` is not known; remove it or correct its name." in stderr


async def test_it_tells_systemd_when_it_is_ready_and_a_reload_before_that_does_not_end_it(
    config: Path, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "agent.cli", "serve", "--config", str(config), stderr=PIPE,
            env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "100000"},
        )  # fmt: skip
        try:
            assert await asyncio.to_thread(manager.recv, 100) == b"READY=1"
            for _ in range(2):
                assert await asyncio.to_thread(manager.recv, 100) == b"WATCHDOG=1"
            for _ in range(3):
                process.send_signal(signal.SIGHUP)
            await asyncio.sleep(0.2)
            assert process.returncode is None
        finally:
            process.terminate()
            await process.communicate()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")
async def test_row_18_root_writes_only_what_the_owner_of_the_folder_could_write(
    config: Path, settings_document: dict[str, Any], tmp_path: Path, pki: Pki
) -> None:
    """The agent's user puts a link to one of root's files where root will write the list of keys."""
    folder = Path(tempfile.mkdtemp(prefix="agent-owned-", dir="/tmp"))
    precious = tmp_path / "precious"
    precious.write_text("root's own")
    try:
        (certificate, *_) = pem_certificates(pki.issue("bot").read_text())
        (folder / "authority.pem").write_text(certificate)
        document = settings_document | {
            "tls": {**settings_document["tls"], "authority": str(folder / "authority.pem")}
        }
        (folder / "agent.toml").write_text(tomlkit.dumps(document))
        for path in (folder, *folder.iterdir()):
            os.chown(path, 65534, 65534)
        listed = await run("keys", "list", "--config", str(folder / "agent.toml"))
        assert listed[0] == 0, listed
        named = listed[1].split("sha256:")[1][:64]
        (folder / "authority.pem").rename(folder / "elsewhere.pem")
        precious.write_text((folder / "elsewhere.pem").read_text())
        (folder / "authority.pem").symlink_to(precious)
        before = precious.read_text()
        code, _, error = await run("keys", "revoke", named, "--config", str(folder / "agent.toml"))
        assert code == 2, error
        assert precious.read_text() == before
    finally:
        shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has such a folder")
async def test_a_folder_of_roots_that_others_may_write_to_is_refused(config: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    code, _, error = await run("keys", "list", "--config", str(config))
    assert (code, "chmod go-w" in error) == (2, True)


async def test_an_agent_that_is_stopped_in_mid_action_sees_it_to_its_end(
    settings_document: dict[str, Any], tmp_path: Path, pki: Pki, grant_key: SigningKey, node: Node
):
    (node.folder / "slow").write_text("1.5")
    node.set_clock(ahead_s=-2.4, after_step_s=0.0004)
    async with (
        agent_process(settings_document, tmp_path) as (process, url),
        client_of(pki, url, pki.issue("bot")) as http,
    ):
        bot = Bot(http, grant_key)
        grant = await bot.grant(ClockSync())
        asked = asyncio.create_task(bot.commit(grant))
        await until(lambda: node.calls("chronyc makestep"), "the step is begun")
        process.terminate()
        assert await process.wait() == 0
        await asyncio.gather(asked, return_exceptions=True)  # its answer may be lost
    ledger = Ledger(Path(settings_document["state_dir"]) / "ledger.sqlite3")
    entry = ledger.find(grant.action_id)
    ledger.close()
    assert entry and entry.state == "DONE"
