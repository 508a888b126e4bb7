"""Prometheus says what fired and for how long, and gives series as plain samples."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.alerting.prometheus import PrometheusClient
from bot.config import PrometheusSettings
from bot.http.client import http_client
from handlers.errors import SourceDown
from tests.bot.conftest import Becomes
from tests.bot.real_alerting import needs_the_real_programs, prometheus
from tests.bot.web.serving import page, serve, talk
from tests.lab.alerting.stubs import Exporter, serving

QUERY = "/api/v1/query"
RULES = {
    "groups": [
        {
            "name": "test",
            "rules": [
                {"alert": "NoLeader", "expr": "leader == 0", "labels": {"severity": "critical"}},
                {"alert": "Un.related", "expr": "leader == 0"},
            ],
        }
    ]
}


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(httpx.Timeout(None)) as client:
        yield client


def client(http: httpx.AsyncClient, url: str) -> PrometheusClient:
    return PrometheusClient(PrometheusSettings(url=url), http)


@pytest.mark.process
@needs_the_real_programs
async def test_what_fires_what_fired_and_the_series_of_the_nodes(
    tmp_path: Path, http: httpx.AsyncClient, parts: AsyncExitStack, becomes: Becomes
) -> None:
    exporter = Exporter(text="leader 0\ntensor_chain_elections_total 3\ntensor_chain_term 7\n")
    target = await parts.enter_async_context(serving("GET", "/metrics", exporter.handle))
    address = target.removeprefix("http://").removesuffix("/metrics")
    real = await parts.enter_async_context(prometheus(tmp_path, RULES, address))
    asked = client(http, real.url)

    (labels,) = await becomes(lambda: asked.firing(["NoLeader"]))
    assert labels == {
        "alertname": "NoLeader",
        "severity": "critical",
        "job": "neumann",
        "cluster": "demo",
        "node": "node1",
        "instance": address,
    }
    exporter.text = "leader 1\ntensor_chain_elections_total 5\ntensor_chain_term 9\n"

    async def over() -> bool:
        return not await asked.firing(["NoLeader"])

    await becomes(over)
    (fired,) = await asked.fired(["NoLeader", "ElectionStorm"], lookback_s=300)
    assert fired.labels == labels
    assert timedelta() <= fired.last - fired.first < timedelta(seconds=60)
    assert await asked.fired(["Un-related"], lookback_s=300) == (), "a name is no pattern"

    now = datetime.now(UTC)
    (elections,) = await asked.elections("demo", now - timedelta(minutes=1), now, step_s=1)
    assert elections.labels["node"] == "node1"
    assert {sample.value for sample in elections.samples} <= {3.0, 5.0}
    (term,) = await asked.term("demo", now - timedelta(minutes=1), now, step_s=1)
    assert all(after.at > before.at for before, after in pairwise(term.samples))
    assert await asked.term('de"mo', now - timedelta(minutes=1), now) == ()
    (thinned,) = await asked.series("vector(1)", now - timedelta(days=10), now, step_s=1)
    assert 10_000 < len(thinned.samples) <= 11_000
    # It looks back five minutes for the newest sample, so minutes to come show what is so now.
    soon = now + timedelta(minutes=3, seconds=30)
    exporter.text = 'tensor_chain_raft_state{state="follower"} 1\n'

    async def nobody_leads() -> bool:
        record = await asked.leader_record("demo", now, soon)
        return timedelta(minutes=3) <= record.known == record.leaderless

    await becomes(nobody_leads)
    exporter.text = 'tensor_chain_raft_state{state="Leader"} 1\n'

    async def one_leads() -> bool:
        record = await asked.leader_record("demo", now, soon)
        return timedelta(minutes=3) <= record.known and not record.leaderless

    await becomes(one_leads)
    assert (await asked.leader_record('de"mo', now, soon)).known == timedelta()
    with pytest.raises(SourceDown, match=r"refuses with 400: .*parse error"):
        await asked.series("sum(", now - timedelta(minutes=1), now)


def matrix(*moments_s: float) -> str:
    labels = {"__name__": "ALERTS", "alertstate": "firing", "alertname": "NoLeader"}
    result = {"metric": labels, "values": [[at, "1"] for at in moments_s]}
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [result]}})


FIRINGS = {
    "one": ((0, 15, 30), [(0, 30)]),
    "a missed evaluation": ((0, 15, 45, 60), [(0, 60)]),
    "two": ((0, 15, 30, 300, 315), [(0, 30), (300, 315)]),
    "a single sample": ((40,), [(40, 40)]),
    "none": ((), []),
}


@pytest.mark.parametrize(("moments_s", "firings"), FIRINGS.values(), ids=FIRINGS.keys())
async def test_samples_become_firings(
    moments_s: tuple[float, ...],
    firings: list[tuple[float, float]],
    http: httpx.AsyncClient,
    parts: AsyncExitStack,
) -> None:
    url = await parts.enter_async_context(talk(page(matrix(*moments_s))))
    found = await client(http, url).fired(["NoLeader"], lookback_s=600)
    assert [(each.first.timestamp(), each.last.timestamp()) for each in found] == firings
    assert all(each.labels == {"alertname": "NoLeader"} for each in found)


def vector(count: float | str | None) -> str:
    result = [] if count is None else [{"metric": {"cluster": "demo"}, "value": [0, str(count)]}]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})


async def answering(parts: AsyncExitStack, count: float | str | None) -> str:
    """The address of a Prometheus that answers every query with one count, or with nothing."""

    async def answer(_: Request) -> Response:
        return Response(vector(count), media_type="application/json")

    return await parts.enter_async_context(serve(Starlette(routes=[Route(QUERY, answer, methods=["POST"])])))


@pytest.mark.parametrize(("days", "queries"), [(1, 1), (7, 1), (30, 5)])
async def test_a_month_is_asked_about_a_week_at_a_time(
    days: int, queries: int, http: httpx.AsyncClient, parts: AsyncExitStack
) -> None:
    url = await answering(parts, 600)
    start = datetime(2026, 11, 1, tzinfo=UTC)
    record = await client(http, url).leader_record("demo", start, start + timedelta(days=days))
    assert (record.known, record.leaderless) == (timedelta(hours=10 * queries), timedelta())


@pytest.mark.parametrize("count", ["NaN", "+Inf", "-1", "1e300", "1442", "many"])
async def test_a_count_that_cannot_be_is_no_answer(
    count: str, http: httpx.AsyncClient, parts: AsyncExitStack
) -> None:
    url = await answering(parts, count)
    start = datetime(2026, 11, 1, tzinfo=UTC)
    with pytest.raises(SourceDown):
        await client(http, url).leader_record("demo", start, start + timedelta(days=1))


async def test_where_it_kept_nothing_it_knows_nothing(http: httpx.AsyncClient, parts: AsyncExitStack) -> None:
    url = await answering(parts, None)
    start = datetime(2026, 11, 1, tzinfo=UTC)
    record = await client(http, url).leader_record("demo", start, start + timedelta(days=1))
    assert (record.known, record.leaderless) == (timedelta(), timedelta())
    none = await client(http, url).leader_record("demo", start, start)
    assert none.known == timedelta()


@pytest.mark.parametrize("body", ["{}", "[]", "null", '{"data": {"result": [7]}}', '{"data": {"result": 7}}'])
async def test_an_answer_of_another_shape_is_one_sentence(
    body: str, http: httpx.AsyncClient, parts: AsyncExitStack
) -> None:
    url = await parts.enter_async_context(talk(page(body)))
    with pytest.raises(SourceDown, match=r"^Prometheus at 127\.0\.0\.1:\d+ answers in a shape"):
        await client(http, url).firing(["NoLeader"])
