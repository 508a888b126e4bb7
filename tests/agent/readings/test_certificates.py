"""The certificate of the Raft port, from real handshakes with servers of every kind, and from the file."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec.structs import replace

from agent.addresses import Address
from agent.errors import ReadingError
from agent.protocol import Certificate, ObserveRequest
from agent.readings.certificates import Certificates, own_hosts, parse_certificate
from agent.readings.log_summary import summarise
from agent.readings.reader import NodeReader
from agent.settings import Peer, Settings
from tests.agent.bed import CONFIG, Node

ENDS = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
CA = trustme.CA(organization_name="Cluster CA")


class Served:
    """A node's Raft port, and how often somebody came."""

    def __init__(self, port: int) -> None:
        self.port, self.callers = port, 0


@asynccontextmanager
async def raft_port(
    *, speaks: ssl.TLSVersion | None = ssl.TLSVersion.TLSv1_3, asks_for_one: bool = False
) -> AsyncIterator[Served]:
    """Serve TLS of a version, or none, and ask callers for a certificate or not."""
    context = None
    if speaks:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = context.maximum_version = speaks
        CA.issue_cert("node1", "10.0.0.1", common_name="node1", not_after=ENDS).configure_cert(context)
        CA.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED if asks_for_one else ssl.CERT_NONE

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.callers += 1
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context) as server:
        served = Served(server.sockets[0].getsockname()[1])
        yield served


def speak_tls(node: Node, port: int, *, file: Path | None = None) -> None:
    """Configure the node for TLS at a port, with a certificate in a file."""
    named = f'cert_path = "{file}"\n' if file else ""
    bound = f'id = "node1"\nbind_address = "0.0.0.0:{port}"'
    node.config.write_text(CONFIG.replace('id = "node1"', bound) + f"\n[tls]\nenabled = true\n{named}")


def written(folder: Path) -> Path:
    file = folder / "node1.crt"
    CA.issue_cert("node1", common_name="renewed", not_after=ENDS).cert_chain_pems[0].write_to_path(file)
    return file


@pytest.mark.parametrize("asks_for_one", [False, True])
async def test_what_is_served_is_read_also_where_callers_must_show_one(
    settings: Settings, node: Node, asks_for_one: bool
):
    async with raft_port(asks_for_one=asks_for_one) as served:
        speak_tls(node, served.port)
        (found,) = await Certificates(settings).read()
    assert (found.origin, found.subject.startswith("CN=node1"), found.issuer) == (
        "served",
        True,
        CA_NAME,
    )
    assert found.not_after_s == ENDS.timestamp() > found.not_before_s
    assert found.names == ("node1", "10.0.0.1")


CA_NAME = parse_certificate(CA.cert_pem.bytes(), "file").subject


async def test_the_file_stands_beside_what_is_served(settings: Settings, node: Node):
    async with raft_port() as served:
        speak_tls(node, served.port, file=written(node.folder))
        found = await Certificates(settings).read()
    assert [each.origin for each in found] == ["served", "file"]
    assert found[1].subject.startswith("CN=renewed")


@pytest.mark.parametrize("kind", ["plain", "older TLS that asks for one", "nobody"])
async def test_where_nobody_shakes_hands_there_is_the_file(settings: Settings, node: Node, kind: str):
    older = ssl.TLSVersion.TLSv1_2 if kind.startswith("older") else None
    async with raft_port(speaks=older, asks_for_one=True) as served:
        speak_tls(node, 1 if kind == "nobody" else served.port, file=written(node.folder))
        found = await Certificates(settings).read()
        assert [each.origin for each in found] == ["file"]
        speak_tls(node, 1 if kind == "nobody" else served.port)
        with pytest.raises(ReadingError, match=r"shakes no hands.* names no certificate"):
            await Certificates(settings).read()


