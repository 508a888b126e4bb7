"""Make the routes past Slack and the schedule that the settings ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from bot.config.escalation import EscalationSettings, OnCallSettings
from bot.paging.calendar import CalendarSchedule
from bot.paging.noting import NotingPager
from bot.paging.opsgenie import Opsgenie
from bot.paging.pagerduty import PagerDuty
from bot.paging.pagerduty_schedule import PagerDutySchedule
from bot.paging.signed_webhook import SignedWebhook
from bot.store.refusals import Refusals
from handlers.domain.escalation.model import TargetKind
from handlers.ports.escalation import OnCallSchedule, Pager

SOURCES = {
    TargetKind.PAGERDUTY: "pagerduty",
    TargetKind.OPSGENIE: "opsgenie",
    TargetKind.WEBHOOK: "paging_webhook",
}
"""Under which name a route's refusals are counted; `webhook` is Alertmanager's."""


@dataclass(frozen=True)
class Paging:
    """The configured routes by their kind, and the schedule, if there is one."""

    pagers: Mapping[TargetKind, Pager]
    schedule: OnCallSchedule | None


def paging(settings: EscalationSettings, http: httpx.AsyncClient, refusals: Refusals) -> Paging:
    """Make them; what they refuse is noted in `refusals`.

    Raises:
        ConfigurationError: If a secret cannot be read.
    """
    pagers: dict[TargetKind, Pager] = {}
    if settings.pagerduty:
        pagers[TargetKind.PAGERDUTY] = PagerDuty(settings.pagerduty, http)
    if settings.opsgenie:
        pagers[TargetKind.OPSGENIE] = Opsgenie(settings.opsgenie, http)
    if settings.webhook:
        pagers[TargetKind.WEBHOOK] = SignedWebhook(settings.webhook, http)
    how = settings.on_call
    noting = {kind: NotingPager(pager, refusals, SOURCES[kind]) for kind, pager in pagers.items()}
    return Paging(noting, _schedule(how, settings.time_zone, http) if how else None)


def _schedule(settings: OnCallSettings, time_zone: str, http: httpx.AsyncClient) -> OnCallSchedule:
    if settings.pagerduty:
        return PagerDutySchedule(settings.pagerduty, settings.people, http)
    return CalendarSchedule(settings, time_zone)
