"""Post what belongs to no incident: lines of a posture that crossed, digests, and changes of shift."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from redis.asyncio import Redis
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.delivery.message_lookup import Sought
from bot.slack.delivery.message_sender import MessageSender, Slot
from bot.slack.delivery.message_store import MessageStore
from bot.slack.delivery.posted_messages import Posted
from bot.slack.delivery.rate_limiter import RateLimiter
from bot.slack.views import escalation
from bot.slack.views import posture as views
from bot.slack.views.message import Message
from bot.timing import DEFAULT_TIMING, Timing
from handlers.domain.escalation.on_call import HandOver
from handlers.domain.incident import Incident
from handlers.domain.posture.watch import Notice
from runbooks.posture.model import Posture

KEPT_NOTES = 20
"""How many notes of posted notices are kept for a cluster."""


class ChannelNotices:
    """`handlers.ports.Notices` and `HandOvers` in Slack.

    Each message is looked for by its metadata before it is posted.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        redis: Redis,
        prefix: str,
        channel_of: Callable[[str], str],
        timing: Timing = DEFAULT_TIMING,
    ) -> None:
        self._notes = MessageStore(redis, prefix, timing)
        self._sender = MessageSender(client, RateLimiter(redis, prefix), self._notes, timing.under_way_s)
        self._channel_of = channel_of

    async def crossed(self, cluster: str, notice: Notice) -> None:
        """Post the lines that crossed, once under the notice's key.

        Raises:
            SlackDown: If Slack did not take it.
        """
        await self._say(cluster, views.crossed(cluster, notice), notice.at)

    async def digest(self, cluster: str, key: str, posture: Posture) -> None:
        """Post a digest, once under its key.

        Raises:
            SlackDown: If Slack did not take it.
        """
        await self._say(cluster, views.digest(key, posture), posture.at)

    async def handed_over(self, change: HandOver, open_now: tuple[Incident, ...]) -> None:
        """Post a change of shift into the common channel, once under its key.

        Raises:
            SlackDown: If Slack did not take it.
        """
        await self._say("", escalation.handed_over(change, open_now), change.at, thread="on-call")

    async def _say(self, cluster: str, message: Message, since: datetime, thread: str = "") -> None:
        thread = thread or f"posture-{cluster}"
        said = (await self._notes.of(thread)).get(message.key)
        if said and said.ts:
            return
        claim = Posted(self._channel_of(cluster), redis=await self._notes.run_of_redis())
        slot = Slot(Sought(thread, message.key), message.key, claim, since=min(since, datetime.now(UTC)))
        # Notices are few, so Slack is always asked: a note may be lost with a process or with a Redis.
        await self._sender.post(slot, message, claimed=True)
        await self._notes.keep_newest(thread, KEPT_NOTES)
