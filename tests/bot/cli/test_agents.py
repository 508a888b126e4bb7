"""`neumann-bot agents`, beside a real agent: paired by a code, known by its key, changed and taken back."""

from __future__ import annotations

import asyncio
import secrets
import socket
import ssl
import sys
import tomllib
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import tomlkit
from typer.testing import CliRunner

from agent.protocol.pairing import BotCredentials, PairAnswer, PairRequest, new_code, parse_code, prove
from bot.cli import app
from bot.config import load
from bot.nodes import pairing
from bot.nodes.bot_identity import BotIdentity, identity, public_half
from bot.nodes.config_edit import change_node
from bot.nodes.tls import pinned_context, tls_context
from bot.secret_files import SecretFile
from handlers.errors import BotError, ConfigurationError, Refused
from lab.cluster.process import Process
from lab.layout import Address
from shared.certificates import make_certificate
from tests.agent.bed import Node
from tests.bot.cli.test_app import run as run_process
from tests.bot.web.serving import page, talk

AGENT = (sys.executable, "-m", "agent.cli")
BOT = """\
# Kept, as every comment is.
[slack]
bot_token = {{ file = "{folder}/slack-bot-token" }}
signing_secret = {{ file = "{folder}/slack-signing-secret" }}
channel = "C0123456789"
[web]
webhook_token = {{ file = "{folder}/webhook-token" }}
[agents]
certificate = "{folder}/bot.pem"
key = "{folder}/bot.key"
grant_key = {{ file = "{folder}/grant.key" }}

[[clusters]]
name = "demo"
[[clusters.nodes]]
name = "node1"   # the first one
metrics_url = "http://127.0.0.1:9"
agent_url = "https://127.0.0.1:1"

[[clusters.nodes]]
name = "node2"
metrics_url = "http://127.0.0.1:9"
agent_url = "https://127.0.0.1:1"

[[clusters]]
name = "prod"
[[clusters.nodes]]
name = "node1"
metrics_url = "http://127.0.0.1:9"
agent_url = "https://127.0.0.1:1"
"""


