"""Turn errors of the Redis client into `StoreDown`, with a sentence that a person can act on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.exceptions import RedisError, ResponseError

from handlers.errors import StoreDown

REDIS_TIMEOUT_S = 5.0


class WrongType(StoreDown):
    """A key of the bot in Redis holds another type than the bot keeps there; nothing was accepted."""


class NoGroup(StoreDown):
    """Redis has no such stream, or nobody has read it yet."""


_KINDS: dict[str, type[StoreDown]] = {"WRONGTYPE": WrongType, "NOGROUP": NoGroup}

REPLICAS_WITHIN_MS = 1000
"""How long a write waits for the replicas that `[redis] wait_for_replicas` asks for."""

NOT_REPLICATED = (
    "Redis has stored it, but not as many replicas as [redis] wait_for_replicas asks for; it counts as not"
    " accepted."
)

WHO_ELSE = "who else writes to this Redis?"

REFUSALS = {
    "OOM command not allowed": "Redis has no memory left",
    "No master found": "Redis has no primary now, or nobody that [redis] url names can be asked for it",
    "what was the primary is none": "Redis is failing over: what was its primary is a replica now",
    "CLUSTERDOWN": "The Redis Cluster is down: some of its slots have no primary",
    "READONLY": "Redis is a read-only replica: [redis] url must name its primary",
    "LOADING": "Redis is loading its data",
    "MASTERDOWN": "Redis is a replica that has lost its primary",
    "MISCONF": "Redis cannot write to its disk, and so takes no changes",
    "NOREPLICAS": "Redis has fewer replicas than it asks for",
    "NOAUTH": "Redis asks for a password: name it in [redis] url",
    "WRONGPASS": "Redis does not know the password in [redis] url",
    "NOPERM": "Redis does not permit that command to the user in [redis] url",
}
"""Looked for anywhere in the text: a script's error is wrapped in more words, otherwise in each version."""


@asynccontextmanager
async def store_errors(*, but: type[Exception] | tuple[()] = ()) -> AsyncIterator[None]:
    """Bound the time of Redis commands, and raise their errors as `StoreDown`.

    Args:
        but: Errors that the caller handles itself.

    Raises:
        WrongType: If somebody else has put something under a key of the bot.
        StoreDown: If Redis refuses, or does not answer within `REDIS_TIMEOUT_S`: frozen is as good as down.
    """
    try:
        async with asyncio.timeout(REDIS_TIMEOUT_S):
            yield
    except but:
        raise
    except (RedisError, OSError) as error:
        kind = next((kind for code, kind in _KINDS.items() if code in str(error)), StoreDown)
        raise kind(None if kind is WrongType else refusal(error)) from error


def text(raw: bytes | str) -> str:
    """Decode a value of Redis; the client's types say that it may be bytes or text."""
    return raw if isinstance(raw, str) else raw.decode(errors="replace")


def refusal(error: BaseException) -> str:
    """Return the sentence for an error of the client."""
    # The client strips the code from the text of some errors; only the class tells it then.
    told = f"{_CODES.get(type(error).__name__, '')} {error}"
    for code, words in REFUSALS.items():
        if code in told:
            return f"{words}; nothing was accepted."
    does = "refuses" if isinstance(error, ResponseError) else "does not answer"
    return f"Redis {does} ({type(error).__name__}); nothing was accepted."


_CODES = {
    "OutOfMemoryError": "OOM command not allowed",
    "ReadOnlyError": "READONLY",
    "BusyLoadingError": "LOADING",
    "MasterDownError": "MASTERDOWN",
    "ClusterDownError": "CLUSTERDOWN",
    "NoPermissionError": "NOPERM",
    "AuthenticationError": "WRONGPASS",
}
