"""The bot's own metrics: what it answered, and how much lies in Redis, whichever process left it there."""

from __future__ import annotations

from collections import Counter as Counts

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from redis.asyncio import Redis

from bot.slack.delivery.refusal_store import HIDES, RefusalStore
from bot.store.errors import store_errors
from bot.store.keys import Keys
from handlers.errors import StoreDown


class BotMetrics:
    """The process' metrics registry; no label names an incident, a person or an alert."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis, self._prefix, self._keys = redis, prefix, Keys(prefix)
        self._registry = CollectorRegistry()
        self.answers = Counter(
            "neumann_bot_answers",
            "Answers by route and status, since this process began.",
            ("route", "status"),
            registry=self._registry,
        )
        self._redis_up = self._gauge("redis_up", "1 where Redis answers.")
        self._open = self._gauge("open_incidents", "Incidents that are open.")
        self._inbox = self._gauge("inbox_notifications", "Notifications that are stored and not folded in.")
        self._asked = self._gauge("slack_requests", "What Slack sent that is stored and not answered.")
        self._dead = self._gauge("dead_notifications", "Alerts and notifications that could not be read.")
        self._refused = self._gauge("slack_refused", "What Slack refuses to show.", "kind")
        self._due = self._gauge("due", "Steps, redraws and chores that are due or planned.", "queue")

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"neumann_bot_{name}", what, labels, registry=self._registry)

    async def page(self) -> bytes:
        """Return the metrics page; where Redis is away, its figures stay as they were."""
        queues = ("steps", "views", "chores")
        try:
            async with store_errors(), self._redis.pipeline(transaction=False) as pipe:
                pipe.hlen(self._keys.open())
                pipe.xlen(self._keys.inbox())
                pipe.xlen(self._keys.slack_requests())
                pipe.xlen(self._keys.dead())
                for queue in queues:
                    pipe.zcard(self._keys.due(queue))
                is_open, inbox, asked, dead, *due = await pipe.execute()
            refused = Counts(
                each.kind for each in (await RefusalStore(self._redis, self._prefix).hiding()).values()
            )
        except StoreDown:
            self._redis_up.set(0)
            return generate_latest(self._registry)
        self._redis_up.set(1)
        self._open.set(is_open)
        self._inbox.set(inbox)
        self._asked.set(asked)
        self._dead.set(dead)
        for kind in sorted(HIDES):
            self._refused.labels(kind.value).set(refused[kind])
        for queue, count in zip(queues, due, strict=True):
            self._due.labels(queue).set(count)
        return generate_latest(self._registry)
