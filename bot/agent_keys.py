"""How the bot shows itself to the agents and knows them: keys decide, dates do not."""

from __future__ import annotations

import base64
import binascii
import ssl

from nacl.signing import SigningKey

from bot.config import Agents, SecretFile
from handlers.errors import ConfigurationError

NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME: the incident may be a wrong clock."""


def tls_context(agents: Agents) -> ssl.SSLContext:
    """Our certificate, their authority, and no dates.

    Raises:
        ConfigurationError: If one of the files cannot be used.
    """
    for file in (agents.authority, agents.certificate, agents.key):
        if not file.is_file():
            raise ConfigurationError(f"{file} is not there; it is named in [agents].")
    try:
        context = ssl.create_default_context(cafile=str(agents.authority))
        context.load_cert_chain(str(agents.certificate), str(agents.key))
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"The agents' certificate files cannot be used: {error}.") from error
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
