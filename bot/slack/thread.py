"""Makes Slack show what `view.render` says should be there: posts what is missing, edits what differs."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from redis.asyncio import Redis
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.blocks import escape, section
from bot.slack.calls import BlocksRefused, SlackCalls
from bot.slack.message import Message
from bot.slack.posted import UNDER_WAY_S, Posted, PostedNotes
from bot.slack.view import render
from handlers.errors import SlackDown
from handlers.incident import Incident
from handlers.ports import Place

log = structlog.get_logger()

METADATA_EVENT = "neumann_incident"
HEADLINE = "headline"
PAGE = 200
BEFORE_OPENING_S = 3600.0
"""So much further back a lost headline is looked for: the clocks of bot and Slack may differ."""


class SlackThread:
    """One parent message per incident and its replies; what was posted is kept in Redis."""

    def __init__(
        self, client: AsyncWebClient, redis: Redis, prefix: str, channel_of: Callable[[str], str]
    ) -> None:
        self._calls = SlackCalls(client)
        self._notes = PostedNotes(redis, prefix)
        self._channel_of = channel_of
        self._plainly = False

    async def greet(self) -> str:
        """Say hello to Slack: shows at the start whether the token works, and opens the connection.

        Returns:
            The bot's own name there.

        Raises:
            SlackDown: With what to mend.
        """
        return str((await self._calls.call("auth.test")).get("user", "unnamed"))

    async def is_ours(self, incident_id: str, place: Place) -> bool:
        """Whether the incident posted the message there, through this app and in this workspace."""
        return any(
            (posted.channel, posted.ts) == (place.channel, place.message_ts)
            and posted.app in ("", place.app)
            and posted.team in ("", place.team)
            for posted in (await self._notes.of(incident_id)).values()
            if posted.ts
        )

    async def place_of(self, incident_id: str) -> Place | None:
        """Where the incident's first message stands."""
        parent = (await self._notes.of(incident_id)).get(HEADLINE)
        if parent is None or not parent.ts:
            return None
        return Place(parent.app, parent.team, parent.channel, parent.ts)

    async def incident_at(self, channel: str, message_ts: str) -> str | None:
        """The incident that posted this message; kept as long as the message may be clicked."""
        return await self._notes.incident_at(channel, message_ts)

    async def is_home(self, incident_id: str, app: str, team: str) -> bool:
        """Whether the incident's messages were posted by this app in this workspace."""
        posted = [each for each in (await self._notes.of(incident_id)).values() if each.ts]
        return bool(posted) and all(each.app in ("", app) and each.team in ("", team) for each in posted)

    async def sync(self, incident: Incident) -> bool:
        """Post and edit the difference, parent first.

        Returns:
            Whether something that stood there was edited.

        Raises:
            SlackDown: If Slack did not take something; what it took is remembered.
        """
        if incident.opened_at is None:
            return False
        posted, messages = await self._notes.of(incident.id), render(incident)
        noted = {key for key, each in posted.items() if each.ts}
        redis, doubted = "", False
        if not noted >= {message.key for message in messages}:
            redis, doubted = await self._notes.doubts(posted, incident.opened_at)
        edited, later, parent_ts = False, None, None
        channel = self._channel_of(incident.cluster)
        for message in messages:
            before = posted.get(message.key)
            if before is None or not before.ts:
                claimed = before is not None or doubted
                claim = Posted(channel, redis=redis)
                before = await self._post(
                    incident.id, claim, message, parent_ts, claimed=claimed, opened_at=incident.opened_at
                )
            if before.content != _content(message):
                try:
                    await self._edit(incident.id, message, before)
                except SlackDown as error:
                    if error.wait_s is None:
                        raise
                    later = error  # an edit that must wait keeps no new message back
                edited = True
            parent_ts = parent_ts or before.ts
        if later:
            raise later
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
        ts = None
        if claimed:
            ts = await self._find(incident_id, claim.channel, message.key, parent_ts, opened_at)
        if ts:
            found = replace(claim, ts=ts)
        elif claimed and await self._notes.is_under_way(incident_id, message.key):
            raise SlackDown(
                "chat.postMessage: the answer was lost, and the message may still come; it is looked for."
            )
        else:
            found = await self._send(incident_id, claim, message, parent_ts)
        await self._notes.record(incident_id, message.key, found)
        return found

    async def _send(self, incident_id: str, claim: Posted, message: Message, parent_ts: str | None) -> Posted:
        await self._notes.claim(incident_id, message.key, claim)
        metadata = {
            "event_type": METADATA_EVENT,
            "event_payload": {"incident": incident_id, "key": message.key},
        }
        try:
            response = await self._show(
                "chat.postMessage",
                message,
                urgent=incident_id if message.key == HEADLINE else "",
                channel=claim.channel,
                thread_ts=parent_ts,
                metadata=metadata,
            )
        except SlackDown as error:
            if error.outcome == "not_done":
                await self._notes.unclaim(incident_id, message.key)
            if error.outcome == "unknown":
                await self._notes.settle(incident_id, message.key)
            raise
        said = response.get("message", {})
        return Posted(
            response["channel"],
            response["ts"],
            _content(message),
            str(said.get("app_id", "")),
            str(said.get("team", "")),
            claim.redis,
        )

    async def _edit(self, incident_id: str, message: Message, before: Posted) -> None:
        settled = await self._notes.begin_edit(incident_id, message.key)
        try:
            await self._show("chat.update", message, channel=before.channel, ts=before.ts)
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
            raise SlackDown(sentence, wait_s=UNDER_WAY_S)

    async def _show(
        self,
        method: str,
        message: Message,
        **where: Any,  # noqa: ANN401  Slack's JSON
    ) -> Mapping[str, Any]:
        """Call with a message; where the workspace refuses its blocks, plainly, now and from here on."""
        try:
            return await self._calls.call(method, **where, **message.body(plainly=self._plainly))
        except BlocksRefused:
            if self._plainly or not message.plain:
                raise
            log.warning("blocks_refused", method=method, message=message.key)
            self._plainly = True
            return await self._calls.call(method, **where, **message.body(plainly=True))

    async def _find(
        self, incident_id: str, channel: str, key: str, parent_ts: str | None, opened_at: datetime | None
    ) -> str | None:
        """A message whose answer was lost may be there: look for it by its metadata before posting again."""
        query: dict[str, Any] = {"channel": channel, "include_all_metadata": True, "limit": PAGE}
        method = "conversations.replies" if parent_ts else "conversations.history"
        query["ts"] = parent_ts
        if opened_at and not parent_ts:
            query["oldest"] = f"{min(opened_at.timestamp(), time.time()) - BEFORE_OPENING_S:.6f}"
        wanted = {"incident": incident_id, "key": key}
        while True:
            response = await self._calls.call(method, read=True, **query)
            for found in response.get("messages", []):
                metadata = found.get("metadata") or {}
                if metadata.get("event_type") == METADATA_EVENT and metadata.get("event_payload") == wanted:
                    return str(found["ts"])
            query["cursor"] = (response.get("response_metadata") or {}).get("next_cursor")
            if not query["cursor"]:
                return None


def _content(message: Message) -> str:
    body = json.dumps(message.body(), sort_keys=True)
    return hashlib.sha256(body.encode()).hexdigest()[:32]
