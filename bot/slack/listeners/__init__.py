"""Thin listeners: acknowledge, parse, call a handler, show what it says."""

from __future__ import annotations

import asyncio

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.slack.listeners import acting, answering, asking, at_home, caring
from bot.slack.listeners.background import later_in
from bot.slack.listeners.matching import starting_with
from bot.slack.listeners.payloads import tell
from handlers.ports import Ports


def register(app: AsyncApp, ports: Ports, background: set[asyncio.Task[None]]) -> None:
    """Connect everything that Slack can send with the handlers.

    Args:
        app: The Bolt app.
        ports: What the handlers touch.
        background: Holds the tasks that outlive their request, so that shutdown can wait for them.
    """
    later = later_in(background)
    answering.register(app)
    asking.register(app, ports, later)
    acting.register(app, ports)
    caring.register(app, ports, later)
    at_home.register(app, ports, later)

    @app.action(starting_with(""))
    async def unknown_action(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await tell(
            respond, "This button is from another version of the bot; `/neumann help` lists what works."
        )
