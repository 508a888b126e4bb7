"""A relay with a tripwire: when certain bytes come by, something happens before or after they arrive."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from lab.layout import Address
from measure.chaos.relay import Relay

NOT_LOADED = b"-NOSCRIPT"
"""Redis does not know the script yet: it is sent again, and that is what counts."""


@dataclass(frozen=True)
class Wire:
    """Which request it is: the first that has these bytes; and whether it still arrives."""

    pattern: re.Pattern[bytes]
    at: Literal["before", "after"]


Spring = Callable[[], Awaitable[bool]]


class Tripwire(Relay):
    """One wire at a time. What it springs says whether the request, or its answer, is passed on then."""

    def __init__(self, host: str, target: Callable[[], Address]) -> None:
        super().__init__(host, target)
        self._wire: Wire | None = None
        self._spring: Spring | None = None
        self._awaited: object | None = None

    def arm(self, wire: Wire, spring: Spring) -> None:
        """Set it."""
        self._wire, self._spring, self._awaited = wire, spring, None

    def disarm(self) -> None:
        """Take it away."""
        self._wire = self._spring = self._awaited = None

    async def goes_on(self, chunk: bytes, connection: object, *, asks: bool) -> bool:
        """Look at what comes by."""
        if self._wire is None or self._spring is None:
            return True
        if asks and self._awaited is None and self._wire.pattern.search(chunk):
            if self._wire.at == "before":
                return await self._sprung(self._spring)
            self._awaited = connection
        elif not asks and self._awaited is connection:
            if not chunk.startswith(NOT_LOADED):
                return await self._sprung(self._spring)
            self._awaited = None
        return True

    async def _sprung(self, spring: Spring) -> bool:
        self.disarm()
        return await spring()


def on_redis(*names: str) -> re.Pattern[bytes]:
    """Match a command that has these in it, in this order."""
    return re.compile(".*".join(names).encode(), re.DOTALL)


STORED = on_redis("XADD", ":inbox\r\n")
IDENTITY_TAKEN = on_redis("EVALSHA", ":incident-number\r\n")
APPENDED = on_redis("EVALSHA", r":timeline:inc-[\w-]+\r\n", ":due:steps\r\n")
FOLDED_IN = on_redis("EVALSHA", ":inbox\r\n", "workers\r\n")
LET_GO = on_redis("EVALSHA", ":leases:views\r\n", "inc-", ":wake\r\n")


def claimed(key: str) -> re.Pattern[bytes]:
    """Match the note that a message is about to be posted."""
    return on_redis("EVALSHA", r":thread:inc-[\w-]+\r\n", rf"\n{key}\r\n", r'"ts": ""')


def recorded(key: str) -> re.Pattern[bytes]:
    """Match the note of what was posted or edited."""
    return on_redis("EVALSHA", r":thread:inc-[\w-]+\r\n", rf"\n{key}\r\n", r'"ts": "\d')


def posted(key: str) -> re.Pattern[bytes]:
    """Match the post of a message to Slack, by its metadata."""
    return re.compile(rf'"event_payload": {{"incident": "inc-[\w-]+", "key": "{key}"'.encode())


def edited(cluster: str) -> re.Pattern[bytes]:
    """Match an edit of the headline of this cluster's incident."""
    return re.compile(rf'"ts": "[\d.]+", .*"attachments".*"fallback": "{cluster}: '.encode())


EDITED = re.compile(rb"POST /api/chat\.update ")
