"""Each route past Slack takes what it is sent, as its documentation says; each refusal is one sentence."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from starlette.responses import HTMLResponse, Response

from bot.config.escalation import OpsgenieSettings, PagerDutySettings, PagingWebhookSettings
from bot.paging.opsgenie import Opsgenie
from bot.paging.pagerduty import PagerDuty
from bot.paging.signed_webhook import SignedWebhook
from handlers.domain.escalation.model import PageAct
from handlers.errors import PageNotTaken
from handlers.ports.escalation import Page
from tests.bot.paging.conftest import Secret
from tests.bot.paging.servers import (
    GENIE_KEY,
    ROUTING_KEY,
    Fault,
    OpsgenieServer,
    PagerDutyServer,
    Receiver,
    broken,
    busy,
)
from tests.bot.web.serving import hang, reset, serve, talk
from tests.builders import NOON

KEY = "neumann-bot-inc-7-k3xqf"
PAGE = Page(
    key=KEY,
    act=PageAct.TRIGGER,
    cluster="prod",
    severity="critical",
    summary="prod: NoLeader. Nobody can be elected: two of three nodes are down. " * 40,
    alerts=("NoLeader",),
    opened_at=NOON,
    tier=2,
)
ACKNOWLEDGED, RESOLVED = replace(PAGE, act=PageAct.ACKNOWLEDGE), replace(PAGE, act=PageAct.RESOLVE)


def pagerduty(http: httpx.AsyncClient, secret: Secret, url: str, **changes: object) -> PagerDuty:
    settings = {"routing_key": secret(ROUTING_KEY), "url": f"{url}/v2/enqueue", **changes}
    return PagerDuty(PagerDutySettings.model_validate(settings), http)


def opsgenie(http: httpx.AsyncClient, secret: Secret, url: str, key: str = GENIE_KEY) -> Opsgenie:
    settings = OpsgenieSettings.model_validate({"api_key": secret(key), "url": url})
    return Opsgenie(settings, http, look_every_s=0.0)


async def test_pagerduty_joins_a_page_that_is_sent_twice_and_ends_it(http: httpx.AsyncClient, secret: Secret):
    server = PagerDutyServer()
    async with serve(server.app) as url:
        pager = pagerduty(http, secret, url)
        for page, state in (
            (PAGE, "triggered"),
            (PAGE, "triggered"),
            (ACKNOWLEDGED, "acknowledged"),
            (PAGE, "acknowledged"),
            (RESOLVED, "resolved"),
        ):
            await pager.send(page)
            assert server.state == {KEY: state}


async def test_pagerduty_passes_over_the_end_of_what_it_never_saw(http: httpx.AsyncClient, secret: Secret):
    server = PagerDutyServer()
    async with serve(server.app) as url:
        await pagerduty(http, secret, url).send(ACKNOWLEDGED)
        assert server.state == {}


@pytest.mark.parametrize("severity", ["critical", "warning", "page", ""])
async def test_every_severity_is_one_that_pagerduty_knows(
    http: httpx.AsyncClient, secret: Secret, severity: str
):
    server = PagerDutyServer()
    async with serve(server.app) as url:
        await pagerduty(http, secret, url).send(replace(PAGE, severity=severity))
        assert server.state == {KEY: "triggered"}


@pytest.mark.parametrize(
    ("fault", "says", "wait"),
    [
        (busy, "refuses with 429", timedelta(seconds=30)),
        (broken, "refuses with 500", None),
    ],
)
async def test_a_route_that_is_busy_or_broken_says_so_and_takes_it_the_next_time(
    http: httpx.AsyncClient, secret: Secret, fault: Fault, says: str, wait: timedelta | None
):
    server = PagerDutyServer(faults=[fault])
    async with serve(server.app) as url:
        pager = pagerduty(http, secret, url)
        with pytest.raises(PageNotTaken, match=says) as refused:
            await pager.send(PAGE)
        assert refused.value.wait == wait
        await pager.send(PAGE)
        assert server.state == {KEY: "triggered"}


@pytest.mark.parametrize(
    "asked", ["\u00b2", "\u0663", "1\u00b2", "-1", "1.5", "Fri, 27 Nov 2026 09:00:00 GMT", ""]
)
async def test_a_pause_that_is_no_count_of_seconds_is_passed_over(
    http: httpx.AsyncClient, secret: Secret, asked: str
):
    def odd() -> Response:
        answer = Response(status_code=503)
        answer.raw_headers.append((b"retry-after", asked.encode("utf-8")))
        return answer

    async with serve(PagerDutyServer(faults=[odd]).app) as url:
        with pytest.raises(PageNotTaken, match="refuses with 503") as refused:
            await pagerduty(http, secret, url).send(PAGE)
        assert refused.value.wait is None


def guest_network() -> Response:
    """A proxy's page to log in, in place of the route's answer."""
    return HTMLResponse("<title>Welcome to our guest network</title>")


async def test_a_page_that_some_proxy_answered_is_not_taken(http: httpx.AsyncClient, secret: Secret):
    away = [guest_network] * 2
    async with (
        serve(PagerDutyServer(faults=[*away]).app) as events,
        serve(OpsgenieServer(faults=[*away]).app) as alerts,
    ):
        for pager in (pagerduty(http, secret, events), opsgenie(http, secret, alerts)):
            for page in (PAGE, ACKNOWLEDGED):
                with pytest.raises(PageNotTaken, match="answers 200 where it says 202 when it takes a page"):
                    await pager.send(page)


async def test_an_invalid_event_is_told_in_pagerdutys_words_and_without_the_key(
    http: httpx.AsyncClient, secret: Secret
):
    async with serve(PagerDutyServer().app) as url:
        with pytest.raises(PageNotTaken, match=r"refuses with 400.*Length of 'routing_key'") as refused:
            await pagerduty(http, secret, url, routing_key=secret("too-short")).send(PAGE)
        assert "too-short" not in str(refused.value)


@pytest.mark.process
async def test_who_hangs_resets_or_is_not_there_is_told_in_one_sentence(
    http: httpx.AsyncClient, secret: Secret
):
    async with talk(hang) as url:
        with pytest.raises(PageNotTaken, match=r"gives no answer within 0\.3 s\."):
            await pagerduty(http, secret, url, timeout_s=0.3).send(PAGE)
    async with talk(reset) as url:
        with pytest.raises(PageNotTaken, match=r"PagerDuty at 127.0.0.1 cannot be reached"):
            await pagerduty(http, secret, url).send(PAGE)
    with pytest.raises(PageNotTaken, match="cannot be reached: connection refused"):
        await pagerduty(http, secret, "http://127.0.0.1:9").send(PAGE)


async def test_opsgenie_has_one_open_alert_of_an_incident_and_ends_it(
    http: httpx.AsyncClient, secret: Secret
):
    server = OpsgenieServer(knows_after=2)
    async with serve(server.app) as url:
        pager = opsgenie(http, secret, url)
        for page, state in (
            (PAGE, "open"),
            (PAGE, "open"),
            (ACKNOWLEDGED, "acknowledged"),
            (RESOLVED, "closed"),
        ):
            await pager.send(page)
            assert server.state == {KEY: state}
        assert server.came[0]["priority"] == "P1"


async def test_what_opsgenie_accepts_and_does_not_do_is_not_taken(http: httpx.AsyncClient, secret: Secret):
    server = OpsgenieServer(does_not="Could not create alert")
    async with serve(server.app) as url:
        with pytest.raises(PageNotTaken, match="took it and did not do it: Could not create alert"):
            await opsgenie(http, secret, url).send(PAGE)


async def test_where_opsgenie_never_says_what_became_of_it_its_202_is_its_word(
    http: httpx.AsyncClient, secret: Secret
):
    server = OpsgenieServer(knows_after=99)
    async with serve(server.app) as url:
        await opsgenie(http, secret, url).send(PAGE)
        assert server.asked == 3


async def test_opsgenies_refusals_are_told(http: httpx.AsyncClient, secret: Secret):
    server = OpsgenieServer()
    async with serve(server.app) as url:
        with pytest.raises(PageNotTaken, match=r"refuses with 401.*Could not authenticate") as refused:
            await opsgenie(http, secret, url, key="wrong-key").send(PAGE)
        assert "wrong-key" not in str(refused.value)
        with pytest.raises(PageNotTaken, match=r"refuses with 422.*not processable"):
            await opsgenie(http, secret, url).send(replace(PAGE, summary=""))


async def test_the_webhook_is_signed_over_its_timestamp_and_body(http: httpx.AsyncClient, secret: Secret):
    server = Receiver()
    async with serve(server.app) as url:
        settings = PagingWebhookSettings.model_validate({"url": f"{url}/pages", "secret": secret("s3cret")})
        await SignedWebhook(settings, http, now_s=lambda: 1_795_000_000.9).send(PAGE)
    headers, body = server.received[0]
    assert headers["x-neumann-timestamp"] == "1795000000"
    wanted = hmac.new(b"s3cret", b"1795000000." + body, hashlib.sha256).hexdigest()
    assert headers["x-neumann-signature"] == f"v1={wanted}"
    assert headers["x-neumann-delivery"] == json.loads(body)["delivery"] == f"{KEY}/trigger/2"
