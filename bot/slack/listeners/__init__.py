"""Thin listeners: acknowledge, parse, call a handler, show its answer."""

from __future__ import annotations

import contextlib

import aiohttp
import structlog
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext, AsyncRespond

from bot.slack.inbound.dispatcher import TRY_AGAIN
from bot.slack.listeners import app_home, commands, remediation, triage
from bot.slack.listeners import respond as answering
from bot.slack.listeners.action_ids import starting_with
from bot.slack.listeners.payloads import tell
from handlers.errors import StoreDown
from handlers.ports import Ports

log = structlog.get_logger()


def register(app: AsyncApp, ports: Ports) -> None:
    """Connect everything that Slack can send with the handlers.

    Args:
        app: The Bolt app.
        ports: What the handlers touch.
    """
    answering.register(app)
    commands.register(app, ports)
    remediation.register(app, ports)
    triage.register(app, ports)
    app_home.register(app, ports)

    @app.action(starting_with(""))
    async def unknown_action(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await tell(
            respond, "This button is from another version of the bot; `/neumann help` lists what works."
        )

    @app.error
    async def failed(error: Exception, context: AsyncBoltContext, respond: AsyncRespond) -> BoltResponse:
        if isinstance(error, StoreDown):
            log.warning("request_put_off", error=str(error))
            return BoltResponse(status=TRY_AGAIN)
        log.error("request_failed", exc_info=error)
        if context.response_url:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                await tell(respond, "That failed inside the bot; its log says why.")
        return BoltResponse(status=500)
