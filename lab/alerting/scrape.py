"""Reads the metrics of the nodes as Prometheus does: one `up` per target, and its series."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from prometheus_client.parser import text_string_to_metric_families

from lab.alerting.samples import Labels, SampleStore, labels_of

_TIMEOUT_S = 0.4
_MAX_BODY_BYTES = 1_000_000


class ScrapeError(Exception):
    """The target answered with something that is not Prometheus' text format."""


@dataclass(frozen=True)
class Target:
    """One node to scrape: metrics_url in full, such as http://127.0.0.1:9090/metrics."""

    cluster: str
    node: str
    metrics_url: str

    @property
    def instance(self) -> str:
        """The host and port, as Prometheus names a target."""
        return urlsplit(self.metrics_url).netloc

    @property
    def labels(self) -> dict[str, str]:
        """The labels every series of the target carries."""
        return {"job": "neumann", "cluster": self.cluster, "node": self.node, "instance": self.instance}


async def scrape_all(client: httpx.AsyncClient, targets: Sequence[Target], store: SampleStore) -> None:
    """Scrape every target at the same time and record what came; one that fails is recorded as up 0."""
    await asyncio.gather(*(_scrape(client, target, store) for target in targets))


async def _scrape(client: httpx.AsyncClient, target: Target, store: SampleStore) -> None:
    started_s = time.monotonic()
    series: dict[Labels, float] = {}
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            series = parse_metrics(await _fetch(client, target.metrics_url), target)
        up = 1.0
    except (httpx.HTTPError, TimeoutError, ScrapeError):
        up = 0.0
    store.record(target.instance, started_s, {**series, labels_of({**target.labels, "__name__": "up"}): up})


async def _fetch(client: httpx.AsyncClient, url: str) -> str:
    async with client.stream("GET", url) as response:
        response.raise_for_status()
        if "html" in response.headers.get("content-type", ""):
            raise ScrapeError("a web page, not an exporter")
        body = b""
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _MAX_BODY_BYTES:
                raise ScrapeError(f"more than {_MAX_BODY_BYTES} bytes")
    return body.decode("utf-8", "replace")


def parse_metrics(text: str, target: Target) -> dict[Labels, float]:
    """Return the target's series; a label that clashes with one of the target's own becomes exported_…

    Raises ScrapeError for anything that is not the text format.
    """
    own = target.labels
    try:
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    except ValueError as error:
        raise ScrapeError(str(error)) from error
    return {
        labels_of(
            {
                **{
                    (f"exported_{name}" if name in own else name): value
                    for name, value in sample.labels.items()
                },
                **own,
                "__name__": sample.name,
            }
        ): float(sample.value)
        for sample in samples
    }