async def run(*arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `neumann-bot`, in a thread of this process: many are run here."""
    done = await asyncio.to_thread(CliRunner().invoke, app.app, arguments)
    if isinstance(done.exception, BotError):
        return 2, done.stdout, f"neumann-bot: {done.exception}\n"
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def free_address() -> Address:
    """Where nothing listens, nor one port above; below the ports that outgoing connections are given."""
    while True:
        port = 20_000 + 2 * secrets.randbelow(6_000)
        both = [("127.0.0.1", port), ("127.0.0.1", port + 1)]
        with suppress(OSError), socket.create_server(both[0]), socket.create_server(both[1]):
            return Address(*both[0])


class Host:
    """A node with an agent that has neither key nor friend yet."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir()
        self.name, self.node, self.address = name, Node(folder), free_address()
        self.config, self.code = folder / "neumann-agent.toml", folder / "code"
        document = {
            "cluster": "demo",
            "node": name,
            "listen": str(self.address),
            "state_dir": str(folder / "state"),
            "config_file": str(self.node.config),
            "tls": {part: str(folder / f"{part}.pem") for part in ("certificate", "key", "authority")},
            "commands": {
                part: str(folder / part) for part in ("chronyc", "timedatectl", "systemctl", "ping")
            },
        }
        self.config.write_text(tomlkit.dumps(document))
        self.code.touch(0o600)
        self.code.write_text(new_code())
        given = ("--config", str(self.config))
        self.pairing = Process(
            "pair", (*AGENT, "pair", *given, "--code-file", str(self.code)), folder / "pair.out"
        )
        self.agent = Process("agent", (*AGENT, "serve", *given), folder / "agent.out")

    @property
    def url(self) -> str:
        return f"https://{self.address}"

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        await self.pairing.start()
        try:
            await self.pairing.until_listening(self.address)
            yield
        finally:
            await self.pairing.stop()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        await self.agent.start()
        try:
            await self.agent.until_listening(self.address)
            yield
        finally:
            await self.agent.stop()

    async def keys(self, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *AGENT, "keys", "--config", str(self.config), *arguments, stdout=PIPE
        )
        out, _ = await process.communicate()
        assert process.returncode == 0
        return out.decode()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "node1", "node1")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A bot that has no keys yet."""
    folder = tmp_path / "bot"
    folder.mkdir()
    for secret in ("slack-bot-token", "slack-signing-secret", "webhook-token"):
        (folder / secret).touch(0o600)
        (folder / secret).write_text("a secret")
    path = folder / "neumann-bot.toml"
    path.write_text(BOT.format(folder=folder))
    return path


async def add(config: Path, host: Host, *more: str) -> tuple[int, str, str]:
    arguments = ("--cluster", "demo", "--node", host.name, "--url", host.url, "--config", str(config))
    return await run("agents", "add", *arguments, "--code-file", str(host.code), *more)


def node_of(config: Path, name: str = "node1") -> dict[str, Any]:
    nodes = tomllib.loads(config.read_text())["clusters"][0]["nodes"]
    return next(node for node in nodes if node["name"] == name)


@pytest.mark.process
async def test_keys_are_changed_beside_the_agent_that_serves(config: Path, host: Host):
    """As the documents say: `pair` while the agent runs, and the bot goes on where it was."""
    async with host.waiting():
        assert (await add(config, host))[0] == 0
    first = node_of(config)
    async with host.serving():
        await host.pairing.start()
        beside = Address(host.address.host, host.address.port + 1)
        await host.pairing.until_listening(beside)
        printed = (host.config.parent / "pair.out").read_text()
        assert f"--url https://node1:{host.address.port} --pair-at https://node1:{beside.port}" in printed
        named = ("--cluster", "demo", "--node", "node1", "--code-file", str(host.code))
        code, _, err = await run(
            "agents", "add", *named, "--pair-at", f"https://{beside}", "--config", str(config)
        )
        await host.pairing.stop()
        assert (code, err) == (0, "")
        assert node_of(config)["agent_url"] == first["agent_url"] == host.url
        assert node_of(config)["pairing"] != first["pairing"]
        _, out, _ = await run("agents", "list", "--config", str(config))
        assert f"demo node1 {host.url}" in out and ": answers" in out


@pytest.mark.process
async def test_an_agent_is_paired_with_and_answers_this_bot_alone(config: Path, host: Host, tmp_path: Path):
    async with host.waiting():
        named = ("--cluster", "demo", "--node", "node1", "--url", host.url, "--config", str(config))
        code, out, err = await run_process("agents", "add", *named, "--code-file", str(host.code))
    assert (code, err) == (0, "")
    assert "Paired with node1 of demo." in out

    assert config.read_text().startswith("# Kept, as every comment is.\n")
    assert 'name = "node1"   # the first one\n' in config.read_text()
    node = node_of(config)
    assert node["agent_url"] == host.url
    assert Path(node["agent_certificate"]).stat().st_mode & 0o777 == 0o644
    for secret in ("bot.key", "grant.key"):
        assert (config.parent / secret).stat().st_mode & 0o777 == 0o600
    untouched = tomllib.loads(BOT.format(folder=config.parent))
    untouched["clusters"][0]["nodes"][0] |= node
    assert tomllib.loads(config.read_text()) == untouched

    async with host.serving():
        code, out, _ = await run("agents", "list", "--config", str(config))
        shown = {tuple(line.split()[:2]): line for line in out.splitlines()[1:]}
        assert code == 1, "the others are not paired"
        assert shown["demo", "node1"].endswith(": answers")
        assert "not paired" in shown["demo", "node2"]
        settings = load(config)
        stranger = Host(tmp_path / "stranger", "stranger")
        made, key = make_certificate("stranger", use="bot")
        (tmp_path / "stranger.pem").write_bytes(made + key)
        context = pinned_context(Path(node["agent_certificate"]).read_text())
        context.load_cert_chain(tmp_path / "stranger.pem")
        async with httpx.AsyncClient(verify=context) as http:
            with pytest.raises(httpx.TransportError):
                await http.get(f"{host.url}/v1/health")
        own = tls_context(settings.agents, settings.clusters[0].nodes[0].agent_certificate)
        async with httpx.AsyncClient(verify=own) as http:
            assert (await http.get(f"{host.url}/v1/health")).json()["node"] == "node1"
    # Another agent in its place is not believed, whatever it calls itself.
    stranger.address = host.address
    document = tomlkit.parse(stranger.config.read_text())
    document["listen"] = str(host.address)
    stranger.config.write_text(tomlkit.dumps(document))
    async with stranger.waiting():
        _, out, _ = await run("agents", "list", "--config", str(config))
    assert "the TLS handshake failed" in out


@pytest.mark.process
async def test_a_code_that_is_not_the_agents_changes_nothing_on_either_side(config: Path, host: Host):
    before, theirs = config.read_bytes(), host.config.read_bytes()
    async with host.waiting():
        host.code.write_text(new_code())
        code, _, err = await add(config, host)
        assert (code, err.count("\n")) == (2, 1)
        assert "The agent says no: The code is not this agent's" in err
    assert config.read_bytes() == before
    assert host.config.read_bytes() == theirs
    assert await host.keys("list") == ""


async def test_what_cannot_be_is_one_sentence(config: Path, host: Host, tmp_path: Path):
    given = ("--config", str(config), "--code-file", str(host.code))
    for arguments, said in [
        (("--cluster", "demo", "--node", "node9"), "demo has no node node9: write a [[clusters.nodes]]"),
        (("--cluster", "dema", "--node", "node1"), "No cluster dema is configured: demo, prod."),
        (
            ("--cluster", "demo", "--node", "node1"),
            "Nobody waits at https://127.0.0.1:1 (connection refused)",
        ),
        (("--cluster", "demo", "--node", "node1", "--url", "http://127.0.0.1:1"), "give https://HOST:PORT"),
        (("--cluster", "demo", "--node", "node1", "--url", "https://x:y"), "is not a valid address"),
    ]:
        code, _, err = await run("agents", "add", *arguments, *given)
        assert (code, err.count("\n")) == (2, 1), err
        assert said in err
    host.code.chmod(0o644)
    code, _, err = await add(config, host)
    assert code == 2
    assert "can be read or written by others" in err
    host.code.chmod(0o600)
    host.code.write_text("12345")
    code, _, err = await add(config, host)
    assert (code, err) == (
        2,
        "neumann-bot: The code cannot be taken: a pairing code has 32 hexadecimal digits.\n",
    )


async def test_check_names_the_agents_that_nobody_vouches_for(config: Path):
    BotIdentity.of(load(config).agents).make_missing()
    code, out, err = await run("check", "--config", str(config))
    assert code == 1, "nor does anybody answer in place of Slack"
    assert "fine: Slack" not in out
    assert sum("is not paired with" in line for line in err.splitlines()) == 3
    assert "node2 of demo is not paired with: neumann-bot agents add --cluster demo --node node2" in err


@pytest.mark.process
async def test_pairing_again_makes_the_ledger_a_new_one(config: Path, host: Host):
    pairings = set()
    for _ in range(2):
        async with host.waiting():
            assert (await add(config, host))[0] == 0
        pairings.add(node_of(config)["pairing"])
    assert len(pairings) == 2
    assert len((await host.keys("list")).splitlines()) == 2, "one certificate, one grant key"


@pytest.mark.process
async def test_new_keys_take_over_once_every_agent_has_them(config: Path, host: Host, tmp_path: Path):
    other = Host(tmp_path / "node2", "node2")
    document = tomlkit.parse(config.read_text())
    del document["clusters"][1]
    config.write_text(tomlkit.dumps(document))
    for each in (host, other):
        async with each.waiting():
            assert (await add(config, each))[0] == 0
    old = BotIdentity.of(load(config).agents)
    old_certificate, old_grant = old.shown, old.verify_key

    code, out, _ = await run("agents", "rotate", "--config", str(config))
    assert (code, out.count("neumann-bot agents add")) == (0, 2)
    async with host.waiting():
        assert (await add(config, host))[0] == 0
    async with host.serving(), other.serving():
        code, _, err = await run("agents", "rotate", "--config", str(config))
        assert (code, "--node node2" in err, "--node node1" in err) == (1, True, False)
        assert (old.shown, old.verify_key) == (old_certificate, old_grant), "still in use"
        assert (await run("agents", "list", "--config", str(config)))[0] == 0
    async with other.waiting():
        assert (await add(config, other))[0] == 0
    async with host.serving(), other.serving():
        code, out, _ = await run("agents", "rotate", "--config", str(config))
        assert code == 0
        assert old.shown != old_certificate
        assert not old.next.are_there
        for kept in (old.key, old.grant_key, old.former_grant_key):
            assert kept.stat().st_mode & 0o777 == 0o600
        assert public_half(SecretFile(file=old.former_grant_key)) == old_grant
        dropped = [line.split()[-1] for line in out.splitlines() if "keys revoke" in line]
        assert len(dropped) == 2
        for key in dropped:
            await host.keys("revoke", key)
        assert len((await host.keys("list")).splitlines()) == 2
        assert (await run("agents", "list", "--config", str(config)))[0] == 0


@pytest.mark.process
async def test_an_agent_that_is_taken_back_is_believed_no_more(config: Path, host: Host):
    async with host.waiting():
        assert (await add(config, host))[0] == 0
    pinned = Path(node_of(config)["agent_certificate"])
    named = ("--cluster", "demo", "--node", "node1", "--config", str(config))
    code, out, _ = await run("agents", "revoke", *named)
    assert (code, "neumann-agent keys revoke" in out) == (0, True)
    assert not pinned.exists()
    assert set(node_of(config)) == {"name", "metrics_url", "agent_url"}
    async with host.serving():
        _, out, _ = await run("agents", "list", "--config", str(config))
        assert "node1" in out and "answers" not in out
    code, _, err = await run("agents", "revoke", *named)
    assert (code, "is not paired with" in err) == (2, True)


# Who answers, and who does not hold the code.


def an_identity() -> BotCredentials:
    certificate, _ = make_certificate("bot", use="bot")
    return BotCredentials(
        cluster="demo", node="node1", certificates=(certificate.decode(),), verify_keys=("k",)
    )


@asynccontextmanager
async def somebody(folder: Path, answer: str) -> AsyncIterator[str]:
    """Whoever stands at the agent's address, with a certificate of his own, and answers this."""
    certificate, key = make_certificate("somebody", use="agent")
    (folder / "somebody.pem").write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "somebody.pem")

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\nConnection: close\r\n\r\n{answer}".encode()
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_whoever_says_yes_without_the_code_is_not_the_agent(tmp_path: Path):
    code, wanted = parse_code(new_code()), an_identity()
    told: list[str] = []
    # The bot's own proof, thrown back, is no proof either.
    for side in ("bot", "agent"):
        guess = prove(parse_code(new_code()), side, agent_certificate=b"", identity=wanted)
        async with somebody(tmp_path, PairAnswer(proof=guess).to_json()) as url:
            with pytest.raises(Refused, match="does not hold the code"):
                await pairing.pair(url, code, wanted, told.append)
    assert len(told) == 2
    assert all(line.startswith("The agent shows the certificate sha256:") for line in told)


