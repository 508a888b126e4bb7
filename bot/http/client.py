"""How HTTP clients are made: httpx over aiohttp's connections."""

from __future__ import annotations

import functools
import http.cookiejar
import ssl
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from bot.http.bounded_connector import BoundedConnector
from handlers.errors import ConfigurationError

CONNECTIONS_PER_HOST = 4
KEEP_ALIVE_S = 20.0
"""Shorter than the agents' own 30 s: a request must not meet a connection that is just being closed."""

MAX_NODE_ANSWER_BYTES = 700_000
"""On the wire, of a node's own port or its agent: the longest body that is taken, with its framing."""

MAX_SERVER_ANSWER_BYTES = 40_000_000
"""On the wire, of Alertmanager and Prometheus."""


def http_client(
    timeout: httpx.Timeout,
    context: ssl.SSLContext | None = None,
    pinned: Mapping[str, ssl.SSLContext] | None = None,
    *,
    max_answer_bytes: int = MAX_NODE_ANSWER_BYTES,
) -> httpx.AsyncClient:
    """Make a client that uses no proxy and keeps no cookie.

    Args:
        timeout: Of a request.
        context: TLS as it is for all.
        pinned: The TLS contexts of addresses with their own.
        max_answer_bytes: Closes the connection of an answer that takes more on the wire.
    """
    transport = functools.partial(_transport, max_answer_bytes)
    mounts = {address: transport(own) for address, own in (pinned or {}).items()}
    no_cookies = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=()))
    return httpx.AsyncClient(
        transport=transport(context), mounts=mounts, timeout=timeout, trust_env=False, cookies=no_cookies
    )


def _transport(max_answer_bytes: int, context: ssl.SSLContext | None) -> AiohttpTransport:
    """aiohttp's pool: httpx' own slows with the square of the hosts it speaks to.

    Each host has its own few connections, so one that hangs holds up no other.
    """
    connector = functools.partial(
        BoundedConnector,
        max_answer_bytes,
        ssl=context or True,
        limit=0,
        limit_per_host=CONNECTIONS_PER_HOST,
        keepalive_timeout=KEEP_ALIVE_S,
    )
    return AiohttpTransport(
        client=lambda: aiohttp.ClientSession(connector=connector(), cookie_jar=aiohttp.DummyCookieJar())
    )


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
