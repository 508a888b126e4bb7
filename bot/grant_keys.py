"""The keys that sign grants, and MAC keys that every replica derives from the same grant key."""

from __future__ import annotations

import base64
import binascii
import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.signing import SigningKey

from bot.secret_files import SecretFile
from handlers.errors import ConfigurationError

NOT_THERE = "is not there: `neumann-bot agents add` makes the bot's keys when it pairs with the first agent"


def grant_key(secret: SecretFile) -> SigningKey:
    """Read a key that signs grants.

    Raises:
        ConfigurationError: If the file is not there, or holds no 32-byte seed in base64.
    """
    if not secret.file.exists():
        raise ConfigurationError(f"{secret.file} {NOT_THERE}.")
    try:
        return SigningKey(base64.b64decode(secret.read().get_secret_value(), validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise ConfigurationError(f"{secret.file} holds no Ed25519 seed in base64.") from error


def mac_key(key: SigningKey, use: bytes) -> bytes:
    """Derive a key for MACs from a grant key; each use has its own (HKDF, RFC 5869)."""
    return HKDF(SHA256(), length=32, salt=None, info=use).derive(bytes(key))


def mac(key: bytes, *parts: bytes) -> bytes:
    """Return the HMAC-SHA256 over the parts; each has its length in front, so none runs into the next."""
    return hmac.digest(key, b"".join(b"%d:%s" % (len(part), part) for part in parts), "sha256")
