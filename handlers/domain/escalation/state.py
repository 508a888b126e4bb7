"""How far an incident's escalation has come, folded from its events. Frozen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from handlers.domain.escalation.model import PageAct, TargetKind
from handlers.domain.events.escalation import PageTried, TierReached

PageKey = tuple[int, TargetKind, PageAct]
"""Tier, route and act: each is told once."""


@dataclass(frozen=True)
class Attempts:
    """How often something was tried, and what came of it last."""

    count: int
    last: PageTried

    @property
    def delivered(self) -> bool:
        """Return whether the route took it."""
        return self.last.delivered

    @property
    def again_at(self) -> datetime | None:
        """Return when it is tried again; `None` where it was taken."""
        return self.last.again_at


@dataclass(frozen=True)
class Escalation:
    """The tiers that were reached, in order, and what each route past Slack was told."""

    tiers: tuple[TierReached, ...] = ()
    pages: dict[PageKey, Attempts] = field(default_factory=dict)

    def with_tier(self, event: TierReached) -> Escalation:
        """Return the state after a tier was reached."""
        return replace(self, tiers=(*self.tiers, event))

    def with_page(self, event: PageTried) -> Escalation:
        """Return the state after a route was told something, or was not."""
        key = (event.tier, event.route, event.act)
        before = self.pages[key].count if key in self.pages else 0
        return replace(self, pages={**self.pages, key: Attempts(before + 1, event)})

    @property
    def routes(self) -> tuple[TargetKind, ...]:
        """Return the routes past Slack that have been told, or may have been."""
        outside = [target.kind for tier in self.tiers for target in tier.targets if target.kind.is_outside]
        return tuple(dict.fromkeys(outside))
