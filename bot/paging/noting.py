"""Note which route past Slack takes no pages: the bot's metrics and the App Home tell it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.store.refusals import Refusals
from handlers.errors import PageNotTaken
from handlers.ports.escalation import Page, Pager

NOT_TAKEN = "not_taken"


@dataclass(frozen=True)
class NotingPager:
    """A pager whose refusals are counted under a source of its own."""

    pager: Pager
    refusals: Refusals
    source: str

    async def send(self, page: Page) -> None:
        """Send it; note what came of it.

        Raises:
            PageNotTaken: If the route does not take it.
        """
        try:
            await self.pager.send(page)
        except PageNotTaken:
            await self.refusals.note(self.source, NOT_TAKEN)
            raise
        await self.refusals.ended(self.source)
