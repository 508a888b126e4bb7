"""Count what another application answers."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


def counting(app: ASGIApp, count: Callable[[int], None]) -> ASGIApp:
    """Return an application that answers like `app` and tells `count` the status of each answer."""

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                count(message["status"])
            await send(message)

        await app(scope, receive, sent)

    return counted
