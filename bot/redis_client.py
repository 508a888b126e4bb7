"""The one way to a Redis client."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from handlers.errors import ConfigurationError

MOST_CONNECTIONS = 1000
"""The client's own 100 would refuse what comes in a burst; Redis takes 10,000 by default."""


def connect(url: str) -> Redis:
    """Make a client; it connects when it is used.

    Its own retries are off: they would silently repeat an append whose answer was lost. So is its own
    timeout: it goes through `asyncio.wait_for`, which before Python 3.12 can swallow a cancellation;
    `timeline_store.store_errors` bounds every command instead. Answers are in RESP2, whose shapes are the
    same on Redis 6.2, 7 and Valkey.

    Raises:
        ConfigurationError: If the address is none.
    """
    try:
        return Redis.from_url(
            url,
            socket_timeout=None,
            socket_connect_timeout=2,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            max_connections=MOST_CONNECTIONS,
        )
    except ValueError as error:
        raise ConfigurationError(f"[redis] url is no address of a Redis: {error}.") from error
