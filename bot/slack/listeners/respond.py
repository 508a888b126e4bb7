"""Answer a click or a command over the connections that the Slack client keeps open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncBoltContext, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook import WebhookResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient


class KeptRespond(AsyncRespond):
    """`respond` of a listener. Bolt's own opens a new connection, with its handshakes, for each answer."""

    def __init__(self, response_url: str, client: AsyncWebClient, thread_ts: str | None) -> None:
        super().__init__(response_url=response_url)
        self._webhook = AsyncWebhookClient(response_url, session=client.session)
        self._where = {"thread_ts": thread_ts} if thread_ts else {}

    async def __call__(self, *_: Any, **said: Any) -> WebhookResponse:  # noqa: ANN401  as Bolt declares it
        """Say it; all arguments are named, and are Slack's own."""
        return await self._webhook.send_dict({**self._where, **said})


def thread_of(body: dict[str, Any]) -> str | None:
    """Return the thread whose reply was clicked: a thread's reader on a phone does not see the channel."""
    message = body.get("message") or {}
    thread_ts = message.get("thread_ts")
    return str(thread_ts) if thread_ts and thread_ts != message.get("ts") else None


def register(app: AsyncApp) -> None:
    """Give every listener such a `respond`."""

    @app.middleware
    async def keep_connections(
        context: AsyncBoltContext,
        client: AsyncWebClient,
        body: dict[str, Any],
        next_: Callable[[], Awaitable[None]],
    ) -> None:
        if context.response_url:
            context["respond"] = KeptRespond(context.response_url, client, thread_of(body))
        await next_()
