"""Make one message of an incident show what it should, and go on where Slack refuses: in plainer words, by a
new message, or later."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.slack.delivery.message_lookup import Sought, firings_of
from bot.slack.delivery.message_sender import MessageSender, Slot, content
from bot.slack.delivery.outcome import Outcome, Spot, StillRefusedError, ThreadGoneError
from bot.slack.delivery.posted_messages import HEADLINE, Posted, PostedMessages, again_of, field_of, newest
from bot.slack.delivery.rate_limiter import Rank
from bot.slack.delivery.refusal_store import (
    POSTED_ONCE_MORE,
    TOKEN,
    Refusals,
    RefusalStore,
    Refused,
    of_channel,
    of_message,
)
from bot.slack.delivery.refusals import Refusal
from bot.slack.delivery.web_api import AnswerLostError, SlackBusy, SlackRefused
from bot.slack.views.message import Message
from handlers.domain.incident import Incident
from handlers.errors import SlackDown

SHARED = frozenset({Refusal.CHANNEL, Refusal.TOKEN})


class MessageDelivery:
    """The messages of one incident, by the notes and refusals that were read."""

    def __init__(
        self, sender: MessageSender, store: RefusalStore, incident: Incident, notes: PostedMessages
    ) -> None:
        self._sender, self._store, self._incident, self._notes = sender, store, incident, notes
        self.posted = dict(notes.posted)
        self._known: dict[str, Refused] = dict(notes.refusals.known)
        began = [alert.starts_at for alert in incident.firings.values()]
        opened_at = incident.opened_at or min(began)
        self._doubted = notes.doubted(opened_at, min([opened_at, *began]))
        self._since: datetime = min([opened_at, *began]) if self._doubted else opened_at
        self._firings = firings_of(incident, None if self._doubted else 1)
        self._tried: set[str] = set()
        self.number = notes.beginning.number
        self.outcome = Outcome()

    def refused(self, scope: str) -> Refused | None:
        """Return why Slack refuses this, as far as it is known by now."""
        return self._known.get(scope)

    def wait_s(self, scope: str) -> float:
        """Return after how many seconds what is refused may be tried again."""
        return Refusals(self._known, self._notes.refusals.now_s).wait_s(scope) or 0.0

    def shows(self, message: Message) -> bool:
        """Return whether the message stands there as it is now."""
        found = self.posted.get(newest(self.posted, message.key))
        return bool(found and found.ts and found.content == content(message))

    def is_there(self, key: str) -> bool:
        """Return whether a message of this key stands there, as it is or was."""
        found = self.posted.get(newest(self.posted, key))
        return bool(found and found.ts)

    async def deliver(self, message: Message, spot: Spot) -> None:
        """Post or edit a message; where Slack refuses it, do what that leaves to be done.

        Raises:
            ThreadGoneError: If it is the headline, or answers it, and that was deleted.
            StillRefusedError: If Slack has refused its channel or the token before.
            SlackRefused: If Slack refuses these now.
            SlackDown: If Slack is away, or it is not the message's turn.
        """
        while True:
            try:
                await self._show(message, spot)
            except SlackRefused as refused:
                if not await self._is_tried_at_once(message, spot, refused):
                    return
            except SlackDown as error:
                if not await self._is_passed_over(message, error):
                    raise
                return
            else:
                return

    async def _is_passed_over(self, message: Message, error: SlackDown) -> bool:
        """Return whether what comes behind the message need not wait for it."""
        # Nothing comes behind a headline that is not there, and a search that fails is not about the message.
        has_others = message.key != HEADLINE or self.is_there(HEADLINE)
        if isinstance(error, AnswerLostError) and error.is_of_message and has_others:
            scope = of_message(self._incident.id, message.key)
            wait_s = await self.note(scope, error, Refusal.PASSING)
            if not self._known[scope].passes:
                self._wait(message.key, wait_s, Refusal.PASSING)
                return True
        if isinstance(error, StillRefusedError) or error.wait_s is None or not self.is_there(message.key):
            return False
        self.outcome.later.append(error)  # an edit that must wait keeps no new message back
        self.outcome.edited |= not isinstance(error, SlackBusy)
        return True

    async def _show(self, message: Message, spot: Spot) -> None:
        scope = of_message(self._incident.id, message.key)
        if self.shows(message):
            return await self._forget(scope)
        slot = self._slot(message.key, spot)
        known = self._known.get(scope)
        if known and not known.passes and (wait_s := self.wait_s(scope)):
            return self._wait(message.key, wait_s, known.kind)
        if known and known.kind in POSTED_ONCE_MORE and known.field == slot.field:
            slot = self._following(slot, message.key)
        await self._try_for_all(TOKEN, of_channel(spot.channel))
        before = self.posted.get(slot.field)
        if before is None or not before.ts:
            before = await self._sender.post(slot, message, claimed=before is not None or slot.doubted)
            self.posted[slot.field] = before
        if before.content != content(message):
            self.posted[slot.field] = await self._sender.edit(slot, message, before)
            self.outcome.edited = True
        return await self._forget(scope, *self._tried)

    def _slot(self, key: str, spot: Spot) -> Slot:
        """Return where the newest message of a key stands, or is to stand."""
        found = newest(self.posted, key)
        known = self._known.get(of_message(self._incident.id, key))
        return Slot(
            sought=Sought(self._incident.id, key, self._firings, self.number, again_of(found)),
            field=found,
            claim=Posted(spot.channel, redis=self._notes.redis),
            parent_ts=None if found == HEADLINE else spot.parent_ts,
            rank=Rank.REFUSED_BEFORE if known and not known.passes else spot.rank,
            since=self._since,
            doubted=self._doubted and spot.searchable,
            searchable=spot.searchable,
        )

    def _following(self, slot: Slot, key: str) -> Slot:
        """Return where the message goes that is posted for one that was deleted, or that stays as it is."""
        again = again_of(slot.field) + 1
        sought = replace(slot.sought, again=again)
        parent = self.posted.get(HEADLINE)
        parent_ts = parent.ts if slot.field == HEADLINE and parent else slot.parent_ts
        return replace(
            slot,
            sought=sought,
            field=field_of(key, again),
            parent_ts=parent_ts,
            rank=Rank.USUAL,
            doubted=False,
        )

    def _wait(self, key: str, wait_s: float, kind: Refusal) -> None:
        self.outcome.waits_s.append(wait_s)
        if kind is not Refusal.UNEDITABLE:
            self.outcome.hidden.add(key)

    async def _try_for_all(self, *scopes: str) -> None:
        """Of those that meet a refused channel or token, let one try again for all.

        Raises:
            StillRefusedError: If another one does, or it is too early.
        """
        for scope in scopes:
            if scope in self._known and scope not in self._tried:
                if wait_s := await self._store.probe(scope):
                    raise StillRefusedError(wait_s)
                self._tried.add(scope)

    async def _forget(self, *scopes: str) -> None:
        known = [scope for scope in scopes if scope in self._known]
        if known:
            await self._store.forget(*known)
            self._tried.difference_update(known)
            self._known = {scope: each for scope, each in self._known.items() if scope not in known}

    async def _is_tried_at_once(self, message: Message, spot: Spot, refused: SlackRefused) -> bool:
        """Note a refusal; return whether there is another way that may be gone at once.

        Raises:
            ThreadGoneError: If the message that begins the thread was deleted.
            SlackRefused: If the channel or the token is refused.
        """
        kind = refused.refusal
        if kind in SHARED:
            scope = TOKEN if kind is Refusal.TOKEN else of_channel(spot.channel)
            refused.wait_s = await self.note(scope, refused, kind)
            raise refused
        scope, slot = of_message(self._incident.id, message.key), self._slot(message.key, spot)
        is_there = self.is_there(message.key)
        begins = slot.field == HEADLINE and is_there
        if kind is Refusal.MESSAGE_GONE and (begins or (slot.parent_ts and not is_there)):
            raise ThreadGoneError(refused)
        known = self._known.get(scope)
        if known and known.kind in POSTED_ONCE_MORE and known.field == slot.field:
            kind, before = known.kind, None  # what was to go on with it is refused too
        elif kind in POSTED_ONCE_MORE and is_there:
            before = again_of(slot.field)
        else:
            kind, before = Refusal.FORM, None
        wait_s = await self.note(scope, refused, kind, slot.field, before)
        if wait_s:
            self._wait(message.key, wait_s, kind)
        return not wait_s

    async def note(
        self,
        scope: str,
        refused: SlackRefused | AnswerLostError,
        kind: Refusal,
        of: str = "",
        before: int | None = None,
    ) -> float:
        """Note a refusal; return after how many seconds it is tried again. See `RefusalStore.note`."""
        self._known[scope] = await self._store.note(scope, refused, kind, of, before)
        return self.wait_s(scope)
