"""Makes the clients of Slack, Alertmanager and Prometheus, as far as they are configured."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import httpx
from slack_sdk.web.async_client import AsyncWebClient

from bot.alerting.alertmanager import AlertmanagerClient
from bot.alerting.prometheus import PrometheusClient
from bot.config import Endpoint, Settings
from bot.http.client import http_client, trusting
from bot.slack.noting_client import NotingClient
from bot.store.refusals import Refusals

SLACK_TIMEOUT_S = 10.0


@asynccontextmanager
async def alerting(
    settings: Settings,
) -> AsyncIterator[tuple[AlertmanagerClient | None, PrometheusClient | None]]:
    """Make the clients of Alertmanager and Prometheus, as far as they are configured.

    Raises:
        ConfigurationError: If a token or an authority's file cannot be read.
    """
    async with contextlib.AsyncExitStack() as clients:

        async def http(endpoint: Endpoint) -> httpx.AsyncClient:
            return await clients.enter_async_context(
                http_client(httpx.Timeout(None), trusting(endpoint.authority))  # each call has its deadline
            )

        one, other = settings.alertmanager, settings.prometheus
        alertmanager = AlertmanagerClient(one, await http(one)) if one else None
        yield alertmanager, PrometheusClient(other, await http(other)) if other else None


@asynccontextmanager
async def slack_client(settings: Settings, refusals: Refusals) -> AsyncIterator[AsyncWebClient]:
    """Make a Web API client that keeps its connections: by itself it opens one per call.

    Args:
        settings: The configuration.
        refusals: Where it notes what Slack refuses.

    Raises:
        ConfigurationError: If the token's file cannot be read.
    """
    token = settings.slack.bot_token.read().get_secret_value()
    timeout = aiohttp.ClientTimeout(total=SLACK_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        # Without its own retries: they would post a second time when an answer is lost.
        yield NotingClient(
            refusals, token=token, base_url=settings.slack.api_url, session=session, retry_handlers=[]
        )
