"""A running agent reads its list of keys again: whoever was revoked is hung up on, no action broken off."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import tomlkit
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from agent.protocol import ActionReport, RestartService
from agent.protocol.pairing import (
    der_of,
    fingerprint,
)
from agent.server.pinned_keys import pin, revoke
from agent.settings import load_settings
from tests.agent.bed import Bot, Node, agent_process
from tests.agent.server.pairing.bed import Keys
from tests.waiting import until

pytestmark = pytest.mark.process


async def test_a_revoked_bot_is_hung_up_on_and_not_let_in_again(
    config: Path, keys: Keys, tmp_path: Path, paired: str, node: Node
):
    other = Keys.make(tmp_path / "other")
    pin(config, other.identity())
    served = tomlkit.parse(config.read_text()).unwrap()
    async with agent_process(served, tmp_path) as (agent, url):
        on_disk = tmp_path / "agent.toml"  # what it was started with
        async with keys.client(url, paired) as revoked, other.client(url, paired) as trusted:
            grant = await Bot(revoked, keys.grant).grant(RestartService())
            assert (await trusted.get("/v1/health")).status_code == 200
            for key in (der_of(keys.certificate), bytes(keys.grant.verify_key)):
                revoke(on_disk, fingerprint(key))
            agent.send_signal(signal.SIGHUP)
            async with asyncio.timeout(30):
                while True:
                    try:
                        # On the connection that it had open, and on new ones.
                        await revoked.get("/v1/health")
                    except httpx.TransportError:
                        break
                    await asyncio.sleep(0.05)
            with pytest.raises(httpx.TransportError):
                await revoked.get("/v1/health")
            report = await Bot(trusted, other.grant).commit(grant)
            assert isinstance(report, ActionReport), "what was prepared before outlives the reload"
            with_old_key = Bot(trusted, keys.grant)
            again = await with_old_key.grant(RestartService(), generation=2)
            assert await with_old_key.commit(again) == (403, "signature")


async def test_who_began_a_handshake_before_the_reload_is_judged_by_the_new_list(
    config: Path, keys: Keys, tmp_path: Path, paired: str
):
    served = tomlkit.parse(config.read_text()).unwrap()
    async with agent_process(served, tmp_path) as (agent, url):
        port = int(url.rpartition(":")[2])
        early = socket.create_connection(("127.0.0.1", port), timeout=20)
        async with keys.client(url, paired) as http:
            assert (await http.get("/v1/health")).status_code == 200, "so the one before is accepted too"
        revoke(tmp_path / "agent.toml", fingerprint(der_of(keys.certificate)))
        agent.send_signal(signal.SIGHUP)
        async with asyncio.timeout(30):
            with pytest.raises(httpx.TransportError):
                while True:
                    async with keys.client(url, paired) as http:
                        await http.get("/v1/health")
        context = ssl.create_default_context(cadata=paired)
        context.check_hostname = False
        context.load_cert_chain(keys.folder / "bot.pem")

        def ask() -> bytes:
            with early, context.wrap_socket(early) as connection:
                connection.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return connection.recv(1)

        with suppress(OSError):  # however it is hung up on
            assert await asyncio.to_thread(ask) == b""


async def test_a_list_that_cannot_be_read_leaves_the_old_one_in_force(
    config: Path, keys: Keys, tmp_path: Path, paired: str
):
    served = tomlkit.parse(config.read_text()).unwrap()
    async with agent_process(served, tmp_path) as (agent, url), keys.client(url, paired) as http:
        assert (await http.get("/v1/health")).status_code == 200
        (tmp_path / "agent.toml").write_text("grants = 1")
        for _ in range(3):
            agent.send_signal(signal.SIGHUP)
            await asyncio.sleep(0.1)
            assert (await http.get("/v1/health")).status_code == 200
    assert agent.returncode == -signal.SIGKILL, "it never ended by itself"


async def test_an_action_under_way_is_not_broken_off_by_a_reload(
    config: Path, keys: Keys, tmp_path: Path, paired: str, node: Node
):
    (node.folder / "systemctl").write_text(
        (node.folder / "systemctl").read_text().replace("start|restart) ", "start|restart) sleep 2; ")
    )
    served = tomlkit.parse(config.read_text()).unwrap()
    async with agent_process(served, tmp_path) as (agent, url), keys.client(url, paired) as http:
        bot = Bot(http, keys.grant)
        running = asyncio.create_task(bot.commit(await bot.grant(RestartService())))
        await until(lambda: node.calls("systemctl restart"))
        agent.send_signal(signal.SIGHUP)
        report = await running
        assert isinstance(report, ActionReport) and report.state == "DONE"
        assert (await http.get("/v1/health")).status_code == 200


async def test_an_agent_that_trusts_nobody_lets_nobody_in(
    config: Path, keys: Keys, tmp_path: Path, paired: str
):
    revoke(config, fingerprint(der_of(keys.certificate)))
    served = tomlkit.parse(config.read_text()).unwrap()
    async with agent_process(served, tmp_path) as (_, url), keys.client(url, paired) as http:
        with pytest.raises(httpx.TransportError):
            await http.get("/v1/health")


async def test_neither_an_agents_certificate_nor_one_that_a_bots_signed_lets_anybody_in(
    config: Path, keys: Keys, tmp_path: Path, paired: str
):
    signer = load_pem_private_key(
        (keys.folder / "bot.pem").read_bytes().split(b"-----END CERTIFICATE-----\n")[1], None
    )
    assert isinstance(signer, Ed25519PrivateKey)
    subject = x509.load_pem_x509_certificate(keys.certificate.encode())
    key = Ed25519PrivateKey.generate()
    signed = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(subject.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .sign(signer, None)
    )
    forged = tmp_path / "forged"
    forged.mkdir()
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (forged / "bot.pem").write_bytes(signed.public_bytes(Encoding.PEM) + secret)
    stolen = tmp_path / "stolen"
    stolen.mkdir()
    tls = load_settings(config).tls
    (stolen / "bot.pem").write_bytes(tls.certificate.read_bytes() + tls.key.read_bytes())
    # Even where somebody put the agent's own certificate among those that are let in.
    tls.authority.write_text(tls.authority.read_text() + tls.certificate.read_text())
    served = tomlkit.parse(config.read_text()).unwrap()
    async with agent_process(served, tmp_path) as (_, url):
        for folder in (forged, stolen):
            async with Keys(folder, "", keys.grant).client(url, paired) as http:
                with pytest.raises(httpx.TransportError):
                    await http.get("/v1/health")
        async with keys.client(url, paired) as http:
            assert (await http.get("/v1/health")).status_code == 200
