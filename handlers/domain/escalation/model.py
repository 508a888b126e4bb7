"""Tiers of escalation as they are configured: whom an incident is told to that nobody acknowledges."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from handlers.domain.escalation.quiet_hours import QuietHours
from runbooks.evidence import Frozen

CRITICAL = "critical"


class TargetKind(StrEnum):
    """The ways in which somebody is told: five within Slack, three past it."""

    ON_CALL = "on-call"
    USER = "user"
    GROUP = "group"
    CHANNEL = "channel"
    DIRECT = "dm"
    PAGERDUTY = "pagerduty"
    OPSGENIE = "opsgenie"
    WEBHOOK = "webhook"

    @property
    def is_outside(self) -> bool:
        """Return whether it reaches people while Slack does not answer."""
        return self in OUTSIDE


OUTSIDE = frozenset({TargetKind.PAGERDUTY, TargetKind.OPSGENIE, TargetKind.WEBHOOK})

IN_THREAD = frozenset({TargetKind.ON_CALL, TargetKind.USER, TargetKind.GROUP})
"""They are mentioned in the incident's thread; channels and direct messages have a message of their own."""

ROUTE_NAMES = {
    TargetKind.PAGERDUTY: "PagerDuty",
    TargetKind.OPSGENIE: "Opsgenie",
    TargetKind.WEBHOOK: "the webhook",
}


class Target(Frozen):
    """Who or what is told: `id` is Slack's own; empty for routes past Slack, and where nobody is on call.

    In a configured tier the id `on-call` stands for whoever is on call when the tier is reached.
    """

    kind: TargetKind
    id: str = ""

    @property
    def is_nobody(self) -> bool:
        """Return whether nobody was on call who could have been told."""
        return not self.kind.is_outside and not self.id


class Because(StrEnum):
    """Why a tier was reached."""

    UNACKNOWLEDGED = "unacknowledged"
    SLACK_AWAY = "slack_away"
    UNDELIVERED = "undelivered"


class PageAct(StrEnum):
    """What a route past Slack is told: the words of PagerDuty's Events API v2."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


@dataclass(frozen=True)
class Tier:
    """Whom to tell once nobody has acknowledged for so long since the incident was opened."""

    after: timedelta
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Policy:
    """The tiers of some clusters and severities; an empty set matches all."""

    tiers: tuple[Tier, ...]
    clusters: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()

    def covers(self, cluster: str, severity: str) -> bool:
        """Return whether it is for incidents of this cluster and severity."""
        return (not self.clusters or cluster in self.clusters) and (
            not self.severities or severity in self.severities
        )


@dataclass(frozen=True)
class EscalationPlan:
    """All policies, of which the first that covers an incident holds.

    `slack_away` is for how long a message may not stand in Slack before it counts as not told.
    """

    policies: tuple[Policy, ...] = ()
    quiet: QuietHours | None = None
    slack_away: timedelta = field(default=timedelta(seconds=30))

    def tiers(self, cluster: str, severity: str) -> tuple[Tier, ...]:
        """Return the tiers of an incident; none where no policy covers it."""
        return next((each.tiers for each in self.policies if each.covers(cluster, severity)), ())


def message_key(tier: int, target: Target) -> str:
    """Return the key of the message that tells a target within Slack."""
    return f"tier-{tier}" if target.kind in IN_THREAD else f"@tier-{tier}-{target.id}"
