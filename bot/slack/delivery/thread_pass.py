"""One pass over an incident's thread: parent first, where it stands, and anew where it cannot go on."""

from __future__ import annotations

from bot.slack.delivery.message_delivery import MessageDelivery
from bot.slack.delivery.outcome import Outcome, Spot, StillRefusedError, ThreadGoneError
from bot.slack.delivery.posted_messages import HEADLINE, PostedMessages
from bot.slack.delivery.rate_limiter import Rank
from bot.slack.delivery.refusal_store import of_channel, of_message
from bot.slack.delivery.refusals import Refusal
from bot.slack.delivery.web_api import SlackRefused
from bot.slack.views import headline
from bot.slack.views.message import Message
from bot.slack.views.render import render
from handlers.domain.incident import Incident

DELETED = "The first message of this incident was deleted; its thread goes on here."
LOCKED_OUT = "Slack takes no more in the channel where this incident began; it goes on here."


class BeginAnewError(Exception):
    """The thread cannot go on where it is: its headline is posted once more, and all else below that."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class ThreadPass:
    """One incident as it is now, and the notes of its thread as they were read."""

    def __init__(
        self, delivery: MessageDelivery, incident: Incident, notes: PostedMessages, configured: str
    ) -> None:
        self.delivery, self.notes, self._incident = delivery, notes, incident
        self._configured = configured
        self._channel = notes.headline.channel if notes.headline else configured
        first, *rest = render(incident)
        begins = notes.beginning
        self.messages = (first.led_by(begins.why, begins.mrkdwn) if begins.number else first, *rest)

    @property
    def outcome(self) -> Outcome:
        """Return what came of it so far."""
        return self.delivery.outcome

    async def run(self) -> None:
        """Go through the messages, parent first.

        Raises:
            BeginAnewError: If the thread is to be begun anew.
            SlackRefused: If nothing of it can be shown.
            SlackDown: If Slack is away, or it is not the incident's turn; what it took is noted.
        """
        try:
            await self._through()
        except ThreadGoneError as error:
            scope, number = of_message(self._incident.id, HEADLINE), self.delivery.number
            await self.delivery.note(scope, error.refused, Refusal.MESSAGE_GONE, HEADLINE, number)
            self._begin_anew_or_wait()
        except (SlackRefused, StillRefusedError) as error:
            self._hide_all()
            if isinstance(error, SlackRefused) and error.refusal is Refusal.CHANNEL and self._has_another():
                raise BeginAnewError(LOCKED_OUT) from error
            raise

    async def _through(self) -> None:
        if self.delivery.refused(of_channel(self._channel)) and self._has_another():
            raise BeginAnewError(LOCKED_OUT)
        known = self.delivery.refused(of_message(self._incident.id, HEADLINE))
        if known and known.kind is Refusal.MESSAGE_GONE:
            return self._begin_anew_or_wait()
        for message in self.messages:
            await self.delivery.deliver(message, self._spot(message))
            if message.key == HEADLINE and not self._parent_ts:
                return self._hide_all()
        return None

    @property
    def _parent_ts(self) -> str | None:
        found = self.delivery.posted.get(HEADLINE)
        return found.ts if found and found.ts else None

    def _has_another(self) -> bool:
        """Return whether the thread can go on in the configured channel, which is another one by now."""
        is_elsewhere = self._parent_ts is not None and self._channel != self._configured
        return is_elsewhere and self.delivery.refused(of_channel(self._configured)) is None

    def _spot(self, message: Message) -> Spot:
        rank = Rank.USUAL
        if message.key == HEADLINE and not self._parent_ts:
            is_critical = headline.severity_of(self._incident) == "critical"
            rank = Rank.CRITICAL_HEADLINE if is_critical else Rank.HEADLINE
        return Spot(self._channel, self._parent_ts, rank)

    def _begin_anew_or_wait(self) -> None:
        """Begin anew at once or, where a headline was deleted before, after a while."""
        if wait_s := self.delivery.wait_s(of_message(self._incident.id, HEADLINE)):
            self._hide_all()
            self.outcome.waits_s.append(wait_s)
            return
        raise BeginAnewError(DELETED)

    def _hide_all(self) -> None:
        self.outcome.hidden |= {each.key for each in self.messages if not self.delivery.shows(each)}
