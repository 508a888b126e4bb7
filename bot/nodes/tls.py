"""How the bot shows itself to the agents and knows them: keys decide, dates do not."""

from __future__ import annotations

import base64
import binascii
import ssl
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.signing import SigningKey

from bot.config import AgentSettings, SecretFile
from handlers.errors import ConfigurationError

NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME: the incident may be a wrong clock."""


def tls_context(agents: AgentSettings, pinned: Path | None = None) -> ssl.SSLContext:
    """Our certificate, and theirs: exactly the pinned one, else one of the authority for the host in the URL.

    Where there is neither, no agent is believed to be one.

    Raises:
        ConfigurationError: If one of the files cannot be used.
    """
    for file in (agents.certificate, agents.key):
        if not file.is_file():
            raise ConfigurationError(f"{file} of [agents] is not there; `neumann-bot agents add` makes it.")
    try:
        context = pinned_context(pinned.read_text()) if pinned else _context()
        if agents.authority and not pinned:
            context.load_verify_locations(agents.authority)
        context.load_cert_chain(agents.certificate, agents.key)
    except (OSError, ValueError, ssl.SSLError) as error:
        raise ConfigurationError(f"The agents' certificate files cannot be used: {error}.") from error
    return context


def pinned_context(certificate: str) -> ssl.SSLContext:
    """Believe who shows exactly this certificate (PEM), whatever host it names.

    Raises:
        ValueError: If it is none.
        ssl.SSLError: If it is none.
    """
    context = _context()
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=certificate)
    return context


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= NO_CHECK_TIME
    return context


def grant_key(secret: SecretFile) -> SigningKey:
    """A key that signs grants.

    Raises:
        ConfigurationError: If the file holds no 32-byte seed in base64.
    """
    try:
        return SigningKey(base64.b64decode(secret.read().get_secret_value(), validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise ConfigurationError(f"{secret.file} holds no Ed25519 seed in base64.") from error


def mac_key(key: SigningKey, use: bytes) -> bytes:
    """A key for MACs that every replica with this grant key has; each use has its own (HKDF, RFC 5869)."""
    return HKDF(SHA256(), length=32, salt=None, info=use).derive(bytes(key))
