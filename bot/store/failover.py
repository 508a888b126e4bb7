"""Connections that follow a failover: they ask where the primary is, and notice when it no longer is.

All keys of the bot carry one hash tag, so in a Redis Cluster they are on one shard, whose primary is found
and lost as under a Sentinel. Both go through redis-py's pool for Sentinel, which asks for the address before
each new connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, NoReturn, Protocol, cast

from redis.asyncio import Redis
from redis.asyncio.connection import ConnectionPool, SSLConnection
from redis.asyncio.sentinel import (
    MasterNotFoundError,
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
)
from redis.crc import key_slot
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MovedError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

ASK_WITHIN_S = 1.0
"""A node that is frozen must not keep the others from being asked: a command has five seconds in all."""

Addresses = Iterable[tuple[str, int]]


class Finder(Protocol):
    """Finds the primary; the methods are those that redis-py's pool calls."""

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Return the primary's address.

        Raises:
            MasterNotFoundError: If nobody who answers knows one that is well.
        """

    async def aclose(self) -> None:
        """Close the connections of discovery."""


class _Asked(Redis):
    """A client with a short deadline for each command, in place of its own socket timeouts."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401  the client's own types
        """Run a command.

        Raises:
            RedisTimeoutError: If there is no answer in time.
        """
        try:
            async with asyncio.timeout(ASK_WITHIN_S):
                return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except TimeoutError as error:
            raise RedisTimeoutError("no answer in time") from error


class OfSentinel(Sentinel):
    """redis-py's Sentinel client, with clients that have a deadline."""

    def __init__(self, addresses: Addresses, options: dict[str, Any]) -> None:
        super().__init__([], sentinel_kwargs={})  # type: ignore[no-untyped-call]
        self.sentinels = [_Asked(host=host, port=port, **options) for host, port in addresses]


class BySlot:
    """Finds the primary of the one shard of a Redis Cluster that has the slot of a key."""

    def __init__(self, addresses: Addresses, options: dict[str, Any], key: str) -> None:
        self._nodes = [_Asked(host=host, port=port, **options) for host, port in addresses]
        self._slot = key_slot(key.encode())

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Return the address of the slot's primary, as the first node that answers has it.

        Raises:
            MasterNotFoundError: If no node knows one.
        """
        for node in self._nodes:
            try:
                # As two words: as one, the client would reshape the answer.
                shards = await node.execute_command("CLUSTER", "SLOTS")
            except (RedisError, OSError):
                continue
            for first, last, primary, *_ in shards:
                if first <= self._slot <= last:
                    asked = str(node.connection_pool.connection_kwargs["host"])
                    return primary[0].decode() or asked, int(primary[1])
        raise MasterNotFoundError(f"No master found for {service_name!r}")

    async def aclose(self) -> None:
        """Close the connections to all nodes."""
        await asyncio.gather(*(node.aclose() for node in self._nodes))


class NoPrimaryError(RedisConnectionError):
    """The server is not the primary of these keys; it has carried nothing out."""


class Primary(SentinelManagedConnection):
    """A connection that closes once its server is no longer the primary, so that the next one asks anew."""

    async def on_connect_check_health(self, check_health: bool = True) -> None:
        """Log in, and ask for the server's role: what Sentinel says may be old, and a replica answers reads.

        Raises:
            NoPrimaryError: If it is no primary.
        """
        await super().on_connect_check_health(check_health)
        await self.send_command("ROLE")
        role = cast("list[Any]", await self.read_response())
        if role[0] != b"master":
            await self._give_up()

    async def read_response(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401  the client's own types
        """Read an answer.

        Raises:
            NoPrimaryError: If it says that this is no primary, or not of these keys.
        """
        try:
            return await super().read_response(*args, **options)
        except MovedError as error:
            await self._give_up(error)
        except (ResponseError, RedisConnectionError) as error:
            # The client itself knows this only where no script of Redis 6.2 has wrapped it in more words.
            if "READONLY" not in str(error) and not isinstance(error.__context__, ReadOnlyError):
                raise
            await self._give_up(error)

    async def _give_up(self, error: Exception | None = None) -> NoReturn:
        await self.disconnect()
        raise NoPrimaryError("what was the primary is none any more") from error


class PrimaryOverTls(Primary, SSLConnection):
    """`Primary` over TLS."""


class Following(Redis):
    """Client that follows failover; closes the discovery clients with itself."""

    def __init__(
        self,
        finder: Finder,
        name: str,
        connection_class: type[Primary] = Primary,
        **options: Any,  # noqa: ANN401  the client's own options
    ) -> None:
        pool: ConnectionPool = SentinelConnectionPool(  # type: ignore[no-untyped-call]
            name, finder, connection_class=connection_class, **options
        )
        super().__init__(connection_pool=pool)
        self.auto_close_connection_pool = True
        self.finder = finder

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Close every connection."""
        await super().aclose(close_connection_pool)
        await self.finder.aclose()