async def test_a_port_that_says_nothing_is_not_waited_for(settings: Settings, node: Node):
    quick = replace(settings, deadlines=replace(settings.deadlines, certificates=0.05))
    over = asyncio.Event()

    async def wait(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    async with await asyncio.start_server(wait, "127.0.0.1", 0) as server:
        speak_tls(node, server.sockets[0].getsockname()[1])
        with pytest.raises(ReadingError, match=r"did not shake hands within 0.05 s"):
            await Certificates(quick).read()
        over.set()


async def test_a_node_without_tls_is_not_dialled_and_has_none(settings: Settings, node: Node):
    async with raft_port(speaks=None) as served:
        speak_tls(node, served.port)
        node.config.write_text(node.config.read_text().replace("enabled = true", "enabled = false"))
        seen = await NodeReader(settings).observe(ObserveRequest(readings=("certificates",)))
        assert seen.certificates
        assert seen.certificates.value == ()
        assert served.callers == 0


async def test_a_node_is_asked_once_a_minute_however_often_it_is_read(settings: Settings, node: Node):
    async with raft_port() as served:
        speak_tls(node, served.port)
        certificates = Certificates(settings)
        assert await certificates.read() == await certificates.read()
        await asyncio.sleep(0)
        assert served.callers == 1


async def test_an_address_of_somebody_else_is_not_dialled(settings: Settings, node: Node):
    node.config.write_text('[node]\nbind_address = "192.0.2.7:7878"\n[tls]\nenabled = true\n')
    with pytest.raises(ReadingError, match=r"192.0.2.7:7878 shakes no hands"):
        await Certificates(settings).read()


@pytest.mark.parametrize("holds", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_what_is_no_certificate_is_said_to_be_none(holds: bytes):
    with pytest.raises(ReadingError, match="is no certificate"):
        parse_certificate(holds, "file")
    with pytest.raises(ReadingError, match="is no certificate"):
        parse_certificate(holds, "served")


def test_a_certificate_without_names_has_none():
    found = parse_certificate(CA.cert_pem.bytes(), "file")
    assert isinstance(found, Certificate)
    assert found.names == ()


KEY = ec.generate_private_key(ec.SECP256R1())
ALIKE, OTHER = x509.OID_SUBJECT_ALTERNATIVE_NAME, x509.ObjectIdentifier("2.5.29.18")
NODE1 = x509.SubjectAlternativeName([x509.DNSName("node1")])


def self_signed(*extensions: x509.ExtensionType) -> bytes:
    """A certificate with these extensions, in DER."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "node1")])
    made = x509.CertificateBuilder(name, name, KEY.public_key(), 7, ENDS - timedelta(days=9), ENDS)
    for extension in extensions:
        made = made.add_extension(extension, critical=False)
    return made.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)


ODD = {
    "its names twice": self_signed(NODE1, x509.UnrecognizedExtension(OTHER, NODE1.public_bytes())).replace(
        bytes.fromhex("0603551d12"), bytes.fromhex("0603551d11")
    ),
    "an address of X.400": self_signed(x509.UnrecognizedExtension(ALIKE, bytes.fromhex("3002a300"))),
    "a party of EDI": self_signed(x509.UnrecognizedExtension(ALIKE, bytes.fromhex("3002a500"))),
}


@pytest.mark.parametrize("what", ODD)
def test_names_that_cannot_be_read_are_a_failed_reading(what: str):
    with pytest.raises(ReadingError, match="cannot be read"):
        parse_certificate(ODD[what], "served")


def test_only_names_that_a_peer_is_dialled_by_are_shown():
    names = x509.SubjectAlternativeName(
        [
            x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), bytes.fromhex("0c036f7073")),
            x509.DNSName("node1"),
            x509.IPAddress(ip_address("10.0.0.1")),
            x509.UniformResourceIdentifier("spiffe://cluster/node1"),
        ]
    )
    found = parse_certificate(self_signed(names), "served")
    assert found.names == ("node1", "10.0.0.1", "spiffe://cluster/node1")


LINE = (
    "2026-03-02T10:16:10.7Z  WARN tensor_chain::tcp::transport: Failed to handle incoming connection from {}:"
    " TLS error: TLS handshake failed: peer sent no certificates\n"
)


def test_what_the_agents_own_handshake_leaves_in_the_log_is_no_evidence(settings: Settings, node: Node):
    speak_tls(node, 7878)
    lines = [LINE.format(host) for host in ("127.0.0.1:40112", "[::1]:40112", "10.0.0.2:51844")]
    log = summarise(node.log, "".join(lines).encode(), own_hosts=own_hosts(settings))
    assert log.counts["tls_failed"] == 1
    assert [line for line in log.excerpts if "10.0.0.2" not in line] == []


def test_where_peers_share_the_address_its_lines_count(settings: Settings, node: Node):
    here = Peer(node="node2", raft=Address("127.0.0.1:7979"), gossip=Address("127.0.0.1:7980"), ping="h")
    assert own_hosts(replace(settings, peers=(here,))) == frozenset()
    node.config.unlink()
    assert "127.0.0.1" in own_hosts(settings)
