"""A bot and an agent come to trust each other by a code that a person carries, and nobody else gets in."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import signal
import socket
import ssl
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import tomlkit
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from msgspec.structs import replace
from nacl.signing import SigningKey

from agent.errors import ConfigError
from agent.protocol import ActionReport, Refusal, RestartService
from agent.protocol.base import BadMessageError
from agent.protocol.pairing import (
    BotCredentials,
    PairAnswer,
    PairRequest,
    der_of,
    fingerprint,
    is_proof,
    new_code,
    parse_code,
    prove,
)
from agent.server.pairing import listener, make_own_key
from agent.server.pinned_keys import pin, pinned_keys, revoke
from agent.server.routes import tls_context
from agent.settings import load_settings
from shared.certificates import make_certificate
from tests.agent.bed import Bot, Node, agent_process, metrics_page
from tests.waiting import until

pytestmark = pytest.mark.process

COMMENT = "# kept: who may act on this node\n"


@dataclass(frozen=True)
class Keys:
    """A bot's: a certificate of its own, and what signs grants."""

    folder: Path
    certificate: str
    grant: SigningKey

    @classmethod
    def make(cls, folder: Path) -> Keys:
        folder.mkdir()
        certificate, key = make_certificate("neumann-bot", use="bot")
        (folder / "bot.pem").write_bytes(certificate + key)
        return cls(folder, certificate.decode(), SigningKey.generate())

    @property
    def verify_key(self) -> str:
        return base64.b64encode(bytes(self.grant.verify_key)).decode()

    def identity(self, *, cluster: str = "demo", node: str = "node1") -> BotCredentials:
        return BotCredentials(
            cluster=cluster, node=node, certificates=(self.certificate,), verify_keys=(self.verify_key,)
        )

    def request(self, code: str, agent_certificate: bytes, **named: str) -> str:
        identity = self.identity(**named)
        proof = prove(parse_code(code), "bot", agent_certificate=agent_certificate, identity=identity)
        return PairRequest(identity=identity, proof=proof).to_json()

    def client(self, url: str, agent_certificate: str) -> httpx.AsyncClient:
        context = ssl.create_default_context(cadata=agent_certificate)
        context.check_hostname = False
        context.load_cert_chain(self.folder / "bot.pem")
        return httpx.AsyncClient(base_url=url, verify=context, timeout=20)


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys.make(tmp_path / "keys of a bot")


