"""Put the bot's parts together; nothing else does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import aiohttp
import httpx
from redis.asyncio import Redis
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

from bot.alerting.alertmanager import AlertmanagerClient
from bot.alerting.prometheus import PrometheusClient
from bot.clock import SystemTime
from bot.config import Endpoint, Settings
from bot.grant_keys import grant_key
from bot.http.client import MAX_SERVER_ANSWER_BYTES, http_client, trusting
from bot.nodes.agent_client import AgentClient
from bot.nodes.cluster_reader import ClusterReader
from bot.nodes.tls import tls_context
from bot.slack import listeners
from bot.slack.delivery.attachments import ThreadAttachments
from bot.slack.delivery.thread_sync import SlackThread
from bot.slack.directory import SlackDirectory
from bot.slack.inbound import socket_mode
from bot.slack.inbound.dispatcher import Dispatcher
from bot.slack.inbound.request_queue import SEAL_USE, SlackRequests
from bot.store.client import connect_to
from bot.store.due_queue import Queues
from bot.store.health import require_usable
from bot.store.inbox import Inbox
from bot.store.incident_history import IncidentHistoryStore
from bot.store.ledger_marks import LedgerMarks
from bot.store.mac_chain import Chain
from bot.store.reconcile_checkpoint import ReconcileCheckpointStore
from bot.store.retention import Retention
from bot.store.run_lock import RunLocks
from bot.store.signer import Signer
from bot.store.timelines import TimelineStore
from bot.timing import DEFAULT_TIMING, Timing
from bot.web.app import Web
from bot.web.server import serve
from bot.worker.periodic_jobs import PeriodicJobs
from bot.worker.scheduler import Scheduler
from bot.worker.worker import Worker
from handlers.ports import Ports

Part = Literal["web", "worker"]

AGENT_TIMEOUT = httpx.Timeout(None, connect=3.0)
"""Each question has a deadline of its own beside it."""

SLACK_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Bot:
    """The parts, put together."""

    redis: Redis
    web: Starlette
    worker: Worker
    scheduler: Scheduler
    dispatcher: Dispatcher
    slack: AsyncApp
    requests: SlackRequests
    ports: Ports


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
async def build(settings: Settings, timing: Timing = DEFAULT_TIMING) -> AsyncIterator[Bot]:
    """Put the bot together, and take it apart again.

    Raises:
        ConfigurationError: If a secret, key or certificate cannot be used.
    """
    webhook_token = settings.web.webhook_token.read().get_secret_value()
    signing_secret = settings.slack.signing_secret.read().get_secret_value()
    redis, prefix = connect_to(settings.redis), settings.redis.prefix
    chain = Chain.of(settings.agents)
    timelines = TimelineStore(redis, prefix, chain)
    retention = Retention(redis, prefix, timelines, chain)
    consumer = f"{socket.gethostname()}:{os.getpid()}"
    inbox = Inbox(redis, prefix, consumer, timing)
    requests = SlackRequests(redis, prefix, consumer, Signer.of(settings.agents, SEAL_USE), timing)
    queues = Queues(redis, prefix, timing)
    async with (
        contextlib.aclosing(redis),
        slack_client(settings) as slack,
        reader(settings, LedgerMarks(redis, prefix)) as (clusters, agents),
        alerting(settings) as (alertmanager, prometheus),
    ):
        thread = SlackThread(slack, redis, prefix, lambda cluster: channel_of(settings, cluster), timing)
        permissions = settings.who_may
        ports = Ports(
            timelines=timelines,
            past=IncidentHistoryStore(redis, prefix),
            reader=clusters,
            agents=agents,
            directory=SlackDirectory(slack, permissions.groups),
            threads=thread,
            time=SystemTime(),
            run_locks=RunLocks(redis, prefix),
            permissions=permissions,
            silences=alertmanager,
            alertmanager=alertmanager,
            prometheus=prometheus,
            looks=ReconcileCheckpointStore(redis, prefix),
        )
        # What is dispatched is stored already, so it may take its time; Bolt's default polls every 10 ms.
        app = AsyncApp(client=slack, signing_secret=signing_secret, process_before_response=True)
        listeners.register(app, ports)
        web = Web(
            inbox=inbox,
            redis=redis,
            prefix=prefix,
            token=webhook_token,
            max_body_bytes=settings.web.max_body_bytes,
            slack=app,
            requests=requests,
            signing_secret=signing_secret,
        )
        worker = Worker(
            redis=redis,
            prefix=prefix,
            inbox=inbox,
            queues=queues,
            jobs=PeriodicJobs(ports, settings.alertmanager, retention, settings.redis.closed_kept_days),
            timelines=timelines,
            ports=ports,
            clusters=clusters,
            thread=thread,
            pictures=ThreadAttachments(slack, redis, prefix, thread, timelines, prometheus=prometheus),
            timing=timing,
        )
        timer = Scheduler(timelines, queues)
        yield Bot(redis, web.app(), worker, timer, Dispatcher(app, requests, timing), app, requests, ports)


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
async def slack_client(settings: Settings) -> AsyncIterator[AsyncWebClient]:
    """Make a Web API client that keeps its connections: by itself it opens one per call.

    Raises:
        ConfigurationError: If the token's file cannot be read.
    """
    token = settings.slack.bot_token.read().get_secret_value()
    timeout = aiohttp.ClientTimeout(total=SLACK_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        # Without its own retries: they would post a second time when an answer is lost.
        yield AsyncWebClient(token=token, base_url=settings.slack.api_url, session=session, retry_handlers=[])


def channel_of(settings: Settings, cluster: str) -> str:
    """Return the Slack channel of a cluster; the common channel where none is configured."""
    configured = settings.cluster(cluster)
    return configured.channel if configured and configured.channel else settings.slack.channel


async def run(settings: Settings, parts: frozenset[Part], timing: Timing = DEFAULT_TIMING) -> None:
    """Run the web side, the worker, or both, until a signal ends it.

    Raises:
        ConfigurationError: If the configuration cannot be used.
    """
    async with build(settings, timing) as bot:
        await require_usable(bot.redis)
        work = [bot.worker.run(), bot.scheduler.run(), bot.dispatcher.run()] if "worker" in parts else []
        if "web" in parts:
            work.append(serve(bot.web, settings.web))
            if settings.slack.app_token:
                app_token = settings.slack.app_token.read().get_secret_value()
                work.append(socket_mode.listen(bot.slack, app_token, settings.slack.api_url, bot.requests))
        tasks = [asyncio.create_task(part) for part in (*work, _signalled())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            consumers = bot.worker, bot.dispatcher
            await asyncio.gather(*(each.drain(timing.drain_s) for each in consumers))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _signalled() -> None:
    """Return once the process is asked to end."""
    asked = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, asked.set)
    await asked.wait()