@pytest.mark.parametrize("answer", ["<h1>hello</h1>", "{}", '{"proof": 1}', '{"proof": "é"}'])
async def test_a_program_that_is_no_agent_is_said_to_be_none(tmp_path: Path, answer: str):
    async with somebody(tmp_path, answer) as url:
        with pytest.raises(Refused, match=r"broke off|nothing that belongs to a pairing"):
            await pairing.pair(url, parse_code(new_code()), an_identity(), lambda _: None)


async def test_a_program_without_tls_shows_no_certificate():
    async with talk(page("hello")) as url:
        with pytest.raises(Refused, match="Nobody waits at"):
            await pairing.shown_by(url.replace("http:", "https:"), timeout_s=0.5)


def test_what_the_bot_proves_names_the_certificate_that_it_saw():
    code, wanted = parse_code(new_code()), an_identity()
    one, other = (prove(code, "bot", agent_certificate=seen, identity=wanted) for seen in (b"1", b"2"))
    assert one != other
    asked = PairRequest(identity=wanted, proof=one)
    assert PairRequest.from_json(asked.to_json()) == asked


# The files.


def test_half_a_pair_is_not_made_up_for_and_what_is_there_is_kept(config: Path):
    own = BotIdentity.of(load(config).agents)
    own.make_missing()
    before = own.fingerprints
    own.make_missing()
    assert own.fingerprints == before
    own.key.unlink()
    with pytest.raises(ConfigurationError, match=r"bot\.pem is there and .*bot\.key is not"):
        own.make_missing()


