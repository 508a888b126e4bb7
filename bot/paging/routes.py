"""Make the routes past Slack and the schedule that the settings ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from bot.escalation_settings import EscalationSettings, OnCallSettings
from bot.http.client import http_client
from bot.paging.calendar import CalendarSchedule
from bot.paging.opsgenie import Opsgenie
from bot.paging.pagerduty import PagerDuty
from bot.paging.pagerduty_schedule import PagerDutySchedule
from bot.paging.signed_webhook import SignedWebhook
from handlers.domain.escalation.model import TargetKind
from handlers.ports.escalation import OnCallSchedule, Pager


@dataclass(frozen=True)
class Paging:
    """The configured routes by their kind, and the schedule, if there is one."""

    pagers: Mapping[TargetKind, Pager]
    schedule: OnCallSchedule | None


@asynccontextmanager
async def paging(settings: EscalationSettings) -> AsyncIterator[Paging]:
    """Make them, on a client of their own.

    Raises:
        ConfigurationError: If a secret cannot be read.
    """
    async with http_client(httpx.Timeout(None)) as http:  # each call has its deadline
        pagers: dict[TargetKind, Pager] = {}
        if settings.pagerduty:
            pagers[TargetKind.PAGERDUTY] = PagerDuty(settings.pagerduty, http)
        if settings.opsgenie:
            pagers[TargetKind.OPSGENIE] = Opsgenie(settings.opsgenie, http)
        if settings.webhook:
            pagers[TargetKind.WEBHOOK] = SignedWebhook(settings.webhook, http)
        how = settings.on_call
        yield Paging(pagers, _schedule(how, settings.time_zone, http) if how else None)


def _schedule(settings: OnCallSettings, time_zone: str, http: httpx.AsyncClient) -> OnCallSchedule:
    if settings.pagerduty:
        return PagerDutySchedule(settings.pagerduty, settings.people, http)
    return CalendarSchedule(settings, time_zone)
