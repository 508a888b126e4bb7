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

from bot.alerting.prometheus import PrometheusClient
from bot.config import PrometheusSettings
from bot.http.client import http_client
from handlers.errors import SourceDown
from tests.bot.conftest import Becomes
from tests.bot.real_alerting import needs_the_real_programs, prometheus
from tests.bot.web.serving import page, talk
from tests.lab.alerting.stubs import Exporter, serving

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


@pytest.mark.parametrize("body", ["{}", "[]", "null", '{"data": {"result": [7]}}', '{"data": {"result": 7}}'])
async def test_an_answer_of_another_shape_is_one_sentence(
    body: str, http: httpx.AsyncClient, parts: AsyncExitStack
) -> None:
    url = await parts.enter_async_context(talk(page(body)))
    with pytest.raises(SourceDown, match=r"^Prometheus at 127\.0\.0\.1:\d+ answers in a shape"):
        await client(http, url).firing(["NoLeader"])
