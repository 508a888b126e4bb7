"""The README's commands make keys that let the bot in to the agents, and nobody else."""

import re
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from nacl.signing import VerifyKey

import agent.config
import agent.server
import bot.agent_keys
import bot.config

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that the README's commands fill, and the public key that they print."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on PATH")
    block = next(block for block in shell_blocks() if "authority.key" in block and "issue()" in block)
    folder = tmp_path_factory.mktemp("keys")
    script = block.replace("/opt/neumann-bot/bin/python", sys.executable)
    run = subprocess.run(
        ["sh", "-euc", script], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    return folder / "neumann-keys", run.stdout.strip().splitlines()[-1]


def shell_blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)


def agents(folder: Path, name: str = "bot") -> bot.config.Agents:
    return bot.config.Agents(
        certificate=folder / f"{name}.pem",
        key=folder / f"{name}.key",
        authority=folder / "authority.pem",
        grant_key=bot.config.SecretFile(file=folder / "grant.key"),
    )


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, host: str) -> None:
    """A whole TLS handshake in memory, and a byte from the server, which only comes once it accepts."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=host)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    theirs.write(b"!")
    assert ours.read(1) == b"!"


def tls_of_agent(folder: Path, node: str) -> ssl.SSLContext:
    tls = agent.config.Tls(
        certificate=folder / f"{node}.pem", key=folder / f"{node}.key", authority=folder / "authority.pem"
    )
    return agent.server.tls_context(tls)


@pytest.mark.parametrize("node", ["node1", "node2", "node3"])
def test_the_bot_is_let_in_to_every_agent(keys: tuple[Path, str], node: str):
    folder, _ = keys
    shake_hands(bot.agent_keys.tls_context(agents(folder)), tls_of_agent(folder, node), node)


def test_an_agent_is_only_taken_for_its_own_node(keys: tuple[Path, str]):
    folder, _ = keys
    with pytest.raises(ssl.SSLCertVerificationError, match="node2"):
        shake_hands(bot.agent_keys.tls_context(agents(folder)), tls_of_agent(folder, "node1"), "node2")


def test_a_nodes_certificate_does_not_let_anybody_in(keys: tuple[Path, str]):
    folder, _ = keys
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        shake_hands(
            bot.agent_keys.tls_context(agents(folder, "node2")), tls_of_agent(folder, "node1"), "node1"
        )


def test_the_printed_key_verifies_what_the_bot_signs(keys: tuple[Path, str]):
    folder, printed = keys
    (pinned,) = agent.config.Grants(verify_keys=(printed,)).pinned
    assert isinstance(pinned, VerifyKey)
    signed = bot.agent_keys.grant_key(agents(folder).grant_key).sign(b"a grant")
    assert pinned.verify(signed) == b"a grant"


def test_private_keys_are_their_owners_alone(keys: tuple[Path, str]):
    folder, _ = keys
    for path in (*folder.glob("*.key"), folder / "webhook-token"):
        assert path.stat().st_mode & 0o077 == 0, path
