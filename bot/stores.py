"""Make everything that keeps its state in Redis."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

from redis.asyncio import Redis

from bot.config import Settings
from bot.slack.inbound.request_queue import SEAL_USE, SlackRequests
from bot.store.mac_chain import Chain
from bot.store.queues.due_queue import Queues
from bot.store.queues.inbox import SEAL_USE as INBOX_SEAL_USE
from bot.store.queues.inbox import Inbox
from bot.store.retention import Retention
from bot.store.signer import Signer
from bot.store.timelines import TimelineStore
from bot.timing import Timing
from bot.tracing import UNTRACED, Tracing


@dataclass(frozen=True)
class Stores:
    """Everything that keeps its state in Redis, and what tells of the way through it."""

    redis: Redis
    prefix: str
    timelines: TimelineStore
    retention: Retention
    inbox: Inbox
    requests: SlackRequests
    queues: Queues
    tracing: Tracing

    @classmethod
    def on(cls, redis: Redis, settings: Settings, timing: Timing, tracing: Tracing = UNTRACED) -> Stores:
        """Make the stores on this connection."""
        prefix, chain = settings.redis.prefix, Chain.of(settings.agents)
        waits = settings.redis.wait_for_replicas
        timelines = TimelineStore(redis, prefix, chain, waits)
        consumer = f"{socket.gethostname()}:{os.getpid()}"
        return cls(
            redis=redis,
            prefix=prefix,
            timelines=timelines,
            retention=Retention(redis, prefix, timelines, chain),
            inbox=Inbox(
                redis,
                prefix,
                consumer,
                Signer.of(settings.agents, INBOX_SEAL_USE),
                timing,
                wait_for_replicas=waits,
                tracing=tracing,
            ),
            requests=SlackRequests(
                redis, prefix, consumer, Signer.of(settings.agents, SEAL_USE), timing, tracing=tracing
            ),
            queues=Queues(redis, prefix, timing),
            tracing=tracing,
        )
