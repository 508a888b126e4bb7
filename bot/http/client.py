"""How HTTP clients are made: httpx over aiohttp's connections."""

from __future__ import annotations

import functools
import ssl
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from handlers.errors import ConfigurationError

CONNECTIONS_PER_HOST = 4
KEEP_ALIVE_S = 20.0
"""Shorter than the agents' own 30 s: a request must not meet a connection that is just being closed."""


def http_client(
    timeout: httpx.Timeout,
    context: ssl.SSLContext | None = None,
    pinned: Mapping[str, ssl.SSLContext] | None = None,
) -> httpx.AsyncClient:
    """Make a client that uses no proxy; `pinned` has the TLS contexts of addresses with their own."""
    mounts = {address: _transport(own) for address, own in (pinned or {}).items()}
    return httpx.AsyncClient(transport=_transport(context), mounts=mounts, timeout=timeout, trust_env=False)


def _transport(context: ssl.SSLContext | None) -> AiohttpTransport:
    """Return aiohttp's pool: httpx's own slows down with the square of the number of hosts.

    Each host has its own few connections, so one that hangs holds up no other.
    """
    connector = functools.partial(
        aiohttp.TCPConnector,
        ssl=context or True,
        limit=0,
        limit_per_host=CONNECTIONS_PER_HOST,
        keepalive_timeout=KEEP_ALIVE_S,
    )
    return AiohttpTransport(client=lambda: aiohttp.ClientSession(connector=connector()))


def trusting(authority: Path | None) -> ssl.SSLContext | None:
    """Make a TLS context that trusts this authority; without one, what the system trusts.

    Raises:
        ConfigurationError: If the file cannot be used.
    """
    if authority is None:
        return None
    try:
        return ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"The authority {authority} cannot be used: {error}.") from error
