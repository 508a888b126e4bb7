"""Makes the Redis client: for one server, or for the primary that Sentinel or a Redis Cluster names."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from redis.asyncio import Redis
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.config import RedisSettings
from bot.store.failover import BySlot, Finder, Following, OfSentinel, Primary, PrimaryOverTls
from handlers.errors import ConfigurationError

HASH_TAG = re.compile(r"\{[^}]+\}")
SENTINEL_PORT = 26_379
CLUSTER_PORT = 6_379

MAX_CONNECTIONS = 1000
"""The client's own 100 would refuse what comes in a burst; Redis takes 10,000 by default."""


def connect(url: str, prefix: str = "{neumann}", password: str | None = None) -> Redis:
    """Make a client; it connects when it is used.

    Its own retries are off: they would silently repeat an append whose answer was lost. So is its own
    timeout: it goes through `asyncio.wait_for`, which before Python 3.12 can swallow a cancellation;
    `store_errors` bounds every command instead. Answers are in RESP2, whose shapes are the
    same on Redis 6.2, 7 and Valkey.

    Args:
        url: `redis://`, `rediss://` or `unix://` for one server; with `+sentinel` or `+cluster` after the
            scheme a list of those to ask for the primary, as `redis+sentinel://host1,host2:26379/mymaster/0`
            and `redis+cluster://host1,host2:6379`.
        prefix: What every key begins with; its hash tag says which shard of a cluster has them all.
        password: Goes before one in the address, so that it need not stand there.

    Raises:
        ConfigurationError: If the address cannot be used.
    """
    if password is not None:
        url = _with_password(url, password)
    try:
        kind = urlsplit(url).scheme.partition("+")[2]
        if kind:
            return _by_primary(url, kind, prefix)
        return Redis.from_url(url, **client_options())
    except ValueError as error:
        raise ConfigurationError(f"[redis] url is not a valid address of a Redis: {error}.") from error


def connect_to(settings: RedisSettings) -> Redis:
    """Make a client as the configuration says.

    Raises:
        ConfigurationError: If the address or the password's file cannot be used.
    """
    password = settings.password.read().get_secret_value() if settings.password else None
    return connect(settings.url, settings.prefix, password)


def _with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    login, _, hosts = parts.netloc.rpartition("@")
    user = login.partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{hosts}"))


def client_options() -> dict[str, Any]:
    """Return the options of every connection, see `connect`."""
    return {
        "socket_timeout": None,
        "socket_connect_timeout": 2,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        "max_connections": MAX_CONNECTIONS,
    }


def _by_primary(url: str, kind: str, prefix: str) -> Redis:
    parts = urlsplit(url)
    scheme = parts.scheme.partition("+")[0]
    login, _, hosts = parts.netloc.rpartition("@")
    name, _, database = parts.path.strip("/").partition("/")
    if scheme not in ("redis", "rediss") or kind not in ("sentinel", "cluster"):
        raise ValueError(f"{parts.scheme}:// is neither redis+sentinel:// nor redis+cluster://")
    if (kind == "sentinel") != bool(name):
        raise ValueError("after Sentinels comes the name they have for the primary, after a cluster nothing")
    if kind == "cluster" and not HASH_TAG.search(prefix):
        raise ValueError('a cluster needs a name in braces in [redis] prefix, such as "{neumann}"')
    at = f"{login}@primary" if login else "primary"
    one = urlunsplit((scheme, at, f"/{int(database or 0)}", parts.query, ""))
    options: dict[str, Any] = {**parse_url(one), **client_options()}
    del options["host"]
    tls = options.pop("connection_class", None) is SSLConnection
    asking = {"ssl": tls, **client_options(), **_those(options, "ssl_")}
    of_sentinels = _those(options, "sentinel_")
    finder: Finder
    if kind == "sentinel":
        asking |= {key.removeprefix("sentinel_"): options.pop(key) for key in of_sentinels}
        finder = OfSentinel(_addresses(hosts, SENTINEL_PORT), asking)
    else:
        asking |= _those(options, "username") | _those(options, "password")
        finder = BySlot(_addresses(hosts, CLUSTER_PORT), asking, prefix)
    return Following(finder, name or prefix, PrimaryOverTls if tls else Primary, **options)


def _those(options: dict[str, Any], beginning: str) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key.startswith(beginning)}


def _addresses(hosts: str, port: int) -> tuple[tuple[str, int], ...]:
    """Parse `host1,host2:26380,[::1]:26379`; `port` is for those that name none."""
    found = []
    for host in filter(None, hosts.split(",")):
        at = urlsplit(f"//{host}")
        if not at.hostname:
            raise ValueError(f"{host} is not a valid host")
        found.append((at.hostname, at.port or port))
    if not found:
        raise ValueError("it names no host")
    return tuple(found)
