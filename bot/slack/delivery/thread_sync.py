"""Make a thread show what `render` says it should: post what is missing, edit what differs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from redis.asyncio import Redis
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.delivery.message_lookup import find, metadata
from bot.slack.delivery.message_store import MessageStore, Posted
from bot.slack.delivery.rate_limiter import EDITS, POSTS, SEARCHES, RateLimiter
from bot.slack.delivery.web_api import BlocksRefused, call
from bot.slack.views.blocks import escape, section
from bot.slack.views.message import Message
from bot.slack.views.render import render
from bot.timing import DEFAULT_TIMING, Timing
from handlers.domain.incident import Incident
from handlers.errors import SlackDown
from handlers.ports import Place

log = structlog.get_logger()

HEADLINE = "headline"


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
        self._rates = RateLimiter(redis, prefix)
        self._notes = MessageStore(redis, prefix, timing)
        self._under_way_s = timing.under_way_s
        self._channel_of = channel_of
        self._plainly = False

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

    async def incident_at(self, channel: str, message_ts: str) -> str | None:
        """Return the id of the incident that posted this message, as long as the message may be clicked."""
        return await self._notes.incident_at(channel, message_ts)

    async def is_home(self, incident_id: str, app: str, team: str) -> bool:
        """Return whether the incident's messages were posted by this app in this workspace."""
        posted = [each for each in (await self._notes.of(incident_id)).values() if each.ts]
        return bool(posted) and all(each.app in ("", app) and each.team in ("", team) for each in posted)

    async def sync(self, incident: Incident) -> bool:
        """Post and edit the difference, parent first.

        Returns:
            Whether a message was edited.

        Raises:
            SlackBusy: If it is not yet the incident's turn.
            SlackDown: If Slack did not take a message; those that it took are noted.
        """
        if incident.opened_at is None:
            return False
        notes = await self._notes.read(incident.id)
        doubted = notes.doubted(incident.opened_at)
        edited, parent_ts = False, None
        later: list[SlackDown] = []
        channel = self._channel_of(incident.cluster)
        for message in render(incident):
            before = notes.posted.get(message.key)
            if before is None or not before.ts:
                claimed = before is not None or doubted
                claim = Posted(channel, redis=notes.redis)
                before = await self._post(
                    incident.id, claim, message, parent_ts, claimed=claimed, opened_at=incident.opened_at
                )
            if before.content != _content(message):
                try:
                    await self._edit(incident.id, message, before)
                except SlackDown as error:
                    if error.wait_s is None:
                        raise
                    later.append(error)  # an edit that must wait keeps no new message back
                edited = True
            parent_ts = parent_ts or before.ts
        if later:
            raise min(later, key=lambda error: error.wait_s or 0.0)
        return edited

    async def say_aside(self, incident_id: str, key: str, sentence: str) -> None:
        """Post one sentence, once under its key, into the thread of an incident that cannot be rendered.

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
        await self._post(incident_id, claim, message, parent.ts, claimed=said is not None)

    async def _post(
        self,
        incident_id: str,
        claim: Posted,
        message: Message,
        parent_ts: str | None,
        *,
        claimed: bool,
        opened_at: datetime | None = None,
    ) -> Posted:
        """Post a message, unless an earlier post of it can be found; `claimed` says that there may be one."""
        if claimed and (found := await self._find(incident_id, claim, message.key, parent_ts, opened_at)):
            return found
        noted = self._notes.claim(incident_id, message.key, claim)
        urgent = message.key == HEADLINE
        async with self._rates.turn(f"post:{claim.channel}", incident_id, POSTS, urgent=urgent, claim=noted):
            try:
                response = await self._call(
                    "chat.postMessage",
                    message,
                    channel=claim.channel,
                    thread_ts=parent_ts,
                    metadata=metadata(incident_id, message.key),
                )
            except SlackDown as error:
                if error.outcome == "not_done":
                    await self._notes.unclaim(incident_id, message.key)
                if error.outcome == "unknown":
                    await self._notes.settle(incident_id, message.key)
                raise
        said = response.get("message", {})
        posted = Posted(
            channel=response["channel"],
            ts=response["ts"],
            content=_content(message),
            app=str(said.get("app_id", "")),
            team=str(said.get("team", "")),
            redis=claim.redis,
        )
        await self._notes.record(incident_id, message.key, posted)
        return posted

    async def _find(
        self, incident_id: str, claim: Posted, key: str, parent_ts: str | None, opened_at: datetime | None
    ) -> Posted | None:
        """Find a message whose answer was lost.

        Raises:
            SlackDown: If it is not there and may still come.
        """
        sought = metadata(incident_id, key)
        async with self._rates.turn("search", incident_id, SEARCHES):
            ts = await find(self._client, sought, claim.channel, parent_ts, opened_at)
        if ts:
            found = replace(claim, ts=ts)
            await self._notes.record(incident_id, key, found)
            return found
        if await self._notes.is_under_way(incident_id, key):
            raise SlackDown(
                "chat.postMessage: the answer was lost, and the message may still come; it is looked for."
            )
        return None

    async def _edit(self, incident_id: str, message: Message, before: Posted) -> None:
        """Edit a message; ask for a second try where an edit before may still come and undo this one."""
        async with self._rates.turn("edit", incident_id, EDITS):
            settled = await self._notes.begin_edit(incident_id, message.key)
            try:
                await self._call("chat.update", message, channel=before.channel, ts=before.ts)
            except SlackDown as error:
                if error.outcome == "under_way":
                    await self._notes.stays_under_way(incident_id, message.key)
                elif settled:
                    await self._notes.settle(incident_id, message.key)
                raise
            after = replace(before, content=_content(message) if settled else "")
            await self._notes.record(incident_id, message.key, after, settled=settled)
        if not settled:
            sentence = "chat.update: an edit whose answer was lost may still come; this one is made again."
            raise SlackDown(sentence, wait_s=self._under_way_s)

    async def _call(
        self,
        method: str,
        message: Message,
        **where: Any,  # noqa: ANN401  Slack's JSON
    ) -> Mapping[str, Any]:
        """Call with a message; where the workspace refuses its blocks, with plainer ones, from here on."""
        try:
            return await call(self._client, method, **where, **message.body(plainly=self._plainly))
        except BlocksRefused:
            if self._plainly or not message.plain:
                raise
            log.warning("blocks_refused", method=method, message=message.key)
            self._plainly = True
            return await call(self._client, method, **where, **message.body(plainly=True))


def _content(message: Message) -> str:
    body = json.dumps(message.body(), sort_keys=True)
    return hashlib.sha256(body.encode()).hexdigest()[:32]
