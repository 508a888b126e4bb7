"""TLS between the bot and the agents: keys decide, certificate dates do not."""

from __future__ import annotations

import ssl
from pathlib import Path

from bot.config import AgentSettings
from bot.secret_files import require_private
from handlers.errors import ConfigurationError
from shared.bounded_files import read_bounded_text
from shared.tls_flags import NO_CHECK_TIME


def tls_context(agents: AgentSettings, pinned: Path | None = None) -> ssl.SSLContext:
    """Return a context that shows our certificate and trusts the pinned one, or else the authority.

    Where there is neither, no agent is believed to be one.

    Raises:
        ConfigurationError: If one of the files cannot be used.
    """
    for file in (agents.certificate, agents.key):
        if not file.is_file():
            raise ConfigurationError(f"{file} of [agents] is not there; `neumann-bot agents add` makes it.")
    require_private(agents.key)
    try:
        context = pinned_context(read_bounded_text(pinned)) if pinned else _context()
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
