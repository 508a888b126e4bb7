"""The bot's own metrics: what this process answered, and how much all processes have left in Redis."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Callable
from dataclasses import asdict

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from redis.asyncio import Redis

from bot.slack.delivery.refusal_store import HIDES, RefusalStore
from bot.store.canary import CanaryFlag
from bot.store.errors import WrongType, store_errors
from bot.store.health import why_not_ready
from bot.store.keys import Keys
from bot.store.queues import backlog
from bot.store.queues.due_queue import QUEUES
from bot.store.refusals import Refusals
from handlers.errors import StoreDown


class BotMetrics:
    """This process's metrics registry; no label names an incident, a person or an alert."""

    def __init__(self, redis: Redis, prefix: str, canary_every_s: float | None = None) -> None:
        self._redis, self._prefix, self._keys = redis, prefix, Keys(prefix)
        self._registry = CollectorRegistry()
        self.answers = Counter(
            "neumann_bot_answers",
            "Answers by route and status, since this process began.",
            ("route", "status"),
            registry=self._registry,
        )
        self.refused = Counter(
            "neumann_bot_refused_notifications",
            "Notifications that were not taken, by reason, since this process began.",
            ("reason",),
            registry=self._registry,
        )
        self._redis_up = self._gauge("redis_up", "1 where Redis answers.")
        self._open = self._gauge("open_incidents", "Incidents that are open.")
        self._inbox = self._gauge("inbox_notifications", "Notifications that are stored and not folded in.")
        self._asked = self._gauge("slack_requests", "What Slack sent that is stored and not answered.")
        self._dead = self._gauge("dead_notifications", "Alerts and notifications that could not be read.")
        self._refused = self._gauge("slack_refused", "What Slack refuses to show.", "kind")
        self._due = self._gauge("due", "Steps, redraws and chores that are due or planned.", "queue")

        self._takes_writes = self._gauge("redis_takes_writes", "1 where a write into Redis was just taken.")
        self._oldest = self._gauge(
            "oldest_seconds", "How long the oldest message, click or notification has waited.", "what"
        )
        self._refusals = self._gauge(
            "refusals", "What was refused, by who refused it and why, since Redis counts.", "source", "kind"
        )
        self._refused_s = self._gauge(
            "refused_for_seconds", "How long such refusals have lasted; 0 once they ended.", "source", "kind"
        )
        self._canary = _CanaryGauges(self._gauge, canary_every_s)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"neumann_bot_{name}", what, labels, registry=self._registry)

    async def page(self) -> bytes:
        """Return the metrics page; what Redis does not say stays as it was."""
        refused = await why_not_ready(self._redis, self._prefix)
        self._takes_writes.set(refused is None)
        try:
            await self._count()
            await self._count_refused()
            waits = await backlog.read(self._redis, self._prefix)
            refusals = await Refusals(self._redis, self._prefix).all()
            now_s = await self._now_s()
            canary = CanaryFlag(self._redis, self._prefix)
            canary_of, last_home_s = await canary.cluster(), await canary.last_home_s()
        except WrongType:
            self._redis_up.set(1)
        except StoreDown:
            self._redis_up.set(0)
        else:
            self._redis_up.set(1)
            for what, age_s in asdict(waits).items():
                self._oldest.labels(what.removesuffix("_s")).set(age_s)
            for each in refusals:
                self._refusals.labels(each.source, each.kind).set(each.count)
                lasts_s = max(now_s - each.since_s, 1) if each.since_s else 0
                self._refused_s.labels(each.source, each.kind).set(lasts_s)
            self._canary.show(canary_of, last_home_s)
        return generate_latest(self._registry)

    async def _now_s(self) -> int:
        async with store_errors():
            now_s, _ = await self._redis.time()
        return int(now_s)

    async def _count(self) -> None:
        """Set the figures that are lengths; one whose key holds something else stays as it was."""
        keys = self._keys
        async with store_errors(), self._redis.pipeline(transaction=False) as pipe:
            pipe.hvals(keys.open())
            pipe.xlen(keys.inbox())
            pipe.xlen(keys.slack_requests())
            pipe.xlen(keys.dead())
            for queue in QUEUES:
                pipe.zcard(keys.due(queue))
            open_ids, *counts = await pipe.execute(raise_on_error=False)
        # One incident may be open for several identities, since others were merged into it.
        counts.insert(0, len(set(open_ids)) if isinstance(open_ids, list) else open_ids)
        gauges = [self._open, self._inbox, self._asked, self._dead, *map(self._due.labels, QUEUES)]
        for gauge, count in zip(gauges, counts, strict=True):
            if isinstance(count, int):
                gauge.set(count)

    async def _count_refused(self) -> None:
        """Set how much Slack refuses to show, by kind."""
        hiding = (await RefusalStore(self._redis, self._prefix).hiding()).values()
        for kind, count in {**dict.fromkeys(HIDES, 0), **Counts(each.kind for each in hiding)}.items():
            self._refused.labels(kind.value).set(count)


class _CanaryGauges:
    """The test alert's flag; and where it flies by itself, how often, and when it last came home."""

    def __init__(self, gauge: Callable[..., Gauge], every_s: float | None) -> None:
        self._flag = gauge("canary", "1 while the doctor's test alert is to fire.", "cluster")
        self._every_s = every_s
        if every_s is not None:
            self._home = gauge(
                "canary_last_success_timestamp_seconds",
                "When the test alert last went all the way; 0 where it never has.",
            )
            self._interval = gauge("canary_interval_seconds", "How often the test alert is to fly by itself.")

    def show(self, cluster: str, last_home_s: float) -> None:
        """Set them; without a cluster the test alert is not to fire."""
        self._flag.clear()
        if cluster:
            self._flag.labels(cluster).set(1)
        if self._every_s is not None:
            self._home.set(last_home_s)
            self._interval.set(self._every_s)
