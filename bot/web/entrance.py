"""Leads callers to the application in charge, which may be exchanged while the port stays open."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send


class Entrance:
    """An ASGI application that hands each request to the one in charge when it came."""

    def __init__(self) -> None:
        self._house: _House | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request over."""
        assert self._house is not None, "nobody is in charge"  # noqa: S101  it listens before it serves
        await self._house.take(scope, receive, send)

    def lead_to(self, app: ASGIApp) -> asyncio.Event:
        """Put an application in charge; return what is set once the former one has answered everybody."""
        former, self._house = self._house, _House(app)
        return former.empty if former else self._house.empty


class _House:
    def __init__(self, app: ASGIApp) -> None:
        self._app, self._inside, self.empty = app, 0, asyncio.Event()
        self.empty.set()

    async def take(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._inside += 1
        self.empty.clear()
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1
            if not self._inside:
                self.empty.set()
