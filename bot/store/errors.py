"""What an error of the Redis client means, in one sentence."""

from __future__ import annotations

from redis.exceptions import ResponseError

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


def refusal(error: BaseException) -> str:
    """Why nothing was accepted."""
    # The client takes the code off the text of some errors, and says it with the class alone.
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