@pytest.fixture
def document(settings_document: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """An agent that has no key and trusts nobody yet."""
    folder = tmp_path / "etc"
    folder.mkdir()
    tls = {
        "certificate": str(folder / "agent.pem"),
        "key": str(folder / "agent.key"),
        "authority": str(folder / "authority.pem"),
    }
    return settings_document | {"tls": tls, "grants": {}}


@pytest.fixture
def config(document: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "etc" / "agent.toml"
    path.write_text(tomlkit.dumps(document).replace("[grants]\n", f"{COMMENT}[grants]\n"))
    return path


@dataclass(frozen=True)
class Waiting:
    """`neumann-agent pair` in a process of its own."""

    process: Process
    url: str
    certificate: str

    async def ask(self, body: str) -> PairAnswer | tuple[int, str]:
        async with httpx.AsyncClient(verify=_nobody_in_particular(), timeout=20) as http:
            answer = await http.post(f"{self.url}/v1/pair", content=body)
        if answer.is_success:
            return PairAnswer.from_json(answer.content)
        return answer.status_code, Refusal.from_json(answer.content).reason

    async def end(self) -> tuple[int | None, str, str]:
        async with asyncio.timeout(30):
            out, err = await self.process.communicate()
        return self.process.returncode, out.decode(), err.decode()


def _nobody_in_particular() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def free_address() -> str:
    reserved = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    address = f"127.0.0.1:{reserved.sockets[0].getsockname()[1]}"
    reserved.close()
    return address


@asynccontextmanager
async def pairing(config: Path, code: str | None, within_s: float = 60) -> AsyncIterator[Waiting]:
    address = await free_address()
    given = () if code is None else ("--code-file", "-")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.cli", "pair", "--config", str(config), "--listen", address,
        "--within-s", str(within_s), *given, stdin=PIPE, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    assert process.stdin
    process.stdin.write(f"{code}\n".encode() if code else b"")
    process.stdin.close()
    try:
        host, port = address.split(":")
        async with asyncio.timeout(30):
            while True:
                try:
                    shown = await asyncio.to_thread(ssl.get_server_certificate, (host, int(port)))
                    break
                except OSError:
                    assert process.returncode is None, (await process.communicate())[1].decode()
                    await asyncio.sleep(0.05)
        yield Waiting(process, f"https://{address}", shown)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("address", ["127.0.0.1:0", "127.0.0.1:65536", "7880", "127.0.0.1:²"])
def test_what_is_no_address_cannot_be_waited_at(config: Path, address: str):
    with pytest.raises(ConfigError, match="is not an address to wait at"):
        listener(load_settings(config), address)


async def test_a_bot_that_holds_the_code_is_let_in_and_obeyed(
    config: Path, document: dict[str, Any], keys: Keys, node: Node, tmp_path: Path
):
    code = new_code()
    async with pairing(config, code) as waiting:
        answer = await waiting.ask(keys.request(code, der_of(waiting.certificate)))
        assert isinstance(answer, PairAnswer)
        shown = der_of(waiting.certificate)
        assert answer.proof == prove(
            parse_code(code), "agent", agent_certificate=shown, identity=keys.identity()
        )
        ended, out, err = await waiting.end()
    assert (ended, err) == (0, "")
    assert fingerprint(shown) in out
    assert fingerprint(der_of(keys.certificate)) in out
    assert Path(document["tls"]["key"]).stat().st_mode & 0o777 == 0o600
    assert COMMENT in config.read_text()
    pinned = load_settings(config)
    assert pinned.grants.verify_keys == (keys.verify_key,)
    with metrics_page(node) as metrics_url:
        served = tomlkit.parse(config.read_text()).unwrap() | {"metrics_url": metrics_url}
        async with (
            agent_process(served, tmp_path) as (_, url),
            keys.client(url, waiting.certificate) as http,
        ):
            bot = Bot(http, keys.grant)
            report = await bot.commit(await bot.grant(RestartService()))
    assert isinstance(report, ActionReport) and report.state == "DONE"


async def test_a_code_is_made_and_shown_to_the_person_at_the_node(config: Path, keys: Keys):
    async with pairing(config, None) as waiting:
        assert waiting.process.stdout
        lines = [(await waiting.process.stdout.readline()).decode().strip() for _ in range(3)]
        code = lines[2].removeprefix("Code: ")
        assert len(parse_code(code)) == 16
        assert "neumann-bot agents add --cluster demo --node node1" in lines[1]
        assert isinstance(await waiting.ask(keys.request(code, der_of(waiting.certificate))), PairAnswer)
        assert (await waiting.end())[0] == 0


async def test_who_does_not_hold_the_code_ends_the_pairing_and_changes_nothing(config: Path, keys: Keys):
    code, before = new_code(), config.read_bytes()
    async with pairing(config, code) as waiting:
        shown = der_of(waiting.certificate)
        assert await waiting.ask(keys.request(new_code(), shown)) == (403, "pairing")
        ended, out, err = await waiting.end()
    assert (ended, err.count("\n")) == (2, 1)
    assert "did not hold the code" in err
    assert "Paired" not in out
    assert config.read_bytes() == before
    assert pinned_keys(load_settings(config)) == ()


async def test_settings_that_came_for_a_pairing_that_failed_do_not_stay(config: Path):
    before = config.read_bytes()
    given = tomlkit.dumps(tomlkit.parse(config.read_text()).unwrap() | {"node": "node2"})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.cli", "pair", "--config", str(config), "--listen", await free_address(),
        "--within-s", "0", "--code-file", "-", "--settings-from-stdin", stdin=PIPE, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    out, err = await process.communicate(f"{new_code()}\n{given}".encode())
    assert "--node node2" in out.decode(), err.decode()
    assert (process.returncode, err.decode()) == (2, "Nobody came within 0 s; nothing was changed.\n")
    assert config.read_bytes() == before


async def test_who_stands_between_gains_nothing_from_what_it_hears(config: Path, keys: Keys):
    """It shows the bot a certificate of its own, and hands on what the bot says, with its own keys or not."""
    code = new_code()
    between, _ = make_certificate("between", use="agent")
    heard = PairRequest.from_json(keys.request(code, der_of(between.decode())))
    thief = Keys.make(keys.folder / "thief")
    replaced = replace(heard, identity=thief.identity())
    for body in (heard, replaced):
        async with pairing(config, code) as waiting:
            assert await waiting.ask(body.to_json()) == (403, "pairing")
            assert (await waiting.end())[0] == 2
    assert pinned_keys(load_settings(config)) == ()


def test_one_ends_proof_is_not_the_others(keys: Keys):
    code, shown = parse_code(new_code()), b"certificate"
    proofs = {
        prove(code, side, agent_certificate=certificate, identity=identity)
        for side in ("agent", "bot")
        for certificate in (shown, b"another")
        for identity in (keys.identity(), keys.identity(node="node2"), keys.identity(cluster="prod"))
    }
    assert len(proofs) == 12


def test_a_proof_is_taken_where_it_is_the_one_expected():
    assert is_proof("a" * 64, "a" * 64) is True
    assert is_proof("a" * 64, "b" * 64) is False


async def test_another_node_than_was_meant_says_so_and_goes_on_waiting(config: Path, keys: Keys):
    code = new_code()
    async with pairing(config, code) as waiting:
        shown = der_of(waiting.certificate)
        assert await waiting.ask(keys.request(code, shown, node="node2")) == (400, "other_node")
        assert isinstance(await waiting.ask(keys.request(code, shown)), PairAnswer)
        assert (await waiting.end())[0] == 0


async def test_the_wait_ends(config: Path):
    async with pairing(config, None, within_s=1) as waiting:
        ended, _, err = await waiting.end()
    assert (ended, err) == (2, "Nobody came within 1 s; nothing was changed.\n")


async def test_pairing_again_adds_only_what_is_new(config: Path, keys: Keys, tmp_path: Path):
    shown = set()
    other = Keys.make(tmp_path / "other")
    for bot in (keys, keys, other):
        code = new_code()
        async with pairing(config, code) as waiting:
            shown.add(waiting.certificate)
            assert isinstance(await waiting.ask(bot.request(code, der_of(waiting.certificate))), PairAnswer)
            assert (await waiting.end())[0] == 0
    assert len(shown) == 1, "the agent's own key stays"
    settings = load_settings(config)
    assert settings.grants.verify_keys == (keys.verify_key, other.verify_key)
    assert settings.tls.authority.read_text() == keys.certificate + other.certificate


@pytest.mark.parametrize("code", ["0" * 32, "ab" * 16, "0123456789" * 3 + "01"])
def test_a_code_that_a_person_made_up_is_none(code: str):
    with pytest.raises(ValueError, match="is random, and this one is not"):
        parse_code(code)


@pytest.mark.parametrize("code", ["", "1234", "g" * 32, "00" * 17])
async def test_a_code_that_is_none_is_said_before_anything_waits(config: Path, code: str, tmp_path: Path):
    (tmp_path / "code").write_text(code)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.cli", "pair", "--config", str(config),
        "--code-file", str(tmp_path / "code"), stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    _, err = await process.communicate()
    assert (process.returncode, err.count(b"\n")) == (2, 1)
    assert b"32 hexadecimal digits" in err


@pytest.mark.parametrize("spoil", [str.upper, lambda code: code.replace("-", " "), lambda code: f" {code}\n"])
def test_a_code_is_read_however_a_person_gives_it(spoil: Callable[[str], str]):
    code = new_code()
    assert re.fullmatch("([0-9a-f]{4}-){7}[0-9a-f]{4}", code)
    assert parse_code(spoil(code)) == bytes.fromhex(code.replace("-", ""))


@pytest.mark.parametrize("code", ["", "1234", "g" * 32, "00" * 15, "00" * 17])
def test_what_is_no_code_is_told_how_long_one_is(code: str):
    with pytest.raises(ValueError, match="a pairing code has 32 hexadecimal digits"):
        parse_code(code)


@pytest.mark.parametrize(
    ("changed", "taken"),
    [
        ({}, True),
        ({"certificates": ["c"] * 4, "verify_keys": ["k"] * 4, "second_verify_keys": ["s"] * 4}, True),
        ({"certificates": []}, False),
        ({"verify_keys": []}, False),
        ({"certificates": ["c"] * 5}, False),
        ({"verify_keys": ["k"] * 5}, False),
        ({"second_verify_keys": ["s"] * 5}, False),
    ],
)
def test_a_bot_shows_one_key_of_each_kind_and_at_most_four(changed: dict[str, list[str]], taken: bool):
    said = {"cluster": "demo", "node": "node1", "certificates": ["c"], "verify_keys": ["k"]} | changed
    if taken:
        assert json.loads(BotCredentials.from_json(json.dumps(said)).to_json()).items() >= said.items()
    else:
        with pytest.raises(BadMessageError):
            BotCredentials.from_json(json.dumps(said))


# What is pinned, and what is not.


def test_half_a_pair_of_keys_is_not_made_up_for(config: Path):
    settings = load_settings(config)
    make_own_key(settings)
    for gone, kept in [(settings.tls.key, settings.tls.certificate)] * 2:
        aside = gone.read_bytes()
        gone.unlink()
        with pytest.raises(ConfigError, match=f"{kept} is there and {gone} is not"):
            make_own_key(settings)
        gone.write_bytes(aside)


def test_what_cannot_be_written_leaves_everything_as_it_was(
    document: dict[str, Any], config: Path, keys: Keys
):
    document["tls"]["authority"] = "/nowhere/authority.pem"
    config.write_text(tomlkit.dumps(document))
    before = config.read_bytes()
    with pytest.raises(ConfigError, match="nothing was changed"):
        pin(config, keys.identity())
    assert config.read_bytes() == before
    assert [path.name for path in config.parent.iterdir()] == ["agent.toml"]


@pytest.mark.parametrize(
    "certificates",
    [("",), ("no certificate",), ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",)],
)
def test_what_is_no_certificate_is_not_pinned(config: Path, keys: Keys, certificates: tuple[str, ...]):
    before = config.read_bytes()
    with pytest.raises(ConfigError, match=r"no certificate|not one certificate"):
        pin(config, replace(keys.identity(), certificates=certificates))
    assert config.read_bytes() == before


def test_a_key_that_is_none_is_not_pinned(config: Path, keys: Keys):
    before = config.read_bytes()
    with pytest.raises(ConfigError, match="Ed25519 public key"):
        pin(config, replace(keys.identity(), verify_keys=("AAAA",)))
    with pytest.raises(ConfigError, match="must not be one of"):
        pin(config, replace(keys.identity(), second_verify_keys=(keys.verify_key,)))
    assert config.read_bytes() == before


def test_a_key_is_taken_off_by_its_first_digits(config: Path, keys: Keys, tmp_path: Path):
    other = Keys.make(tmp_path / "other")
    for bot in (keys, other):
        pin(config, bot.identity())
    before = {key.fingerprint for key in pinned_keys(load_settings(config))}
    certificate = fingerprint(der_of(keys.certificate))
    with_colons = ":".join(certificate[at : at + 2] for at in range(0, 24, 2)).upper()
    assert revoke(config, with_colons).kind == "certificate"
    assert revoke(config, fingerprint(bytes(keys.grant.verify_key))).kind == "verify_keys"
    left = {key.fingerprint for key in pinned_keys(load_settings(config))}
    assert left == before - {certificate, fingerprint(bytes(keys.grant.verify_key))}
    assert COMMENT in config.read_text()
    for prefix, said in [
        (certificate, "No pinned key"),
        (next(iter(left))[:7], "at least 8"),
        ("", "least 8"),
    ]:
        with pytest.raises(ConfigError, match=said):
            revoke(config, prefix)


async def test_keys_are_listed_and_revoked_on_the_command_line(config: Path, keys: Keys):
    pin(config, keys.identity())

    async def run(*arguments: str) -> tuple[int | None, str, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "agent.cli", "keys", "--config", str(config), *arguments,
            stdout=PIPE, stderr=PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()

    certificate, grant = fingerprint(der_of(keys.certificate)), fingerprint(bytes(keys.grant.verify_key))
    listed = f"sha256:{certificate}  lets in\nsha256:{grant}  grants\n"
    assert await run("list") == (0, listed, "")
    code, out, _ = await run("revoke", grant[:12])
    assert (code, "reload-or-restart neumann-agent" in out) == (0, True)
    assert await run("list") == (0, f"sha256:{certificate}  lets in\n", "")
    assert (await run("revoke"))[::2] == (2, "Say which key: `neumann-agent keys revoke FINGERPRINT`.\n")


# A running agent reads its list again.


@pytest.fixture
def paired(config: Path, keys: Keys) -> str:
    """The certificate of an agent that has a key and trusts one bot."""
    make_own_key(load_settings(config))
    pin(config, keys.identity())
    return load_settings(config).tls.certificate.read_text()


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


def test_files_made_by_root_belong_to_whoever_the_folder_belongs_to(config: Path, keys: Keys):
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    shutil.chown(config.parent, 65534, 65534)
    settings = load_settings(config)
    make_own_key(settings)
    pin(config, keys.identity())
    for made in (settings.tls.key, settings.tls.certificate, settings.tls.authority):
        assert (made.stat().st_uid, made.stat().st_gid) == (65534, 65534)
    assert config.stat().st_uid == 0, "what was there stays whose it is"


def wrapped(label: str, der: bytes) -> str:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


@pytest.mark.parametrize("label", ["X509 CERTIFICATE", "TRUSTED CERTIFICATE", "PRIVATE KEY"])
def test_row_13_what_is_trusted_is_what_is_listed(
    tmp_path: Path, keys: Keys, config: Path, paired: str, label: str
):
    """OpenSSL also lets in who stands in such a block, which no list would show and nobody could revoke."""
    authority = Path(tomlkit.parse(config.read_text()).unwrap()["tls"]["authority"])
    authority.write_text(authority.read_text() + wrapped(label, der_of(keys.certificate)))
    settings = load_settings(config)
    for read in (lambda: pinned_keys(settings), lambda: tls_context(settings.tls)):
        with pytest.raises(ConfigError, match=f"holds a block '{label}'"):
            read()


def test_row_13_a_second_certificate_behind_the_first_is_not_hidden_in_one_block(
    keys: Keys, config: Path, paired: str
):
    first, hidden = der_of(keys.certificate), der_of(make_certificate("hidden", use="bot")[0].decode())
    authority = Path(tomlkit.parse(config.read_text()).unwrap()["tls"]["authority"])
    authority.write_text(wrapped("CERTIFICATE", first + hidden))
    with pytest.raises(ConfigError, match="not just one certificate"):
        tls_context(load_settings(config).tls)


def test_row_13_a_bot_that_wants_to_be_known_by_an_authority_is_not_paired_with(
    keys: Keys, config: Path, paired: str
):
    authority = trustme.CA().cert_pem.bytes().decode()
    identity = BotCredentials(
        cluster="demo", node="node1", certificates=(authority,), verify_keys=(keys.verify_key,)
    )
    before = config.read_text()
    with pytest.raises(ConfigError, match="an authority, which could let others in"):
        pin(config, identity)
    assert config.read_text() == before
