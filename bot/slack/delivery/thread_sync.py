"""Make a thread show what `render` says it should: post what is missing, edit what differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from redis.asyncio import Redis
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.delivery import refusal_store
from bot.slack.delivery.attachments import due
from bot.slack.delivery.direct_messages import tell_directly
from bot.slack.delivery.elsewhere import tell_elsewhere, tell_wide_outage
from bot.slack.delivery.message_delivery import MessageDelivery
from bot.slack.delivery.message_lookup import Sought
from bot.slack.delivery.message_sender import MessageSender, Slot
from bot.slack.delivery.message_store import MessageStore
from bot.slack.delivery.outcome import StillRefusedError
from bot.slack.delivery.posted_messages import HEADLINE, Posted, newest
from bot.slack.delivery.rate_limiter import RateLimiter
from bot.slack.delivery.refusal_store import RefusalStore, of_message
from bot.slack.delivery.refusals import Refusal
from bot.slack.delivery.thread_pass import LOCKED_OUT, BeginAnewError, ThreadPass
from bot.slack.delivery.web_api import SlackRefused, call
from bot.slack.views.blocks import escape, link, section
from bot.slack.views.message import Message
from bot.timing import DEFAULT_TIMING, Timing
from handlers.domain.incident import Incident
from handlers.ports import Place

BEFORE = "What came before"


@dataclass(frozen=True)
class Synced:
    """What came of a sync: whether a message was edited, and in how many seconds it is to be done again."""

    edited: bool = False
    again_in_s: float | None = None


class SlackThread:
    """One parent message per incident and its replies; what was posted is kept in Redis."""

    def __init__(
        self,
        client: AsyncWebClient,
        redis: Redis,
        prefix: str,
        channel_of: Callable[[str], str],
        timing: Timing = DEFAULT_TIMING,
    ) -> None:
        self._client = client
        self._notes = MessageStore(redis, prefix, timing)
        self._refusals = RefusalStore(redis, prefix)
        self._sender = MessageSender(client, RateLimiter(redis, prefix), self._notes, timing.under_way_s)
        self._channel_of = channel_of

    async def greet(self) -> str:
        """Ask Slack who the bot is: shows at the start whether the token works, and opens the connection.

        Returns:
            The bot's own name there.

        Raises:
            SlackDown: With what to mend.
        """
        return str((await call(self._client, "auth.test")).get("user", "unnamed"))

    async def is_ours(self, incident_id: str, place: Place) -> bool:
        """Return whether the incident posted the message there, through this app and in this workspace."""
        return any(
            (posted.channel, posted.ts) == (place.channel, place.message_ts)
            and posted.app in ("", place.app)
            and posted.team in ("", place.team)
            for posted in (await self._notes.of(incident_id)).values()
            if posted.ts
        )

    async def place_of(self, incident_id: str) -> Place | None:
        """Return where the incident's headline stands; `None` where it is not posted."""
        parent = (await self._notes.of(incident_id)).get(HEADLINE)
        if parent is None or not parent.ts:
            return None
        return Place(parent.app, parent.team, parent.channel, parent.ts)

    async def link_to(self, incident_id: str, key: str = HEADLINE) -> str:
        """Return the address of the newest message of a key, or nothing where Slack gives none."""
        notes = await self._notes.of(incident_id)
        message = notes.get(newest(notes, key))
        return await self._sender.link_to(message) if message and message.ts else ""

    async def incident_at(self, channel: str, message_ts: str) -> str | None:
        """Return the id of the incident that posted this message, as long as the message may be clicked."""
        return await self._notes.incident_at(channel, message_ts)

    async def shown(self, incident_id: str) -> frozenset[str]:
        """Return the keys of the incident's messages that stand in Slack, as they are or were."""
        notes = await self._notes.of(incident_id)
        return frozenset(field.partition("+")[0] for field, posted in notes.items() if posted.ts)

    async def is_home(self, incident_id: str, app: str, team: str) -> bool:
        """Return whether the incident's messages were posted by this app in this workspace."""
        posted = [each for each in (await self._notes.of(incident_id)).values() if each.ts]
        return bool(posted) and all(each.app in ("", app) and each.team in ("", team) for each in posted)

    async def unshown(self) -> tuple[str, ...]:
        """Return a sentence for each thing that Slack does not take, the token and channels first."""
        known = await self._refusals.hiding()
        order = sorted(known, key=lambda scope: (scope.startswith("message"), scope))
        return tuple(refusal_store.sentence(scope, known[scope]) for scope in order)

    async def sync(self, incident: Incident) -> Synced:
        """Post and edit the difference, parent first; what is refused is passed over and tried again later.

        Raises:
            SlackBusy: If it is not yet the incident's turn.
            SlackRefused: If Slack takes nothing in the channel, or nothing at all.
            SlackDown: If Slack is away; the messages that it took are noted.
        """
        if incident.opened_at is None:
            return Synced()
        thread = await self._thread(incident)
        try:
            await self._through(thread, incident)
        except BeginAnewError as anew:
            await self._begin_anew(incident, thread, anew.why)
            thread = await self._thread(incident)
            await self._through(thread, incident)
        came = thread.outcome
        if came.later:
            raise min(came.later, key=lambda error: error.wait_s or 0.0)
        return Synced(came.edited, min(came.waits_s, default=None))

    async def _thread(self, incident: Incident) -> ThreadPass:
        notes = await self._notes.read(incident.id)
        delivery = MessageDelivery(self._sender, self._refusals, incident, notes)
        return ThreadPass(delivery, incident, notes, self._channel_of(incident.cluster))

    async def _through(self, thread: ThreadPass, incident: Incident) -> None:
        """Go through the thread; what is not shown of a run there reaches who confirmed it."""
        try:
            await thread.run()
        except (SlackRefused, StillRefusedError) as error:
            thread.outcome.later.append(error)
        await tell_directly(thread, incident)
        await tell_elsewhere(thread, incident)
        await tell_wide_outage(thread, incident)

    async def _begin_anew(self, incident: Incident, thread: ThreadPass, why: str) -> None:
        """Put the thread's notes aside, with the line that its new headline begins with."""
        lost = thread.notes.posted[HEADLINE]
        address = await self._sender.link_to(lost) if why == LOCKED_OUT else ""
        line = escape(why)
        mrkdwn = f"{line} {link(address, BEFORE)}" if address else line
        await self._notes.begin_anew(incident.id, thread.notes, line, mrkdwn, due(incident))
        await self._refusals.forget(*(of_message(incident.id, each.key) for each in thread.messages))

    async def say_aside(self, incident_id: str, key: str, sentence: str) -> None:
        """Post one sentence, once under its key, into the thread of an incident that cannot be rendered.

        Where the thread was deleted it stands in the channel: there is no headline that could be posted anew.

        Raises:
            SlackDown: If Slack did not take it.
        """
        posted = await self._notes.of(incident_id)
        parent, said = posted.get(HEADLINE), posted.get(key)
        if parent is None or not parent.ts or (said and said.ts):
            return
        shown = escape(sentence)
        message = Message(key, shown, (section(f":no_entry: {shown}"),))
        claim = Posted(parent.channel, redis=await self._notes.run_of_redis())
        slot = Slot(Sought(incident_id, key), key, claim, parent.ts)
        try:
            await self._sender.post(slot, message, claimed=said is not None)
        except SlackRefused as refused:
            if refused.refusal is not Refusal.MESSAGE_GONE:
                raise
            await self._sender.post(replace(slot, parent_ts=None), message, claimed=False)
