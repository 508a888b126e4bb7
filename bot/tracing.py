"""What the bot tells of the way from an alert to its thread, and from a click to its effect."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, TypeVar

from aiohttp import TraceConfig

from handlers.ports import Ports

T = TypeVar("T")
Due = Callable[[str], Awaitable[float | None]]
NO_CARRIER: Mapping[str, str] = {}


class Entry(Protocol):
    """An entry of a stream."""

    @property
    def id(self) -> str:
        """Return its id."""

    @property
    def fields(self) -> Mapping[bytes, bytes]:
        """Return what it holds."""


E = TypeVar("E", bound=Entry)


class Tracing(Protocol):
    """The legs of the way, each told where it is gone; telling never fails, and never waits."""

    async def received(
        self,
        answer: Callable[[], Awaitable[T]],
        *,
        route: str | None,
        carrier: Mapping[str, str] = NO_CARRIER,
        handle: str = "",
    ) -> T:
        """Answer a request whose sender is known by now.

        Args:
            answer: What is done for it.
            route: Where it came in; `None` over Socket Mode.
            carrier: Its headers, where the sender may say which trace it belongs to.
            handle: Of the button or plan that it is about.
        """

    def sent(self, stream: str) -> AbstractContextManager[Mapping[str, str]]:
        """Put an entry into a stream, with these fields beside its own; nothing is decided by them."""

    def taken(
        self, stream: str, do: Callable[[E], Awaitable[float | None]]
    ) -> Callable[[E], Awaitable[float | None]]:
        """Do what was put into a stream."""

    def due(self, queue: str, do: Due) -> Due:
        """Do what is due for an incident; where that is nothing, nothing is told."""

    def observed(self, ports: Ports) -> Ports:
        """Return the ports with what handlers read, append and have done told."""

    def calls(self) -> list[TraceConfig]:
        """Return what tells of the calls of an HTTP session."""

    async def aclose(self) -> None:
        """Send what is left, within some seconds."""


class Untraced:
    """No traces: what is usual."""

    async def received(
        self,
        answer: Callable[[], Awaitable[T]],
        *,
        route: str | None,
        carrier: Mapping[str, str] = NO_CARRIER,
        handle: str = "",
    ) -> T:
        """See `Tracing`; as all below."""
        return await answer()

    def sent(self, _: str) -> AbstractContextManager[Mapping[str, str]]:
        """Add no field."""
        return nullcontext(NO_CARRIER)

    def taken(
        self, _: str, do: Callable[[E], Awaitable[float | None]]
    ) -> Callable[[E], Awaitable[float | None]]:
        """Return what does it."""
        return do

    def due(self, _: str, do: Due) -> Due:
        """Return what does it."""
        return do

    def observed(self, ports: Ports) -> Ports:
        """Return the ports."""
        return ports

    def calls(self) -> list[TraceConfig]:
        """Return nothing."""
        return []

    async def aclose(self) -> None:
        """Do nothing."""


UNTRACED: Tracing = Untraced()
