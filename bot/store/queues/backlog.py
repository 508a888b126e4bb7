"""For how long the oldest of what waits has waited, whichever process left it there."""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio import Redis

from bot.store.errors import store_errors
from bot.store.keys import Keys
from bot.store.scripts import Script

WAITS_LONG_S = {"message": 300.0, "click": 60.0, "notification": 60.0}
"""From which age on something that waits is told; the alert rules have the same."""


@dataclass(frozen=True)
class Backlog:
    """Ages in seconds by Redis' clock; 0 where nothing waits.

    `message_s` is of the oldest change of an incident that Slack does not show yet, `click_s` of the oldest
    click or command that is not answered, `notification_s` of the oldest notification that is not folded in.
    """

    message_s: float = 0.0
    click_s: float = 0.0
    notification_s: float = 0.0

    @property
    def ages_s(self) -> dict[str, float]:
        """Return the ages by what waits."""
        return {"message": self.message_s, "click": self.click_s, "notification": self.notification_s}


async def read(redis: Redis, prefix: str) -> Backlog:
    """Read the ages.

    Raises:
        StoreDown: If Redis does not say.
    """
    keys = Keys(prefix)
    async with store_errors():
        ages = await Script(redis, "backlog_read")(
            unshown=keys.unshown(),
            due_views=keys.due("views"),
            streams=[keys.slack_requests(), keys.inbox()],
        )
    return Backlog(*map(float, ages))
