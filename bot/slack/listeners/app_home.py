"""Publish the App Home anew each time somebody opens it."""

from __future__ import annotations

import asyncio

import aiohttp
import structlog
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.listeners.payloads import Body
from bot.slack.views import app_home
from handlers import queries
from handlers.errors import BotError
from handlers.ports import Ports
from runbooks.posture.model import Posture

log = structlog.get_logger()
MAX_CLUSTERS = 30


def register(app: AsyncApp, ports: Ports) -> None:
    """Connect the App Home."""

    @app.event("app_home_opened")
    async def opened(event: Body, client: AsyncWebClient) -> None:
        if event.get("tab", "home") == "home":
            await _publish(ports, str(event["user"]), client)


async def _publish(ports: Ports, user: str, client: AsyncWebClient) -> None:
    try:
        view = app_home.view(await gather(ports, user))
        await client.views_publish(user_id=user, view=view)
    except (BotError, SlackApiError, aiohttp.ClientError, TimeoutError) as error:
        log.warning("home_not_shown", error=str(error))


async def gather(ports: Ports, user: str) -> app_home.Home:
    """Read now what one person's page shows.

    Args:
        ports: What is touched.
        user: The Slack id of whoever looks.
    """
    names = ports.reader.clusters[:MAX_CLUSTERS]
    found, glances = await asyncio.gather(
        queries.open_and_closed(ports), asyncio.gather(*(queries.glance(ports, name) for name in names))
    )
    return app_home.Home(
        viewer=user,
        open=found.open,
        open_beside=found.beside,
        recent=found.closed,
        clusters={each.cluster: each.leadership for each in glances},
        at=ports.time.now(),
        left_alone=found.left_alone,
        troubles=await ports.troubles.now() if ports.troubles else (),
        unshown=await ports.threads.unshown(),
        postures=await _postures(ports, names),
    )


async def _postures(ports: Ports, clusters: tuple[str, ...]) -> tuple[Posture, ...]:
    """Return what the last look showed: a page that somebody opens reads no cluster in full."""
    if ports.postures is None:
        return ()
    standings = await asyncio.gather(*(ports.postures.standing(name) for name in clusters))
    return tuple(each.posture for each in standings if each.posture)
