"""Post and edit one message: in its turn, in a form that Slack takes, and once, whatever answers are lost."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.delivery.message_lookup import Sought, find
from bot.slack.delivery.message_store import MessageStore
from bot.slack.delivery.posted_messages import Posted
from bot.slack.delivery.rate_limiter import EDITS, POSTS, SEARCHES, Rank, RateLimiter
from bot.slack.delivery.refusals import Refusal
from bot.slack.delivery.taken_forms import TakenForms
from bot.slack.delivery.web_api import SlackRefused, call
from bot.slack.views.message import Message
from handlers.errors import SlackDown

log = structlog.get_logger()

CANNOT_LOOK = frozenset({"missing_scope", "no_permission"})
"""Words by which Slack refuses to show messages, though it takes them."""


class LandedOutsideError(SlackRefused):
    """Slack has put a reply into the channel: the message that it answers was deleted."""

    def __init__(self) -> None:
        super().__init__("chat.postMessage", "thread_not_found")


@dataclass(frozen=True)
class Slot:
    """Where one message stands or is to stand, and by what it is known there.

    `field` is that of its note; `claim` holds its channel, and the run of Redis that takes the note. It is
    `doubted` where notes of the thread may be lost, and `searchable` where the app may read the channel.
    """

    sought: Sought
    field: str
    claim: Posted
    parent_ts: str | None = None
    rank: Rank = Rank.USUAL
    since: datetime | None = None
    doubted: bool = False
    searchable: bool = True

    @property
    def incident_id(self) -> str:
        """Return the incident whose message it is."""
        return self.sought.incident


class MessageSender:
    """Slack's client, with the turns and the notes that each call needs."""

    def __init__(
        self, client: AsyncWebClient, rates: RateLimiter, notes: MessageStore, under_way_s: float
    ) -> None:
        self._client, self._rates, self._notes, self._under_way_s = client, rates, notes, under_way_s
        self._forms = TakenForms()

    async def post(self, slot: Slot, message: Message, *, claimed: bool) -> Posted:
        """Post a message, unless an earlier post of it can be found.

        Args:
            slot: Where.
            message: The message.
            claimed: Whether there may be one already.

        Raises:
            LandedOutsideError: If Slack has put a reply into the channel; it is taken away again.
            SlackDown: If Slack has not taken it; `SlackRefused` if it says so.
        """
        if claimed and (found := await self._find(slot)):
            return found
        noted = self._notes.claim(slot.incident_id, slot.field, slot.claim)
        who, limit = slot.incident_id, f"post:{slot.claim.channel}"
        async with self._rates.turn(limit, who, POSTS, rank=slot.rank, claim=noted):
            try:
                answer = await self._call(
                    "chat.postMessage",
                    slot,
                    message,
                    channel=slot.claim.channel,
                    thread_ts=slot.parent_ts,
                )
            except SlackDown as error:
                if error.outcome == "not_done":
                    await self._notes.unclaim(slot.incident_id, slot.field)
                if error.outcome == "unknown":
                    await self._notes.settle(slot.incident_id, slot.field)
                raise
        return await self._taken(slot, message, answer)

    async def _taken(self, slot: Slot, message: Message, answer: Mapping[str, Any]) -> Posted:
        said = answer.get("message") or {}
        posted = replace(
            slot.claim,
            channel=str(answer.get("channel") or slot.claim.channel),
            ts=str(answer["ts"]),
            content=content(message),
            app=str(said.get("app_id", "")),
            team=str(said.get("team", "")),
        )
        if slot.parent_ts and said and said.get("thread_ts") != slot.parent_ts:
            await self._take_away(posted)
            await self._notes.unclaim(slot.incident_id, slot.field)
            raise LandedOutsideError
        await self._notes.record(slot.incident_id, slot.field, posted)
        return posted

    async def _take_away(self, posted: Posted) -> None:
        try:
            await call(self._client, "chat.delete", channel=posted.channel, ts=posted.ts)
        except SlackDown as error:
            log.warning("stray_reply_stays", error=str(error))

    async def _find(self, slot: Slot) -> Posted | None:
        """Find a message whose answer or note was lost.

        Raises:
            SlackDown: If it is not there and may still come.
        """
        ts = await self._look(slot) if slot.searchable else None
        if ts:
            # Without a run of Redis the thread stays in doubt: it may hold more that is not noted.
            found = replace(slot.claim, ts=ts, redis="" if slot.doubted else slot.claim.redis)
            await self._notes.record(slot.incident_id, slot.field, found)
            return found
        if await self._notes.is_under_way(slot.incident_id, slot.field):
            raise SlackDown(
                "chat.postMessage: the answer was lost, and the message may still come; it is looked for."
            )
        return None

    async def _look(self, slot: Slot) -> str | None:
        channel = slot.claim.channel
        age_s = time.time() - slot.since.timestamp() if slot.since else 0.0

        async def is_lost(ts: str) -> bool:
            return await self._notes.incident_at(channel, ts) is None

        try:
            async with self._rates.turn("search", slot.incident_id, SEARCHES, rank=slot.rank):
                return await find(
                    self._client, slot.sought, channel, slot.parent_ts, age_s=age_s, is_lost=is_lost
                )
        except SlackRefused as refused:
            if refused.word not in CANNOT_LOOK:
                raise
            log.warning("cannot_look_for_messages", error=str(refused))
            return None

    async def edit(self, slot: Slot, message: Message, before: Posted) -> Posted:
        """Edit a message; ask for a second try where an edit before may still come and undo this one.

        Raises:
            SlackDown: If Slack has not taken it; `SlackRefused` if it says so.
        """
        async with self._rates.turn("edit", slot.incident_id, EDITS, rank=slot.rank):
            settled = await self._notes.begin_edit(slot.incident_id, slot.field)
            try:
                await self._call("chat.update", slot, message, channel=before.channel, ts=before.ts)
            except SlackDown as error:
                if error.outcome == "under_way":
                    await self._notes.stays_under_way(slot.incident_id, slot.field)
                elif settled:
                    await self._notes.settle(slot.incident_id, slot.field)
                raise
            after = replace(before, content=content(message) if settled else "")
            await self._notes.record(slot.incident_id, slot.field, after, settled=settled)
        if not settled:
            sentence = "chat.update: an edit whose answer was lost may still come; this one is made again."
            raise SlackDown(sentence, wait_s=self._under_way_s)
        return after

    async def link_to(self, posted: Posted) -> str:
        """Return the address of a message, or nothing where Slack gives none."""
        try:
            answer = await call(
                self._client,
                "chat.getPermalink",
                read=True,
                channel=posted.channel,
                message_ts=posted.ts,
            )
        except SlackDown:
            return ""
        return str(answer.get("permalink", ""))

    async def _call(
        self,
        method: str,
        slot: Slot,
        message: Message,
        **where: Any,  # noqa: ANN401  Slack's JSON
    ) -> Mapping[str, Any]:
        """Call with a message; where its form is refused, with a plainer one, down to its bare text."""
        forms = self._forms.of(slot.incident_id, slot.field, message)
        for form, body in forms:
            try:
                metadata = slot.sought.metadata()
                answer = await call(self._client, method, **where, metadata=metadata, **body)
            except SlackRefused as refused:
                if refused.refusal is not Refusal.FORM or form is forms[-1][0]:
                    raise
                log.warning("blocks_refused", method=method, message=message.key, error=str(refused))
                continue
            if form is not forms[0][0]:
                self._forms.note(slot.incident_id, slot.field, form)
            return answer
        raise AssertionError("a message has a form")


def content(message: Message) -> str:
    """Return a hash of what a message shows."""
    body = json.dumps(message.body(), sort_keys=True)
    return hashlib.sha256(body.encode()).hexdigest()[:32]
