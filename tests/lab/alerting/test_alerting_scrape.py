"""Scraping gives every target an `up`, whatever it answers."""

import time

import httpx
import pytest

from lab.alerting.samples import SampleStore
from lab.alerting.scrape import ScrapeError, Target, parse_metrics, scrape_all
from tests.lab.alerting.stubs import Exporter

METRICS = """# TYPE tensor_chain_raft_state gauge
tensor_chain_raft_state{state="leader"} 1
# TYPE tensor_chain_elections_total counter
tensor_chain_elections_total 7
"""
TARGET = Target("demo", "node1", "http://127.0.0.1:9090/metrics")


async def scraped(target: Target) -> dict[str, float]:
    store = SampleStore()
    async with httpx.AsyncClient(trust_env=False) as client:
        await scrape_all(client, [target], store)
    now_s = time.monotonic()
    return {dict(labels)["__name__"]: value for labels, value in store.instant(lambda _: True, now_s).items()}


async def test_a_node_that_answers_is_up_with_its_series(exporter: Exporter):
    exporter.text = METRICS
    assert await scraped(Target("demo", "node1", exporter.url)) == {
        "up": 1.0,
        "tensor_chain_raft_state": 1.0,
        "tensor_chain_elections_total": 7.0,
    }


@pytest.mark.parametrize(
    ("text", "content_type"),
    [
        (METRICS, "text/html"),
        ("<html><body>Metrics</body></html>", "text/plain"),
        ("# only a comment\n" * 100_000, "text/plain"),
        (None, "text/plain"),
    ],
    ids=["a web page", "a web page in disguise", "too long", "an error"],
)
async def test_what_is_no_exporter_is_down(exporter: Exporter, text: str | None, content_type: str):
    exporter.text, exporter.content_type = text, content_type
    assert await scraped(Target("demo", "node1", exporter.url)) == {"up": 0.0}


async def test_a_port_nobody_listens_on_is_down(unused_tcp_port: int):
    target = Target("demo", "node1", f"http://127.0.0.1:{unused_tcp_port}/metrics")
    assert await scraped(target) == {"up": 0.0}


def test_every_series_carries_the_targets_labels_and_a_clash_is_renamed():
    (labels,) = parse_metrics('raft{node="me",state="leader",empty=""} 1\n', TARGET)
    assert dict(labels) == {
        "__name__": "raft",
        "cluster": "demo",
        "exported_node": "me",
        "instance": "127.0.0.1:9090",
        "job": "neumann",
        "node": "node1",
        "state": "leader",
    }


def test_text_in_another_format_is_refused():
    with pytest.raises(ScrapeError):
        parse_metrics("{not metrics", TARGET)
