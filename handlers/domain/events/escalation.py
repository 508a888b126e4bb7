"""Events of an escalation: a tier was reached, and what a route past Slack was told."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from handlers.domain.escalation.model import Because, PageAct, Target, TargetKind
from handlers.domain.events.base import TimelineEvent


class TierReached(TimelineEvent):
    """A tier is told from here on: Slack shows it, and routes past Slack are tried until they take it."""

    kind: Literal["tier_reached"] = "tier_reached"
    tier: int
    because: Because
    targets: tuple[Target, ...]


class PageTried(TimelineEvent):
    """A route past Slack was told something, or did not take it and is told again at `again_at`.

    `tier` is 0 for what ends a page: that holds for all tiers.
    """

    kind: Literal["page_tried"] = "page_tried"
    tier: int
    route: TargetKind
    act: PageAct
    delivered: bool
    detail: str = ""
    again_at: AwareDatetime | None = None
