"""Make the clients of nodes, agents, alerting and Slack that the settings ask for."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import aiohttp
import httpx
from nacl.signing import SigningKey
from redis.asyncio import Redis
from slack_sdk.web.async_client import AsyncWebClient

from bot.alerting.alertmanager import AlertmanagerClient
from bot.alerting.prometheus import PrometheusClient
from bot.config import Endpoint, Settings
from bot.doctor.patient import Patient
from bot.grant_keys import grant_key
from bot.http.client import MAX_SERVER_ANSWER_BYTES, http_client, trusting
from bot.nodes.agent_client import AgentClient
from bot.nodes.cluster_reader import ClusterReader
from bot.nodes.tls import tls_context
from bot.paging.routes import Paging, paging
from bot.slack.noting_client import NotingClient
from bot.store.ledger_marks import LedgerMarks
from bot.store.refusals import Refusals
from bot.tracing import UNTRACED, Tracing
from handlers import on_call
from handlers.ports import Ports

AGENT_TIMEOUT = httpx.Timeout(None, connect=3.0)
"""Each question has a deadline of its own beside it."""

SLACK_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Clients:
    """Everything outside the process that the bot calls, except Redis."""

    slack: AsyncWebClient
    reader: ClusterReader
    agents: AgentClient
    alertmanager: AlertmanagerClient | None
    prometheus: PrometheusClient | None
    paging: Paging
    outside: httpx.AsyncClient

    def patient(self, settings: Settings, redis: Redis, ports: Ports) -> Patient:
        """Return the same for the doctor, with Redis and who is on call."""
        return Patient(
            settings=settings,
            redis=redis,
            slack=self.slack,
            reader=self.reader,
            agents=self.agents,
            prometheus=self.prometheus,
            alertmanager=self.alertmanager,
            on_call=partial(on_call.current, ports) if ports.schedule else None,
        )


@asynccontextmanager
async def connected(
    settings: Settings, marks: LedgerMarks, refusals: Refusals, tracing: Tracing = UNTRACED
) -> AsyncIterator[Clients]:
    """Make all clients, and close them again; what Slack refuses is noted in `refusals`.

    Raises:
        ConfigurationError: If a token, key or certificate cannot be used.
    """
    async with (
        slack_client(settings, refusals, tracing) as slack,
        reader(settings, marks) as (clusters, agents),
        alerting(settings) as (alertmanager, prometheus),
        http_client(httpx.Timeout(None)) as outside,  # each call has its deadline
    ):
        routes = paging(settings.escalation, outside, refusals)
        yield Clients(slack, clusters, agents, alertmanager, prometheus, routes, outside)


@asynccontextmanager
async def reader(
    settings: Settings, marks: LedgerMarks | None = None
) -> AsyncIterator[tuple[ClusterReader, AgentClient]]:
    """Make what reads clusters, without Slack and Redis; to act, it needs the marks of the agents' ledgers.

    Raises:
        ConfigurationError: If a key or certificate cannot be used.
    """
    key, context = grant_key(settings.agents.grant_key), tls_context(settings.agents)
    second_file = settings.agents.second_grant_key
    second_key = grant_key(second_file) if second_file else None
    pinned = {
        node.agent_url: tls_context(settings.agents, node.agent_certificate)
        for cluster in settings.clusters
        for node in cluster.nodes
        if node.agent_certificate
    }
    async with (
        http_client(httpx.Timeout(None)) as http,  # each reading keeps its own deadline
        http_client(AGENT_TIMEOUT, context, pinned) as agent_http,
    ):
        agents = AgentClient(settings.clusters, agent_http, key, second_key, marks)
        yield ClusterReader(settings.clusters, settings.readings, http, agents), agents


@asynccontextmanager
async def pages(settings: Settings) -> AsyncIterator[ClusterReader]:
    """Make what reads the nodes' own pages alone, for a bot without the keys that agents go by."""
    async with http_client(httpx.Timeout(None)) as http:
        nobody = AgentClient(settings.clusters, http, SigningKey.generate())
        yield ClusterReader(settings.clusters, settings.readings, http, nobody)


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
                http_client(  # each call has its deadline
                    httpx.Timeout(None),
                    trusting(endpoint.authority),
                    max_answer_bytes=MAX_SERVER_ANSWER_BYTES,
                )
            )

        one, other = settings.alertmanager, settings.prometheus
        alertmanager = AlertmanagerClient(one, await http(one)) if one else None
        yield alertmanager, PrometheusClient(other, await http(other)) if other else None


@asynccontextmanager
async def slack_client(
    settings: Settings, refusals: Refusals, tracing: Tracing = UNTRACED
) -> AsyncIterator[AsyncWebClient]:
    """Make a Web API client that keeps its connections: by itself it opens one per call.

    Raises:
        ConfigurationError: If the token's file cannot be read.
    """
    token = settings.slack.bot_token.read().get_secret_value()
    timeout = aiohttp.ClientTimeout(total=SLACK_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout, trace_configs=tracing.calls()) as session:
        # Without its own retries: they would post a second time when an answer is lost.
        yield NotingClient(
            refusals, token=token, base_url=settings.slack.api_url, session=session, retry_handlers=[]
        )