def test_the_second_approvers_key_and_the_next_ones_are_shown_too(config: Path):
    own = BotIdentity.of(load(config).agents)
    own.make_missing()
    text = config.read_text()
    config.write_text(
        text.replace("grant_key =", f'second_grant_key = {{ file = "{own.grant_key}.2" }}\ngrant_key =')
    )
    (config.parent / "grant.key.2").touch(0o600)
    (config.parent / "grant.key.2").write_text("c2VlZCBvZiBhIHNlY29uZCBhcHByb3ZlciBvZiAzMiE=")
    own.next.make_missing()
    shown = identity(load(config), "demo", "node1")
    assert shown.certificates == (own.shown, own.next.shown)
    assert shown.verify_keys == (own.verify_key, own.next.verify_key)
    assert len(shown.second_verify_keys) == 1


def test_a_configuration_that_cannot_be_edited_stays_as_it_is(config: Path):
    inline = {"name": "demo", "nodes": [{"name": "node1", "metrics_url": "m", "agent_url": "a"}]}
    before = tomlkit.dumps({"clusters": [inline, inline]})
    config.write_text(before)
    with pytest.raises(ConfigurationError, match=r"cannot be edited .* it should say: agent_url"):
        change_node(config, "demo", "node1", {"agent_url": "b"})
    assert config.read_text() == before
    config.write_text('clusters = [{ name = "demo", nodes = [{ name = "node1" }] }]  # inline\n')
    change_node(config, "demo", "node1", {"agent_url": "b"})
    assert "# inline" in config.read_text()
    assert tomllib.loads(config.read_text())["clusters"][0]["nodes"] == [{"name": "node1", "agent_url": "b"}]
