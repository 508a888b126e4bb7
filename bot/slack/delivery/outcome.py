"""Where a message goes, and what can come of bringing it there."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.slack.delivery.rate_limiter import Rank
from bot.slack.delivery.web_api import SlackBusy, SlackRefused
from handlers.errors import SlackDown


class StillRefusedError(SlackBusy):
    """Slack refused the channel or the token, and it is too early to try again."""


class ThreadGoneError(Exception):
    """The message that begins the thread was deleted."""

    def __init__(self, refused: SlackRefused) -> None:
        super().__init__(str(refused))
        self.refused = refused


@dataclass
class Outcome:
    """What came of a pass: what is not shown, and what is to be tried again when."""

    edited: bool = False
    hidden: set[str] = field(default_factory=set)
    waits_s: list[float] = field(default_factory=list)
    later: list[SlackDown] = field(default_factory=list)


@dataclass(frozen=True)
class Spot:
    """Where a message is to stand; the app may not read what it wrote to a person."""

    channel: str
    parent_ts: str | None = None
    rank: Rank = Rank.USUAL
    searchable: bool = True
