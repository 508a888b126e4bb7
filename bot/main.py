"""Put the bot's parts together; nothing else does."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from redis.asyncio import Redis
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

from bot.clients import Clients, connected
from bot.config import Settings
from bot.doctor.examination import Doctor
from bot.read_only.ports import read_only_ports
from bot.read_only.shared_reader import shared
from bot.slack import listeners
from bot.slack.allowance import Allowance
from bot.slack.delivery.attachments import ThreadAttachments
from bot.slack.delivery.notices import ChannelNotices
from bot.slack.delivery.thread_sync import SlackThread
from bot.slack.directory import SlackDirectory
from bot.slack.inbound.dispatcher import Dispatcher
from bot.slack.inbound.request_queue import SlackRequests
from bot.spans.begin import begin
from bot.store.client import connect_to
from bot.store.foreign_keys import put_aside
from bot.store.incident_history import IncidentHistoryStore
from bot.store.ledger_marks import LedgerMarks
from bot.store.postures import PostureStore
from bot.store.reconcile_checkpoint import ReconcileCheckpointStore
from bot.store.redis_time import RedisTime
from bot.store.refusals import Refusals
from bot.store.rotas import SEAL_USE as ROTA_SEAL_USE
from bot.store.rotas import RotaStore
from bot.store.run_lock import RunLocks
from bot.store.signer import Signer
from bot.stores import Stores
from bot.timing import DEFAULT_TIMING, Timing
from bot.web.app import Web
from bot.web.pagerduty import PagerDutyWebhook
from bot.web.read_only import ReadOnlyWays
from bot.web.troubles import Troubles
from bot.worker.heartbeat import Heartbeat
from bot.worker.periodic_jobs import PeriodicJobs
from bot.worker.scheduler import Scheduler
from bot.worker.worker import Worker
from handlers.domain.history.month import Objective
from handlers.errors import StoreDown
from handlers.escalate import acknowledged_elsewhere
from handlers.ports import Ports


@dataclass(frozen=True)
class Bot:
    """The parts, put together."""

    redis: Redis
    web: Starlette
    status: Starlette
    worker: Worker
    scheduler: Scheduler
    dispatcher: Dispatcher
    slack: AsyncApp
    requests: SlackRequests
    ports: Ports
    clock: RedisTime
    hangs: Callable[[], str | None]
    doctor: Doctor


@asynccontextmanager
async def build(settings: Settings, timing: Timing = DEFAULT_TIMING) -> AsyncIterator[Bot]:
    """Put the bot together, and take it apart again.

    Raises:
        ConfigurationError: If a secret, key or certificate cannot be used.
    """
    signing_secret = settings.slack.signing_secret.read().get_secret_value()
    redis, prefix = connect_to(settings.redis), settings.redis.prefix
    async with (
        contextlib.aclosing(redis),
        contextlib.aclosing(begin(settings, redis)) as tracing,
        connected(settings, LedgerMarks(redis, prefix), Refusals(redis, prefix), tracing) as clients,
        shared(clients.reader) as reader,
    ):
        stores, clock = Stores.on(redis, settings, timing, tracing), RedisTime(redis)
        with contextlib.suppress(StoreDown):  # it is asked again
            await clock.ask()
        thread = SlackThread(clients.slack, redis, prefix, settings.channel_of, timing)
        notices = ChannelNotices(clients.slack, redis, prefix, settings.channel_of, timing)
        ports = tracing.observed(_ports(settings, stores, clients, clock, thread=thread, notices=notices))
        doctor = Doctor(clients.patient(settings, redis, ports))
        ports = replace(ports, doctor=doctor)
        app = _bolt(clients.slack, signing_secret, ports)
        worker = _worker(settings, stores, clients, ports, thread=thread, timing=timing)
        dispatcher = Dispatcher(app, stores.requests, timing)
        hangs = partial(_hangs, worker, dispatcher, timing.standstill_s)
        ways = ReadOnlyWays.of(
            settings.api, settings.status_page, read_only_ports(redis, settings, reader), clock.now
        )
        web = _web(settings, stores, app, signing_secret, ports, hangs=hangs, ways=ways)
        yield Bot(
            redis=redis,
            web=web.app(tells_status=settings.web.status_port is None),
            status=web.status_app(),
            worker=worker,
            scheduler=_scheduler(settings, stores),
            dispatcher=dispatcher,
            slack=app,
            requests=stores.requests,
            ports=ports,
            clock=clock,
            hangs=hangs,
            doctor=doctor,
        )


def _hangs(worker: Worker, dispatcher: Dispatcher, at_most_s: float) -> str | None:
    standstill_s = max(worker.standstill_s(), dispatcher.standstill_s())
    return (
        f"the worker has got on with nothing for {standstill_s:.0f} s" if standstill_s > at_most_s else None
    )


def _ports(
    settings: Settings,
    stores: Stores,
    clients: Clients,
    clock: RedisTime,
    *,
    thread: SlackThread,
    notices: ChannelNotices,
) -> Ports:
    return Ports(
        timelines=stores.timelines,
        past=IncidentHistoryStore(stores.redis, stores.prefix),
        reader=clients.reader,
        agents=clients.agents,
        directory=SlackDirectory(clients.slack, Allowance(stores.redis, stores.prefix)),
        threads=thread,
        notices=notices,
        hand_overs=notices,
        time=clock,
        run_locks=RunLocks(stores.redis, stores.prefix),
        permissions=settings.who_may,
        silences=clients.alertmanager,
        alertmanager=clients.alertmanager,
        prometheus=clients.prometheus,
        checkpoints=ReconcileCheckpointStore(stores.redis, stores.prefix),
        troubles=Troubles(stores.redis, stores.prefix),
        postures=PostureStore(stores.redis, stores.prefix),
        pagers=clients.paging.pagers,
        schedule=clients.paging.schedule,
        rotas=RotaStore(stores.redis, stores.prefix, Signer.of(settings.agents, ROTA_SEAL_USE)),
        objective=Objective(settings.objective.leaderless_minutes_month),
    )


def _bolt(slack: AsyncWebClient, signing_secret: str, ports: Ports) -> AsyncApp:
    # What is dispatched is stored already, so it may take its time; Bolt's default polls every 10 ms.
    app = AsyncApp(client=slack, signing_secret=signing_secret, process_before_response=True)
    listeners.register(app, ports)
    return app


def _web(
    settings: Settings,
    stores: Stores,
    slack: AsyncApp,
    signing_secret: str,
    ports: Ports,
    *,
    hangs: Callable[[], str | None],
    ways: ReadOnlyWays,
) -> Web:
    return Web(
        inbox=stores.inbox,
        redis=stores.redis,
        prefix=stores.prefix,
        token=settings.web.webhook_token.read().get_secret_value(),
        max_body_bytes=settings.web.max_body_bytes,
        slack=slack,
        requests=stores.requests,
        signing_secret=signing_secret,
        hangs=hangs,
        canary_every_s=settings.doctor.canary_every_s,
        read_only=ways,
        pagerduty=PagerDutyWebhook.of(settings.escalation, partial(acknowledged_elsewhere, ports)),
    )


def _worker(
    settings: Settings, stores: Stores, clients: Clients, ports: Ports, *, thread: SlackThread, timing: Timing
) -> Worker:
    return Worker(
        redis=stores.redis,
        prefix=stores.prefix,
        inbox=stores.inbox,
        queues=stores.queues,
        jobs=PeriodicJobs(
            ports,
            settings.alertmanager,
            stores.retention,
            settings.redis.closed_kept_days,
            watching=settings.posture.watching,
            outages=settings.wide_outage.rule,
            greet=thread.greet,
            heartbeat=Heartbeat(
                settings.heartbeat, stores.redis, stores.prefix, thread.greet, clients.outside
            ),
        ),
        timelines=stores.timelines,
        ports=ports,
        clusters=clients.reader,
        thread=thread,
        pictures=ThreadAttachments(
            clients.slack,
            stores.redis,
            stores.prefix,
            thread,
            stores.timelines,
            prometheus=clients.prometheus,
        ),
        plan=settings.escalation.plan,
        timing=timing,
        tracing=stores.tracing,
    )


def _scheduler(settings: Settings, stores: Stores) -> Scheduler:
    return Scheduler(
        stores.timelines,
        stores.queues,
        partial(put_aside, stores.redis, stores.prefix),
        settings.posture.watching,
        settings.heartbeat.every_s if settings.heartbeat.url else None,
    )
