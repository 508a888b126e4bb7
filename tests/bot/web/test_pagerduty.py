"""PagerDuty's V3 webhook acknowledges what it names, and whoever cannot sign acknowledges nothing."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.routing import Route

from bot.web.pagerduty import PagerDutyWebhook
from handlers.domain.events.base import Person
from handlers.errors import StoreDown
from tests.bot.web.serving import serve

KEY = "neumann-bot-inc-7-k3xqf"
SECRET, NEXT_SECRET = "subscription-secret", "the-one-after-it"


ANN = {
    "html_url": "https://acme.pagerduty.com/users/PLH1HKV",
    "id": "PLH1HKV",
    "self": "https://api.pagerduty.com/users/PLH1HKV",
    "summary": "Ann <b>Lee",
    "type": "user_reference",
}
THE_BOTS_OWN = {"id": "PF9KMXH", "summary": "neumann-bot", "type": "service_reference"}
"""Who acknowledged where the Events API was told to: the service whose routing key was used."""


def delivery(
    event_type: str = "incident.acknowledged", agent: dict[str, str] | None = ANN, **data: object
) -> bytes:
    """A delivery as PagerDuty's webhook documentation shows it."""
    return json.dumps(
        {
            "event": {
                "id": "01DCPDF6J30B9XS9D46U7EWRFK",
                "event_type": event_type,
                "resource_type": "incident",
                "occurred_at": "2026-11-24T12:05:00.123Z",
                "agent": agent,
                "client": None,
                "data": {"id": "PGR0VU2", "type": "incident", "number": 2, "incident_key": KEY, **data},
            }
        }
    ).encode()


def signed(body: bytes, *secrets: str) -> str:
    """The header; while a secret is exchanged it holds one signature of each."""
    made = (hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in secrets)
    return ",".join(f"v1={each}" for each in made)


@dataclass
class Site:
    """The route on a socket of its own."""

    http: httpx.AsyncClient
    taken: list[tuple[str, Person, datetime]] = field(default_factory=list)
    redis_is_down: bool = False

    async def acknowledge(self, key: str, by: Person, at: datetime) -> str | None:
        if self.redis_is_down:
            raise StoreDown
        self.taken.append((key, by, at))
        return "inc-7-k3xqf"

    async def post(self, body: bytes, header: str) -> int:
        return (
            await self.http.post("/pagerduty", content=body, headers={"X-PagerDuty-Signature": header})
        ).status_code


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    async def acknowledge(key: str, by: Person, at: datetime) -> str | None:
        return await made.acknowledge(key, by, at)

    webhook = PagerDutyWebhook((SECRET, NEXT_SECRET), acknowledge)
    app = Starlette(routes=[Route("/pagerduty", webhook.pagerduty, methods=["POST"])])
    async with serve(app) as url, httpx.AsyncClient(base_url=url) as http:
        made = Site(http)
        yield made


async def test_an_acknowledgement_there_is_passed_on_with_who_and_when(site: Site):
    body = delivery()
    assert await site.post(body, signed(body, SECRET)) == 200
    key, by, at = site.taken[0]
    assert (key, by.id, at.isoformat()) == (KEY, "pagerduty:PLH1HKV", "2026-11-24T12:05:00.123000+00:00")
    assert by.name == "Ann <b>Lee (PagerDuty)"


@pytest.mark.parametrize("secrets", [(SECRET,), (NEXT_SECRET,), ("a former one", SECRET)])
async def test_any_of_the_signatures_by_any_of_the_secrets_will_do(site: Site, secrets: tuple[str, ...]):
    body = delivery()
    assert await site.post(body, signed(body, *secrets)) == 200
    assert len(site.taken) == 1


@pytest.mark.parametrize(
    "header", ["", "v1=", "v1=00", signed(delivery(), "guessed"), signed(b"{}", SECRET), "v1=ü" * 40]
)
async def test_who_cannot_sign_this_very_body_acknowledges_nothing(site: Site, header: str):
    raw = header.encode("latin-1").decode("latin-1")
    response = await site.http.post(
        "/pagerduty", content=delivery(), headers=[(b"X-PagerDuty-Signature", raw.encode("latin-1"))]
    )
    assert (response.status_code, site.taken) == (401, [])


@pytest.mark.parametrize(
    "agent", [THE_BOTS_OWN, None, {**ANN, "type": "app_reference"}, {"id": "PLH1HKV", "summary": "Ann"}]
)
async def test_what_no_person_did_there_is_no_acknowledgement(site: Site, agent: dict[str, str] | None):
    """The bot tells PagerDuty `acknowledge` itself once a plan is confirmed, and hears of that too."""
    body = delivery(agent=agent)
    assert await site.post(body, signed(body, SECRET)) == 200
    assert site.taken == []


@pytest.mark.parametrize(
    "body",
    [
        delivery("pagey.ping"),
        delivery("incident.resolved"),
        delivery(incident_key=None),
        b'{"event": {"event_type": "incident.acknowledged"}}',
        b"[]",
        b"nothing of JSON",
    ],
)
async def test_all_else_that_pagerduty_sends_changes_nothing_and_is_not_sent_again(site: Site, body: bytes):
    assert await site.post(body, signed(body, SECRET)) == 200
    assert site.taken == []


async def test_while_redis_is_down_pagerduty_is_asked_to_send_it_again(site: Site):
    site.redis_is_down = True
    body = delivery()
    assert await site.post(body, signed(body, SECRET)) == 503


async def test_a_body_that_is_too_large_is_not_read(site: Site):
    assert await site.post(b" " * 300_000, "v1=00") == 413
