"""Decide who is told of an incident next, and when, from its state and a clock's time. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from handlers.domain.alerts import CANARY
from handlers.domain.escalation.model import (
    CRITICAL,
    Because,
    EscalationPlan,
    PageAct,
    Target,
    TargetKind,
    Tier,
    message_key,
)
from handlers.domain.escalation.state import PageKey
from handlers.domain.events.escalation import TierReached
from handlers.domain.incident import Incident

HEADLINE = "headline"
"""Key of the message that begins a thread; while it stands in Slack, the channel has been told."""

FIRST_RETRY = timedelta(seconds=5)
MAX_RETRY = timedelta(minutes=15)

ENDS_ARE_TRIED_FOR = timedelta(hours=24)
"""How long after the close a route that takes nothing is told of it: its own operators see it by then."""


@dataclass(frozen=True)
class ReachTier:
    """A tier is due; `targets` are as configured, so whoever is on call is not looked up yet."""

    number: int
    because: Because
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class SendPage:
    """A route past Slack is due to be told something; tier 0 is what ends a page for all tiers."""

    tier: int
    route: TargetKind
    act: PageAct


@dataclass(frozen=True)
class WaitUntil:
    """Nothing is due before then; `None` where only an event can make something due."""

    at: datetime | None


Move = ReachTier | SendPage | WaitUntil


class _Told(Enum):
    YES = auto()
    NOT_YET = auto()
    NO = auto()


def next_move(incident: Incident, plan: EscalationPlan, shown: frozenset[str], now: datetime) -> Move:
    """Decide the one next move.

    Args:
        incident: The present state.
        plan: The configured tiers.
        shown: Keys of the incident's messages that stand in Slack.
        now: The present time.
    """
    if incident.opened_at is None or _is_canary(incident):
        return WaitUntil(None)
    pages = tuple(_pages(incident, now))
    due = next((page for page, at in pages if at <= now), None)
    if due:
        return due
    upcoming = [at for _, at in pages]
    if not is_held(incident) and not incident.verified:
        tier = _next_tier(incident, plan, shown, now)
        if isinstance(tier, ReachTier):
            return tier
        upcoming += [tier] if tier else []
    return WaitUntil(min(upcoming, default=None))


def _is_canary(incident: Incident) -> bool:
    return all(alert.name == CANARY for alert in incident.alerts.values())


def is_held(incident: Incident) -> bool:
    """Return whether somebody has it: acknowledged, was assigned, chose a remedy, closed or reopened it."""
    return bool(incident.triage.holder or incident.runs or incident.closings)


def retry_at(attempt: int, now: datetime, asked: timedelta | None = None) -> datetime:
    """Return when a page that was not taken is tried again: doubling pauses, or what the route asks for.

    Args:
        attempt: How often it has been tried, from 1.
        now: The time of the last attempt.
        asked: The pause that the route asked for.
    """
    pause = min(FIRST_RETRY * int(2 ** min(attempt - 1, 20)), MAX_RETRY)
    return now + (max(pause, min(asked, MAX_RETRY)) if asked else pause)


def _pages(incident: Incident, now: datetime) -> Iterator[tuple[SendPage, datetime]]:
    """Yield what routes past Slack have yet to be told, with the time at which each is tried."""
    state = incident.escalation
    if is_held(incident):
        act = PageAct.RESOLVE if incident.closed else PageAct.ACKNOWLEDGE
        if incident.closed and now - incident.closed.at > ENDS_ARE_TRIED_FOR:
            return
        keys: list[PageKey] = [(0, route, act) for route in state.routes]
    else:
        keys = [
            (tier.tier, target.kind, PageAct.TRIGGER)
            for tier in state.tiers
            for target in tier.targets
            if target.kind.is_outside
        ]
    for key in keys:
        tried = state.pages.get(key)
        if tried is None:
            yield SendPage(*key), now
        elif not tried.delivered and tried.again_at:
            yield SendPage(*key), tried.again_at


def _next_tier(
    incident: Incident, plan: EscalationPlan, shown: frozenset[str], now: datetime
) -> ReachTier | datetime | None:
    """Return the tier that is due, or the time at which to look again."""
    tiers, number = plan.tiers(incident.cluster, incident.severity), len(incident.escalation.tiers)
    assert incident.opened_at  # noqa: S101  the caller has looked
    if number >= len(tiers):
        return None
    tier, told = tiers[number], _told(incident, plan, shown, now)
    snoozed_until = incident.triage.snoozed_until
    since = max(incident.opened_at, snoozed_until) if snoozed_until else incident.opened_at
    due, because = since + tier.after, Because.UNACKNOWLEDGED
    if number:  # who was told late, after quiet hours or a stop of the bot, has as long as usual to answer
        due = max(due, _told_since(incident) + tier.after - tiers[number - 1].after)
    if told is _Told.NO and _haste_helps(incident, tiers[number:]):
        due, because = since, Because.UNDELIVERED if number else Because.SLACK_AWAY
    if plan.quiet and incident.severity != CRITICAL:
        due = plan.quiet.over_at(max(due, now))
    if due <= now:
        return ReachTier(number + 1, because, tier.targets)
    return min(due, _told_since(incident) + plan.slack_away) if told is _Told.NOT_YET else due


def _haste_helps(incident: Incident, rest: tuple[Tier, ...]) -> bool:
    """Return whether a further tier may reach somebody at once; where none can, haste only uses them up."""
    newest = incident.escalation.tiers[-1:]
    nobody_was_on_call = any(all(target.is_nobody for target in tier.targets) for tier in newest)
    return nobody_was_on_call or any(target.kind.is_outside for tier in rest for target in tier.targets)


def _told_since(incident: Incident) -> datetime:
    """Return when the newest tier was reached; before the first, when the incident was opened."""
    assert incident.opened_at  # noqa: S101  the caller has looked
    return incident.escalation.tiers[-1].at if incident.escalation.tiers else incident.opened_at


def _told(incident: Incident, plan: EscalationPlan, shown: frozenset[str], now: datetime) -> _Told:
    """Return whether the newest tier has reached anybody; before the first, whether Slack shows it."""
    is_new = now < _told_since(incident) + plan.slack_away
    if not incident.escalation.tiers:
        return _Told.YES if HEADLINE in shown else _Told.NOT_YET if is_new else _Told.NO
    tier = incident.escalation.tiers[-1]
    states = {_told_target(incident, tier, target, shown, is_new=is_new) for target in tier.targets}
    return next(state for state in (_Told.YES, _Told.NOT_YET, _Told.NO) if state in {*states, _Told.NO})


def _told_target(
    incident: Incident, tier: TierReached, target: Target, shown: frozenset[str], *, is_new: bool
) -> _Told:
    if target.is_nobody:
        return _Told.NO
    if target.kind.is_outside:
        tried = incident.escalation.pages.get((tier.tier, target.kind, PageAct.TRIGGER))
        if tried is None:
            return _Told.NOT_YET
        return _Told.YES if tried.delivered else _Told.NO
    if message_key(tier.tier, target) in shown:
        return _Told.YES
    return _Told.NOT_YET if is_new else _Told.NO
