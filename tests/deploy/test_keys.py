"""Whom an authority, or a pin, lets in to the agents, and whom not; pairing as documented is spelt right."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import agent.server.routes
import agent.settings
import bot.config
import bot.nodes.tls
import bot.secret_files

INSTALL = Path(__file__).parents[2] / "docs" / "install.md"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an authority issues: `clientAuth` to the bot, `serverAuth` and its host's name to each node."""
    folder = tmp_path_factory.mktemp("keys")
    authority, key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate
    own = issue("authority", None, authority, authority)
    (folder / "authority.pem").write_bytes(own.public_bytes(Encoding.PEM))
    uses = {"bot": ExtendedKeyUsageOID.CLIENT_AUTH, "node1": ExtendedKeyUsageOID.SERVER_AUTH}
    uses["node2"] = ExtendedKeyUsageOID.SERVER_AUTH
    for name, use in uses.items():
        secret = key()
        (folder / f"{name}.pem").write_bytes(issue(name, use, secret, authority).public_bytes(Encoding.PEM))
        (folder / f"{name}.key").touch(0o600)
        (folder / f"{name}.key").write_bytes(
            secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
    return folder


def issue(
    name: str, use: x509.ObjectIdentifier | None, key: Ed25519PrivateKey, authority: Ed25519PrivateKey
) -> x509.Certificate:
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Out of date long ago: only the key counts.
        .not_valid_before(datetime(2001, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2002, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=use is None, path_length=None), critical=True)
    )
    if use:
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        builder = builder.add_extension(names, critical=False)
    return builder.sign(authority, None)


def agents(folder: Path, name: str = "bot") -> bot.config.AgentSettings:
    return bot.config.AgentSettings(
        certificate=folder / f"{name}.pem",
        key=folder / f"{name}.key",
        authority=folder / "authority.pem",
        grant_key=bot.secret_files.SecretFile(file=folder / "grant.key"),
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
    tls = agent.settings.Tls(
        certificate=folder / f"{node}.pem", key=folder / f"{node}.key", authority=folder / "authority.pem"
    )
    return agent.server.routes.tls_context(tls)


@pytest.mark.parametrize("node", ["node1", "node2"])
def test_the_bot_is_let_in_to_every_agent(keys: Path, node: str):
    shake_hands(bot.nodes.tls.tls_context(agents(keys)), tls_of_agent(keys, node), node)


def test_an_agent_is_only_taken_for_its_own_node(keys: Path):
    with pytest.raises(ssl.SSLCertVerificationError, match="node2"):
        shake_hands(bot.nodes.tls.tls_context(agents(keys)), tls_of_agent(keys, "node1"), "node2")


def test_an_agent_that_is_paired_with_is_known_by_its_key_and_by_no_authority(keys: Path):
    pinned = bot.nodes.tls.tls_context(agents(keys), keys / "node1.pem")
    shake_hands(pinned, tls_of_agent(keys, "node1"), "whatever it is called")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(pinned, tls_of_agent(keys, "node2"), "node2")


def test_where_nobody_vouches_for_it_no_agent_is_believed(keys: Path):
    nobody = agents(keys).model_copy(update={"authority": None})
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(bot.nodes.tls.tls_context(nobody), tls_of_agent(keys, "node1"), "node1")


def test_a_nodes_certificate_does_not_let_anybody_in(keys: Path):
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        shake_hands(bot.nodes.tls.tls_context(agents(keys, "node2")), tls_of_agent(keys, "node1"), "node1")
