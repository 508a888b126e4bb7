"""The worker: folds notifications in, takes due incidents as far as they go, keeps Slack in step."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis

from bot.nodes.cluster_reader import ClusterReader
from bot.slack.delivery.attachments import ThreadAttachments
from bot.slack.delivery.thread_sync import SlackThread
from bot.slack.delivery.web_api import SlackBusy
from bot.store.due_queue import LEASE_S, DueQueue, Queues, Taken
from bot.store.inbox import Inbox, Stored
from bot.store.timelines import TimelineStore
from bot.store.wakeup_channel import NAP_S, WakeupChannel, nap
from bot.worker.periodic_jobs import LOOK, PeriodicJobs
from bot.worker.quarantine import Quarantine
from handlers import advance, intake
from handlers.domain.notification import Delivery, read_notification
from handlers.errors import Quarantined, SlackDown, StoreDown
from handlers.ports import Ports

log = structlog.get_logger()

AT_ONCE = 16
"""How many incidents one process works on at the same time, per queue."""

AFTER_FAILURE_S = 2.0
FINISHED_AFTER_S = 0.01
"""After what a notification changed can be seen."""

BETWEEN_EDITS_S = 2.0
"""Of one incident's thread, after two at once: Slack takes 50 a minute."""

MAX_NOTED_NOTIFICATIONS = 1000

Do = Callable[[Taken], Awaitable[float | None]]
"""Does what is due, and says in how many seconds it is due again."""


