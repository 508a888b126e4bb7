"""Page through Opsgenie's alert API, which joins alerts of one alias. What it accepts it does later."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from bot.config.escalation import OpsgenieSettings
from bot.http.exchange import Answer
from bot.paging.call import Route
from handlers.domain.escalation.model import PageAct
from handlers.errors import PageNotTaken
from handlers.ports.escalation import Page

MAX_MESSAGE_CHARS = 130
MAX_DESCRIPTION_CHARS = 15_000
PRIORITIES = {"critical": "P1", "warning": "P3", "info": "P5"}
LOOKS = 3
"""How often it is asked whether it has done what it accepted; then its word is taken."""

LOOK_EVERY_S = 1.0
PATHS = {PageAct.ACKNOWLEDGE: "acknowledge", PageAct.RESOLVE: "close"}


class Opsgenie:
    """`handlers.ports.Pager` over Opsgenie."""

    def __init__(
        self, settings: OpsgenieSettings, http: httpx.AsyncClient, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        key = settings.api_key.read().get_secret_value()
        headers = {"Authorization": f"GenieKey {key}"}
        self._route = Route("Opsgenie", settings.url.rstrip("/"), settings.timeout_s, http, headers)
        self._look_every_s = look_every_s

    async def send(self, page: Page) -> None:
        """Create an alert, acknowledge or close it; a new alert is looked after until it is there.

        Raises:
            PageNotTaken: If it does not answer 202, or says that it could not do it.
        """
        if page.act is not PageAct.TRIGGER:
            alias = quote(page.key, safe="")
            body = {"source": "neumann-bot", "user": page.by[:100] or "neumann-bot"}
            path = f"/v2/alerts/{alias}/{PATHS[page.act]}?identifierType=alias"
            await self._post(path, body)
            return
        answer = await self._post("/v2/alerts", _alert(page))
        request_id = _object(answer.body).get("requestId")
        if isinstance(request_id, str) and request_id:
            await self._look(request_id)

    async def _post(self, path: str, body: dict[str, Any]) -> Answer:
        return await self._route.call("POST", path, body=json.dumps(body).encode(), taken=HTTPStatus.ACCEPTED)

    async def _look(self, request_id: str) -> None:
        """Ask whether the alert was made. Opsgenie knows nothing of a request for a moment after it."""
        for _ in range(LOOKS):
            await asyncio.sleep(self._look_every_s)
            try:
                answer = await self._route.call("GET", f"/v2/alerts/requests/{quote(request_id, safe='')}")
            except PageNotTaken:
                continue
            said = _object(answer.body).get("data")
            if isinstance(said, dict) and "isSuccess" in said:
                if said["isSuccess"] is not True:
                    status = str(said.get("status", "no reason given"))[:200].rstrip(".")
                    raise PageNotTaken(f"{self._route.where} took it and did not do it: {status}.")
                return


def _alert(page: Page) -> dict[str, Any]:
    return {
        "message": page.summary[:MAX_MESSAGE_CHARS],
        "alias": page.key,
        "description": page.summary[:MAX_DESCRIPTION_CHARS],
        "entity": page.cluster,
        "source": "neumann-bot",
        "priority": PRIORITIES.get(page.severity, "P2"),
        "details": {"incident": page.key, "tier": str(page.tier), "alerts": ", ".join(page.alerts)[:1000]},
    }


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
