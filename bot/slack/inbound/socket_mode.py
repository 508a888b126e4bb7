"""Socket Mode: the bot opens the connection, where Slack cannot reach the bot."""

from __future__ import annotations

import json
from functools import partial

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.inbound.request_queue import SlackRequest, SlackRequests
from handlers.errors import StoreDown

log = structlog.get_logger()


class _StoringHandler(AsyncSocketModeHandler):
    """Stores a request before it acknowledges it, as the web side does, or answers it in place."""

    def __init__(
        self, app: AsyncApp, app_token: str, client: AsyncWebClient, requests: SlackRequests
    ) -> None:
        super().__init__(app, app_token, web_client=client)
        self._requests = requests

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        asked = SlackRequest.read(json.dumps(req.payload), "application/json")
        taking = partial(self._take, asked, client, req)
        await self._requests.tracing.received(taking, route=None, handle=asked.handle)

    async def _take(self, asked: SlackRequest, client: SocketModeClient, req: SocketModeRequest) -> None:
        if asked.is_answered_in_place:
            await super().handle(client, req)
            return
        try:
            await self._requests.store(asked, req.envelope_id)
        except StoreDown as error:
            log.error("slack_request_not_taken", error=str(error))
            return  # without an acknowledgement Slack tells the person, and sends an event again
        await client.send_socket_mode_response(SocketModeResponse(req.envelope_id))


async def listen(app: AsyncApp, app_token: str, api_url: str, requests: SlackRequests) -> None:
    """Take what Slack sends over a socket, until cancelled; a lost connection is opened again.

    Slack sends each event to one of an app's connections, so any number of replicas may listen.

    Args:
        app: The Bolt app, for what is answered in place.
        app_token: The `xapp-` token, with the scope `connections:write`.
        api_url: The Web API's address.
        requests: Where all others are stored.
    """
    client = AsyncWebClient(token=app_token, base_url=api_url)
    handler = _StoringHandler(app, app_token, client, requests)
    try:
        await handler.start_async()  # type: ignore[no-untyped-call]
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]