class Worker:
    """Three loops over Redis that any number of processes may run."""

    def __init__(
        self,
        *,
        redis: Redis,
        prefix: str,
        inbox: Inbox,
        queues: Queues,
        chores: PeriodicJobs,
        timelines: TimelineStore,
        ports: Ports,
        clusters: ClusterReader,
        thread: SlackThread,
        pictures: ThreadAttachments,
    ) -> None:
        self._inbox = inbox
        self._queues = queues
        self._chores = chores
        self._timelines, self._ports = timelines, ports
        self._clusters = clusters
        self._thread = thread
        self._pictures = pictures
        names = [each.name for each in (queues.steps, queues.views, queues.chores)]
        self._wake_ups = WakeupChannel(redis, prefix, names)
        self._next_edit_s: dict[str, float] = {}
        self._left_alone = Quarantine(thread)
        self._held: set[asyncio.Task[None]] = set()
        self._folding = asyncio.Lock()
        self._ends = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled."""
        await self._until_it_succeeds(self._inbox.prepare)
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._greet())
            loops.create_task(self._wake_ups.listen())
            loops.create_task(self._drain_inbox())
            loops.create_task(self._serve(self._queues.steps, self._advance))
            loops.create_task(self._serve(self._queues.views, self._redraw))
            loops.create_task(self._serve(self._queues.chores, self._do_chore))

    async def drain(self, within_s: float) -> None:
        """Take nothing new, and wait until what is held is done, but no longer than this."""
        self._ends.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                async with self._folding:
                    pass
                while self._held:
                    await asyncio.wait(self._held)

    async def _greet(self) -> None:
        """Say at the start what does not work; it also opens the connections that an alert will need."""
        try:
            log.info("slack_ready", user=await self._thread.greet())
        except SlackDown as error:
            log.error("slack_not_ready", error=str(error))
        log.info("nodes_greeted", silent=await self._clusters.silent())

    async def _until_it_succeeds(self, do: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await do()
            except StoreDown as error:
                log.warning("redis_down", error=str(error))
                await asyncio.sleep(AFTER_FAILURE_S)

    async def _drain_inbox(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            while not self._ends.is_set():
                try:
                    async with self._folding:
                        for notification in await self._inbox.take_until(self._ends):
                            await self._fold_in(notification, tasks)
                except StoreDown as error:
                    log.warning("redis_down", error=str(error))
                    await asyncio.sleep(AFTER_FAILURE_S)

    async def _fold_in(self, stored: Stored, tasks: asyncio.TaskGroup) -> None:
        try:
            delivery = read_notification(stored.body)
        except ValidationError as error:
            log.error("notification_unreadable", error=str(error))
            await self._inbox.bury(stored, str(error))
            return
        try:
            changed = await intake.receive(self._ports, delivery, stored.cluster)
            if delivery.truncated:
                await self._queues.chores.mark(LOOK)  # the rest is asked for
        except StoreDown:
            raise
        except Quarantined as error:
            self._left_alone.log(error)  # it stays taken, for when the incident is mended or set aside
            return
        except Exception:
            # It stays taken and unfinished, so it is tried again; the others must not wait for it.
            log.exception("notification_not_folded_in", entry=stored.entry.id)
            return
        self._hold_until_done(tasks.create_task(self._finish(stored, delivery, changed)))

    async def _finish(self, stored: Stored, delivery: Delivery, changed: tuple[str, ...]) -> None:
        """Forget it, a little later: what there is to show goes first; folded in again it is no news."""
        await asyncio.sleep(FINISHED_AFTER_S)
        try:
            await self._inbox.done(stored, delivery.unreadable)
        except StoreDown as error:
            log.warning("notification_is_folded_in_again", error=str(error))
            return
        for each in delivery.unreadable:
            log.error("alert_put_aside", why=each.why)
        log.info("notification_folded_in", incidents=changed)

    def _hold_until_done(self, task: asyncio.Task[None]) -> None:
        self._held.add(task)
        task.add_done_callback(self._held.discard)

    async def _serve(self, queue: DueQueue, do: Do) -> None:
        places, alarm = asyncio.Semaphore(AT_ONCE), self._wake_ups.of(queue.name)
        async with asyncio.TaskGroup() as tasks:
            while True:
                await places.acquire()
                alarm.clear()
                try:
                    taken = (
                        None if self._ends.is_set() else await queue.take(self._left_alone.left_to_others())
                    )
                except StoreDown as error:
                    log.warning("redis_down", error=str(error))
                    taken = AFTER_FAILURE_S
                if isinstance(taken, Taken):
                    task = tasks.create_task(self._hold(queue, taken, do))
                    self._hold_until_done(task)
                    task.add_done_callback(lambda _: places.release())
                    taken = taken.next_in_s
                else:
                    places.release()
                await nap(alarm, NAP_S if taken is None else min(taken, NAP_S))

    async def _hold(self, queue: DueQueue, taken: Taken, do: Do) -> None:
        """Do the work while the lease is renewed; whatever fails is due again a little later."""
        renewal = asyncio.create_task(_renew(queue, taken))
        again_in_s: float | None
        try:
            again_in_s = await do(taken)
        except asyncio.CancelledError:
            with contextlib.suppress(StoreDown):
                await queue.release(taken, 0.0)  # another replica need not wait for the lease to run out
            raise
        except SlackBusy as busy:
            again_in_s = busy.wait_s
        except (StoreDown, SlackDown) as error:
            log.warning("will_try_again", incident=taken.incident_id, error=str(error))
            wait_s = error.wait_s if isinstance(error, SlackDown) else None
            again_in_s = AFTER_FAILURE_S if wait_s is None else wait_s
        except Quarantined as error:
            self._left_alone.log(error)
            again_in_s = self._left_alone.due_again_in_s(taken.incident_id, error)
            if queue is self._queues.views:
                await self._left_alone.say(taken.incident_id, error)
        except Exception:
            log.exception("step_failed", incident=taken.incident_id)
            again_in_s = 10.0
        finally:
            renewal.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await renewal
        try:
            await queue.release(taken, again_in_s)
        except StoreDown as error:
            log.warning("lease_runs_out_by_itself", incident=taken.incident_id, error=str(error))

    async def _advance(self, taken: Taken) -> float | None:
        _, due_at = await advance.advance(self._ports, taken.incident_id)
        return None if due_at is None else (due_at - self._ports.time.now()).total_seconds()

    async def _do_chore(self, taken: Taken) -> float | None:
        return await self._chores.do(taken.incident_id)

    async def _redraw(self, taken: Taken) -> float | None:
        incident_id = taken.incident_id
        ahead_s = self._next_edit_s.get(incident_id, 0.0) - time.monotonic()
        if ahead_s > 0:
            return ahead_s
        incident = await self._timelines.load(incident_id, end=taken.end)
        if await self._thread.sync(incident):
            self._note_edit(incident_id, time.monotonic())
        await self._pictures.sync(incident)
        return None

    def _note_edit(self, incident_id: str, now: float) -> None:
        """A flurry of changes is one edit, but a click after the bot's own edit shows at once."""
        if len(self._next_edit_s) > MAX_NOTED_NOTIFICATIONS:
            self._next_edit_s = {each: at for each, at in self._next_edit_s.items() if at > now}
        before = max(self._next_edit_s.get(incident_id, 0.0), now - BETWEEN_EDITS_S)
        self._next_edit_s[incident_id] = before + BETWEEN_EDITS_S


async def _renew(queue: DueQueue, taken: Taken) -> None:
    while True:
        await asyncio.sleep(LEASE_S / 3)
        with contextlib.suppress(StoreDown):
            await queue.renew(taken)
