"""A plot is one query to the configured Prometheus; where that fails, one sentence says so in its place."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from urllib.parse import parse_qs, quote

import httpx
import pytest
from aiohttp import web
from redis.asyncio import Redis
from slack_sdk.web.async_client import AsyncWebClient

from bot.alerting.prometheus import MAX_BYTES_OF_OTHERS, PrometheusClient
from bot.config import PrometheusSettings
from bot.http.client import http_client
from bot.slack.delivery.attachments import ThreadAttachments, due
from bot.slack.delivery.plots import Wanted, wanted
from bot.slack.delivery.thread_sync import SlackThread
from bot.store.timelines import TimelineStore
from handlers.domain.alerts import CANARY
from handlers.domain.events.triage import HandOffDrawnUp
from handlers.domain.incident import Incident
from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer
from tests.bot.conftest import INCIDENTS
from tests.bot.incidents import incident
from tests.bot.web.serving import page, talk
from tests.builders import NOON, alert, evidence, healthy, opened
from tests.lab.alerting.stubs import serving
from tests.runbooks.declared.texts import declared, in_use

QUERY_RANGE = "/api/v1/query_range"
EXPRESSION = "disk_free_bytes < 1e10"
LINK = f"http://prometheus.example:9090/graph?g0.expr={quote(EXPRESSION)}"


def unknown(link: str = LINK, name: str = "DiskFull") -> Incident:
    told = alert(name, node="node1").model_copy(update={"generator_url": link})
    return incident(opened(told, runbook=f"alert:{name}"))


def answer(*nodes: str) -> str:
    values = [[NOON.timestamp() - 900 + 15 * number, str(9e9 - number * 1e7)] for number in range(60)]
    result = [{"metric": {"__name__": "disk_free_bytes", "node": node}, "values": values} for node in nodes]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})


def answering(bodies: list[str]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A Prometheus that notes what it is asked."""

    async def handle(request: web.Request) -> web.Response:
        bodies.append(await request.text())
        return web.Response(text=answer("node1", "node2"), content_type="application/json")

    return handle


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(httpx.Timeout(None)) as client:
        yield client


def test_an_alert_without_a_runbook_has_its_expression_plotted() -> None:
    assert wanted(unknown()) == {"expression": Wanted("DiskFull", "disk_free_bytes", 1e10)}
    assert list(due(unknown())) == ["expression"]


def test_what_tells_no_expression_the_test_alert_and_one_with_rules_have_none() -> None:
    assert wanted(unknown("")) == {}
    assert wanted(unknown(name=CANARY)) == {}
    assert wanted(incident(opened(alert().model_copy(update={"generator_url": LINK})))) == {}


def test_a_runbook_of_text_has_the_plots_that_it_asks_for() -> None:
    runbook = declared()
    drawn_up = HandOffDrawnUp(at=NOON, hand_off=runbook.hand_off(evidence(*healthy())))
    with in_use(runbook):
        told = alert("RootDiskFull").model_copy(update={"generator_url": LINK})
        shown = incident(opened(told, runbook="disk-full"), drawn_up)
        query = 'tensor_chain_disk_free_bytes{cluster="demo"}'
        assert wanted(shown) == {"plot-1": Wanted("Free bytes", query)}


class Files:
    """A thread with its attachments, and what came into it."""

    def __init__(
        self, client: AsyncWebClient, redis: Redis, prefix: str, store: TimelineStore, alice: Person
    ) -> None:
        self._parts = (client, redis, prefix)
        self._store, self._alice = store, alice
        self._thread = SlackThread(client, redis, prefix, lambda _: INCIDENTS)

    async def of(self, shown: Incident, prometheus: PrometheusClient | None) -> list[dict[str, str]]:
        await self._thread.sync(shown)
        attachments = ThreadAttachments(*self._parts, self._thread, self._store, prometheus=prometheus)
        for _ in range(2):
            await attachments.sync(shown)
        return [file for message in await self._alice.messages() for file in message.get("files", [])]


@pytest.fixture
def files(
    slack_client: AsyncWebClient, redis: Redis, prefix: str, store: TimelineStore, alice: Person
) -> Files:
    return Files(slack_client, redis, prefix, store, alice)


def asked(http: httpx.AsyncClient, url: str) -> PrometheusClient:
    return PrometheusClient(PrometheusSettings(url=url), http)


async def test_it_is_asked_for_once_over_the_hour_before_with_a_deadline_for_prometheus_too(
    files: Files, http: httpx.AsyncClient, parts: AsyncExitStack
) -> None:
    bodies: list[str] = []
    url = await parts.enter_async_context(serving("POST", QUERY_RANGE, answering(bodies)))
    (file,) = await files.of(unknown(), asked(http, url.removesuffix(QUERY_RANGE)))
    assert file["name"] == "inc-7-expression.png"
    assert file["alt_txt"].startswith("DiskFull, demo")
    (body,) = bodies
    query = {name: values[0] for name, values in parse_qs(body).items()}
    assert query["query"] == "disk_free_bytes"
    assert query["start"] == (NOON - timedelta(hours=1)).isoformat()
    assert float(query["timeout"]) == 5.0


FAILURES = {
    "it refuses": (("400 Bad Request", "parse error"), "refuses with 400: parse error"),
    "it has nothing": (("200 OK", answer()), "Prometheus has no samples of it in the hour before the alert."),
    "it says too much": (("200 OK", " " * (MAX_BYTES_OF_OTHERS + 1)), "the answer is larger than 2000 kB"),
    "it is another server": (("200 OK", "<html>"), "answers with something that is not JSON"),
}


@pytest.mark.parametrize("how", FAILURES)
async def test_where_that_fails_one_sentence_stands_in_its_place(
    files: Files, slack: SlackWorkspaceServer, http: httpx.AsyncClient, parts: AsyncExitStack, how: str
) -> None:
    (status, body), why = FAILURES[how]
    url = await parts.enter_async_context(talk(page(body, status=status)))
    (file,) = await files.of(unknown(), asked(http, url))
    assert file["name"] == "inc-7-expression.txt"
    said = (slack.workspace.files.find(file["id"]).content or b"").decode()
    assert said.startswith("No plot of disk_free_bytes: ")
    assert why in said


async def test_without_a_prometheus_there_is_no_plot_and_no_word_of_it(files: Files) -> None:
    assert await files.of(unknown(), None) == []


async def test_the_host_that_the_alert_names_is_never_asked(
    files: Files, http: httpx.AsyncClient, parts: AsyncExitStack
) -> None:
    met: list[str] = []
    theirs = await parts.enter_async_context(serving("*", QUERY_RANGE, answering(met)))
    ours = await parts.enter_async_context(talk(page(answer("node1"))))
    link = f"{theirs}?g0.expr=up"
    (file,) = await files.of(unknown(link), asked(http, ours))
    assert file["name"].endswith(".png")
    assert met == []
