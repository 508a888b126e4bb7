"""The lab's authority, the certificates of agents and bot, and the key that signs grants."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import httpx
import trustme
from nacl.signing import SigningKey

from lab.layout import NodeAddresses

AGENT_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class BotCredentials:
    """Files a bot needs to be let in by the lab's agents."""

    authority: Path
    certificate: Path
    key: Path
    grant_key: Path

    def http_client(self) -> httpx.AsyncClient:
        """Return a client that agents let in, and that trusts no other server than them."""
        context = ssl.create_default_context(cafile=self.authority)
        context.load_cert_chain(self.certificate, self.key)
        return httpx.AsyncClient(verify=context, timeout=AGENT_TIMEOUT_S)


@dataclass(frozen=True)
class AgentCredentials:
    """Files one agent serves with."""

    authority: Path
    certificate: Path
    key: Path


@dataclass(frozen=True)
class Credentials:
    """All keys of one lab. `verify_key` is the base64 public key that agents pin."""

    bot: BotCredentials
    agents: dict[str, AgentCredentials]
    verify_key: str


def issue(folder: Path, nodes: Iterable[NodeAddresses]) -> Credentials:
    """Make an authority and everything it signs in `folder`, private files with mode 0600."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA(organization_name="Neumann lab")
    authority_file = folder / "authority.pem"
    authority.cert_pem.write_to_path(authority_file)
    agents = {}
    for node in nodes:
        names = dict.fromkeys((node.name, node.agent.host, "localhost"))
        agent = AgentCredentials(authority_file, folder / f"{node.name}.pem", folder / f"{node.name}.key")
        _write_pair(authority.issue_cert(*names), agent.certificate, agent.key)
        agents[node.name] = agent
    bot = BotCredentials(authority_file, folder / "bot.pem", folder / "bot.key", folder / "grant.key")
    _write_pair(authority.issue_cert("neumann-bot", common_name="neumann-bot"), bot.certificate, bot.key)
    signing_key = SigningKey.generate()
    _write_private(bot.grant_key, base64.b64encode(bytes(signing_key)) + b"\n")
    return Credentials(bot, agents, base64.b64encode(bytes(signing_key.verify_key)).decode())


def _write_pair(leaf: trustme.LeafCert, certificate: Path, key: Path) -> None:
    certificate.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    _write_private(key, leaf.private_key_pem.bytes())


def _write_private(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)
