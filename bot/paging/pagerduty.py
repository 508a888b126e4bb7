"""Page through PagerDuty's Events API v2, which joins events of one `dedup_key`."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import httpx

from bot.config.escalation import PagerDutySettings
from bot.paging.call import Route
from handlers.domain.escalation.model import PageAct
from handlers.ports.escalation import Page

MAX_SUMMARY_CHARS = 1024
"""Of PD-CEF; a longer one is cut there."""

SEVERITIES = {"critical": "critical", "warning": "warning", "info": "info"}


class PagerDuty:
    """`handlers.ports.Pager` over PagerDuty."""

    def __init__(self, settings: PagerDutySettings, http: httpx.AsyncClient) -> None:
        self._route = Route("PagerDuty", settings.url, settings.timeout_s, http)
        self._key = settings.routing_key.read().get_secret_value()

    async def send(self, page: Page) -> None:
        """Enqueue an event; PagerDuty passes over the end of what it does not know.

        Raises:
            PageNotTaken: If it does not answer 202.
        """
        event: dict[str, Any] = {
            "routing_key": self._key,
            "event_action": page.act.value,
            "dedup_key": page.key,
        }
        if page.act is PageAct.TRIGGER:
            event["payload"] = {
                "summary": page.summary[:MAX_SUMMARY_CHARS],
                "source": page.cluster,
                "severity": SEVERITIES.get(page.severity, "error"),
                "timestamp": page.opened_at.isoformat(),
                "component": page.cluster,
                "group": ", ".join(page.alerts)[:200],
                "custom_details": {"incident": page.key, "tier": page.tier, "alerts": list(page.alerts)},
            }
        await self._route.call("POST", "", body=json.dumps(event).encode(), taken=HTTPStatus.ACCEPTED)
