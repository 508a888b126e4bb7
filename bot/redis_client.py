"""The one way to a Redis client."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


def connect(url: str) -> Redis:
    """Make a client; it connects when it is used.

    Its own retries are off: they would silently repeat an append whose answer was lost. Answers are in
    RESP2, whose shapes are the same on Redis 6.2, 7 and Valkey.
    """
    return Redis.from_url(
        url, socket_timeout=30, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0), protocol=2
    )
