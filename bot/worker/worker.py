"""The worker: fold notifications in, advance due incidents, keep Slack up to date."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from structlog.contextvars import bind_contextvars

from bot.nodes.cluster_reader import ClusterReader
from bot.slack.delivery.attachments import ThreadAttachments
from bot.slack.delivery.thread_sync import SlackThread
from bot.slack.delivery.web_api import SlackBusy, SlackRefused
from bot.store.errors import WHO_ELSE
from bot.store.queues.consumer import Consumer, DueSource
from bot.store.queues.due_queue import DueQueue, Queues, Taken
from bot.store.queues.inbox import Inbox
from bot.store.queues.stream import StreamEntry
from bot.store.queues.wakeup_channel import WakeupChannel
from bot.store.refusals import Refusals
from bot.store.timelines import TimelineStore
from bot.timing import DEFAULT_TIMING, Timing
from bot.tracing import UNTRACED, Tracing
from bot.worker.periodic_jobs import RECONCILE, PeriodicJobs
from bot.worker.quarantine import Quarantine
from handlers import advance, escalate
from handlers.alerting import intake
from handlers.domain.escalation.model import EscalationPlan
from handlers.domain.notification import first_complaint, read_notification
from handlers.errors import Quarantined, SlackDown
from handlers.ports import Ports

log = structlog.get_logger()

MAX_NOTIFICATIONS_HELD = 64

AT_ONCE = 16
"""How many incidents one process works on at the same time, per queue."""

MAX_NOTED_EDITS = 1000

NOBODY_IS_TOLD = EscalationPlan()

Do = Callable[[str], Awaitable[float | None]]
"""Does what is due, and returns in how many seconds it is due again."""


class Worker:
    """Consumers of the inbox and the due queues; any number of processes may run one."""

    def __init__(
        self,
        *,
        redis: Redis,
        prefix: str,
        inbox: Inbox,
        queues: Queues,
        jobs: PeriodicJobs,
        timelines: TimelineStore,
        ports: Ports,
        clusters: ClusterReader,
        thread: SlackThread,
        pictures: ThreadAttachments,
        plan: EscalationPlan = NOBODY_IS_TOLD,
        timing: Timing = DEFAULT_TIMING,
        tracing: Tracing = UNTRACED,
    ) -> None:
        self._inbox, self._queues, self._timing = inbox, queues, timing
        self._timelines, self._ports, self._plan = timelines, ports, plan
        self._clusters, self._thread, self._pictures = clusters, thread, pictures
        self._quarantine, self._refusals = Quarantine(thread, timing), Refusals(redis, prefix)
        self._one_fold_at_a_time = asyncio.Lock()
        self._next_edit_s: dict[str, float] = {}
        names = [each.name for each in (queues.steps, queues.views, queues.pages, queues.chores)]
        self._wakeups = WakeupChannel(redis, prefix, names, timing)
        fold_in = tracing.taken(inbox.stream.key, self._fold_in)
        self._folding = Consumer(inbox.stream, fold_in, at_once=MAX_NOTIFICATIONS_HELD, timing=timing)
        self._due = (
            self._consumer(queues.steps, tracing.due(queues.steps.name, self._advance)),
            self._consumer(queues.views, tracing.due(queues.views.name, self._redraw)),
            self._consumer(queues.pages, tracing.due(queues.pages.name, self._escalate)),
            self._consumer(queues.chores, jobs.do),
        )

    def _consumer(self, queue: DueQueue, do: Do) -> Consumer[Taken]:
        async def do_guarded(taken: Taken) -> float | None:
            return await self._guard(queue, taken.id, do)

        alarm = self._wakeups.of(queue.name)
        source = DueSource(queue, alarm, self._timing, self._quarantine.left_to_others)
        return Consumer(source, do_guarded, at_once=AT_ONCE, timing=self._timing)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._greet())
            loops.create_task(self._wakeups.listen())
            loops.create_task(self._folding.run())
            for consumer in self._due:
                loops.create_task(consumer.run())

    async def drain(self, within_s: float) -> None:
        """Take nothing new, and wait until what is held is done, but no longer than this."""
        await asyncio.gather(*(each.drain(within_s) for each in (self._folding, *self._due)))

    def standstill_s(self) -> float:
        """Return for how long the slowest of its loops has got on with nothing."""
        return max(each.standstill_s() for each in (self._folding, *self._due))

    async def _greet(self) -> None:
        """Log at the start what does not work; it also opens the connections that an alert will need."""
        try:
            log.info("slack_ready", user=await self._thread.greet())
        except SlackDown as error:
            log.error("slack_not_ready", error=str(error))
        log.info("nodes_greeted", silent=await self._clusters.silent())

    async def _fold_in(self, entry: StreamEntry) -> float | None:
        """Fold a notification into its incidents, in the order in which they came."""
        stored = self._inbox.opened(entry)
        if stored is None:
            await self._bury(entry)
            return None
        bind_contextvars(notification=entry.id, cluster=stored.cluster)
        try:
            delivery = read_notification(stored.body)
        except ValidationError as error:
            why = first_complaint(error)
            log.error("notification_unreadable", error=why)
            await self._inbox.put_aside(entry, [(stored.body, why)])
            return None
        try:
            async with self._one_fold_at_a_time:
                changed = await intake.receive(self._ports, delivery, stored.cluster)
            if delivery.truncated:
                await self._queues.chores.mark(RECONCILE)  # reconciling with the alerting finds the rest
        except Quarantined as error:
            self._quarantine.log(error)  # it is kept until the incident is mended or set aside
            return self._timing.after_failure_s
        if delivery.unreadable:
            await self._inbox.put_aside(entry, [(each.raw, each.why) for each in delivery.unreadable])
        for each in delivery.unreadable:
            log.error("alert_put_aside", why=each.why)
        log.info("notification_folded_in", incidents=changed)
        return None

    async def _bury(self, entry: StreamEntry) -> None:
        """Put a notification aside that no bot with these keys has stored, and look what there is."""
        log.error("notification_not_ours", entry=entry.id, hint=WHO_ELSE)
        await self._inbox.bury(entry)
        await self._refusals.note("redis", "inbox")
        await self._queues.chores.mark(RECONCILE)

    async def _guard(self, queue: DueQueue, id_: str, do: Do) -> float | None:
        """Do what is due, and say when it is due again where it fails."""
        try:
            return await do(id_)
        except SlackBusy as busy:
            return busy.wait_s
        except SlackRefused as refused:
            # It is logged where it is noted.
            return self._timing.after_failure_s if refused.wait_s is None else refused.wait_s
        except SlackDown as error:
            log.warning("will_try_again", error=str(error))
            return self._timing.after_failure_s if error.wait_s is None else error.wait_s
        except Quarantined as error:
            self._quarantine.log(error)
            if queue is self._queues.views:
                await self._quarantine.say(id_, error)
            return self._quarantine.due_again_in_s(id_, error)

    async def _advance(self, incident_id: str) -> float | None:
        bind_contextvars(incident=incident_id)
        bind_contextvars(cluster=(await self._timelines.load(incident_id)).cluster)
        _, due_at = await advance.advance(self._ports, incident_id)
        return None if due_at is None else (due_at - self._ports.time.now()).total_seconds()

    async def _escalate(self, incident_id: str) -> float | None:
        bind_contextvars(incident=incident_id)
        due_at = await escalate.escalate(self._ports, self._plan, incident_id)
        return None if due_at is None else (due_at - self._ports.time.now()).total_seconds()

    async def _redraw(self, incident_id: str) -> float | None:
        bind_contextvars(incident=incident_id)
        incident = await self._timelines.load(incident_id)
        bind_contextvars(cluster=incident.cluster)
        # Before Slack is asked for anything: it may be away. What was paged is ended without policies too.
        if self._plan.policies or incident.escalation.routes:
            await self._queues.pages.mark(incident_id)
        ahead_s = self._next_edit_s.get(incident_id, 0.0) - time.monotonic()
        if ahead_s > 0:
            return ahead_s
        synced = await self._thread.sync(incident)
        if synced.edited:
            self._remember_edit(incident_id, time.monotonic())
        await self._pictures.sync(incident)
        return synced.again_in_s

    def _remember_edit(self, incident_id: str, now_s: float) -> None:
        """Allow a second edit at once, so that a click shows, and put off the next: a flurry is few edits."""
        if len(self._next_edit_s) > MAX_NOTED_EDITS:
            self._next_edit_s = {each: at_s for each, at_s in self._next_edit_s.items() if at_s > now_s}
        between_s = self._timing.between_edits_s
        before_s = max(self._next_edit_s.get(incident_id, 0.0), now_s - between_s)
        self._next_edit_s[incident_id] = before_s + between_s
