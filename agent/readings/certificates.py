"""Read the certificate of this node's Raft port, as served and as in its file; nothing is verified."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from agent.addresses import split_address
from agent.errors import ConfigFileError, ReadingError
from agent.neumann_config.edit import read_config_bytes
from agent.neumann_config.tls import RaftPort, raft_port_of
from agent.protocol import Certificate, CertificateOrigin
from agent.settings import Settings
from shared.bounded_files import read_bounded
from shared.sanitize import plain

if TYPE_CHECKING:
    from cryptography import x509

SERVED_FOR_S = 60.0
"""How long what was served counts: a node may log each handshake that comes to nothing."""

MAX_CERTIFICATE_BYTES = 1024 * 1024
_NAME_CHARS = 250
_MAX_NAMES = 32


class Certificates:
    """This node's certificates, for which it is asked at most once a minute."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._served: tuple[float, RaftPort, Certificate | ReadingError] | None = None

    async def read(self) -> tuple[Certificate, ...]:
        """Return the certificate that is served and the one in the file; none where no TLS is configured.

        Raises:
            ReadingError: If the configuration cannot be read, or neither certificate.
        """
        try:
            raw = await asyncio.to_thread(read_config_bytes, self._settings.config_file, follow_links=True)
        except ConfigFileError as error:
            raise ReadingError(str(error)) from error
        port = raft_port_of(raw.raw)
        if not port.speaks_tls:
            return ()
        found, why = [], []
        for read in (self._serve(port), _filed(port.certificate)):
            try:
                found.append(await read)
            except ReadingError as error:
                why.append(str(error))
        if not found:
            raise ReadingError(" ".join(why))
        return tuple(found)

    async def _serve(self, port: RaftPort) -> Certificate:
        now_s = time.monotonic()
        if self._served is None or self._served[1] != port or now_s - self._served[0] > SERVED_FOR_S:
            self._served = now_s, port, await self._asked(port)
        served = self._served[2]
        if isinstance(served, ReadingError):
            raise served
        return served

    async def _asked(self, port: RaftPort) -> Certificate | ReadingError:
        try:
            der = await _handshake(port, timeout_s=self._settings.deadlines.certificates)
            return await asyncio.to_thread(parse_certificate, der, "served")
        except ReadingError as error:
            return error


def own_hosts(settings: Settings) -> frozenset[str]:
    """Return the addresses from which only this agent connects to its node; none where peers share them.

    A node that asks for a client's certificate logs a failure for each handshake of the agent's.
    """
    try:
        bound = {raft_port_of(read_config_bytes(settings.config_file, follow_links=True).raw).host}
    except ConfigFileError:
        bound = set()
    own = frozenset({"127.0.0.1", "::1", "localhost", *bound})
    shared = any(split_address(peer.raft)[0] in own for peer in settings.peers)
    return frozenset() if shared else own


async def _handshake(port: RaftPort, *, timeout_s: float) -> bytes:
    """Return the certificate that the node shows, as DER; nothing is sent but the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(
                port.host,
                port.number,
                ssl=context,
                server_hostname="",
                # From the very address that is dialled: it is then this node's own, whatever its file names.
                local_addr=(port.host, 0),
            )
    except TimeoutError as error:
        raise ReadingError(f"{port} did not shake hands within {timeout_s:g} s.") from error
    except OSError as error:
        raise ReadingError(plain(f"{port} shakes no hands: {error}.", limit=200)) from error
    tunnel: ssl.SSLObject = writer.get_extra_info("ssl_object")
    der = tunnel.getpeercert(binary_form=True)
    # Not closed in order: what the node has to say of a caller without a certificate is not waited for.
    writer.transport.abort()
    if der is None:
        raise ReadingError(f"{port} shows no certificate.")
    return der


async def _filed(path: Path | None) -> Certificate:
    if path is None:
        raise ReadingError("The configuration names no certificate by an absolute path.")
    try:
        raw = await asyncio.to_thread(read_bounded, path, MAX_CERTIFICATE_BYTES)
    except OSError as error:
        raise ReadingError(f"{path} cannot be read: {error.strerror}.") from error
    return await asyncio.to_thread(parse_certificate, raw, "file")


def parse_certificate(raw: bytes, origin: CertificateOrigin) -> Certificate:
    """Return what a certificate says, the first of a PEM file or one in DER.

    Raises:
        ReadingError: If it is none, or one that cannot be read.
    """
    from cryptography import x509  # noqa: PLC0415  it is large, and a node without TLS needs none of it

    whose = "the node serves" if origin == "served" else "the configured file holds"
    try:
        load = x509.load_der_x509_certificate if origin == "served" else x509.load_pem_x509_certificate
        found = load(raw)
        return Certificate(
            origin=origin,
            subject=plain(found.subject.rfc4514_string(), limit=_NAME_CHARS),
            issuer=plain(found.issuer.rfc4514_string(), limit=_NAME_CHARS),
            not_before_s=found.not_valid_before_utc.timestamp(),
            not_after_s=found.not_valid_after_utc.timestamp(),
            names=tuple(plain(name, limit=_NAME_CHARS) for name in _names(found))[:_MAX_NAMES],
        )
    except ValueError as error:
        raise ReadingError(plain(f"What {whose} is no certificate: {error}.", limit=200)) from error
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType, x509.InvalidVersion) as error:
        said = f"The certificate that {whose} cannot be read: {error}."
        raise ReadingError(plain(said, limit=200)) from error


def _names(certificate: x509.Certificate) -> Iterator[str]:
    """Yield the names that a peer may be dialled by; others, as of a user, are no host's."""
    from cryptography import x509  # noqa: PLC0415

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    for name in names:
        if isinstance(name, x509.DNSName | x509.IPAddress | x509.UniformResourceIdentifier):
            yield str(name.value)
