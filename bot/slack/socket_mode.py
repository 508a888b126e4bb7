"""Socket Mode: the bot opens the connection, for where Slack has no way to it."""

from __future__ import annotations

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient


async def listen(app: AsyncApp, app_token: str, api_url: str) -> None:
    """Take what Slack sends over a socket, until cancelled; a lost connection is opened again.

    Slack sends each event to one of an app's connections, so any number of replicas may listen.

    Args:
        app: The Bolt app.
        app_token: The `xapp-` token, with the scope `connections:write`.
        api_url: The Web API's address.
    """
    client = AsyncWebClient(token=app_token, base_url=api_url)
    handler = AsyncSocketModeHandler(app, app_token, web_client=client)
    try:
        await handler.start_async()  # type: ignore[no-untyped-call]
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]
