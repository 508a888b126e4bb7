"""Real Alertmanagers, as peers of one cluster, and a real Prometheus."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from lab.alerting.prometheus import RealAlertingError, find_binaries
from lab.cluster.process import Process

try:
    find_binaries()
    MISSING = ""
except RealAlertingError as error:
    MISSING = str(error)

needs_the_real_programs = pytest.mark.skipif(bool(MISSING), reason=MISSING)


@dataclass(frozen=True)
class Program:
    """A running program and its address."""

    process: Process
    url: str

    async def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        await self.process.start()
        deadline = time.monotonic() + 30
        async with httpx.AsyncClient(trust_env=False, timeout=2) as http:
            while time.monotonic() < deadline:
                with contextlib.suppress(httpx.TransportError):
                    if (await http.get(f"{self.url}/-/ready")).is_success:
                        return
                await asyncio.sleep(0.05)
        raise AssertionError(self.process.last_words())

    async def fire(self, labels: Mapping[str, str], *, for_s: float = 600, since_s: float = 0) -> None:
        """Tell an Alertmanager, as Prometheus does, that an alert began and until when it holds for sure."""
        now = datetime.now(UTC)
        alert = {
            "labels": dict(labels),
            "annotations": {"summary": "told by a test"},
            "startsAt": (now - timedelta(seconds=since_s)).isoformat(),
            "endsAt": (now + timedelta(seconds=for_s)).isoformat(),
        }
        async with httpx.AsyncClient(trust_env=False) as http:
            (await http.post(f"{self.url}/api/v2/alerts", json=[alert])).raise_for_status()

    async def resolve(self, labels: Mapping[str, str]) -> None:
        """... that it is over."""
        await self.fire(labels, for_s=0, since_s=1)


@asynccontextmanager
async def alertmanagers(
    folder: Path,
    webhook_url: str = "http://127.0.0.1:9/",
    token: str = "t",
    count: int = 2,
    repeat_interval: str = "4h",
    **receiver: Any,
) -> AsyncIterator[list[Program]]:
    """Peers of one cluster that send everything to one webhook, a second after it comes."""
    config = folder / "alertmanager.yml"
    webhook = {"url": webhook_url, "http_config": {"authorization": {"credentials": token}}, **receiver}
    route = {"receiver": "neumann-bot", "group_by": ["cluster"], "group_wait": "1s", "group_interval": "1s"}
    route["repeat_interval"] = repeat_interval
    receivers = [{"name": "neumann-bot", "webhook_configs": [webhook]}]
    other = {"receiver": "other", "matchers": ['alertname="Unrelated"']}
    document = {"route": {**route, "routes": [other]}, "receivers": [*receivers, {"name": "other"}]}
    config.write_text(yaml.safe_dump(document))
    cluster = [free_address() for _ in range(count)]
    async with AsyncExitStack() as running:
        programs = []
        for number, gossip in enumerate(cluster):
            argv = [
                find_binaries().alertmanager,
                f"--config.file={config}",
                f"--storage.path={folder / f'am-{number}'}",
                f"--web.listen-address={(web := free_address())}",
                f"--cluster.listen-address={gossip}",
                *(f"--cluster.peer={peer}" for peer in cluster if peer != gossip),
                "--cluster.settle-timeout=1s",
                "--cluster.peer-timeout=2s",
                "--log.level=warn",
            ]
            process = Process(f"am-{number}", tuple(argv), folder / f"am-{number}.log")
            programs.append(Program(process, f"http://{web}"))
            await programs[-1].start()
            running.push_async_callback(process.stop)
        yield programs


@asynccontextmanager
async def prometheus(
    folder: Path, rules: Mapping[str, Any], target: str, alertmanager_url: str = ""
) -> AsyncIterator[Program]:
    """One that scrapes `target`, a host and port, and evaluates the rules every second."""
    (folder / "rules.yml").write_text(yaml.safe_dump(rules))
    scrape = {"targets": [target], "labels": {"cluster": "demo", "node": "node1"}}
    document: dict[str, Any] = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [{"job_name": "neumann", "static_configs": [scrape]}],
    }
    if alertmanager_url:
        address = alertmanager_url.removeprefix("http://")
        document["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [address]}]}]}
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump(document))
    argv = [
        find_binaries().prometheus,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={(web := free_address())}",
        "--log.level=warn",
    ]
    program = Program(Process("prometheus", tuple(argv), folder / "prometheus.log"), f"http://{web}")
    await program.start()
    try:
        yield program
    finally:
        await program.process.stop()


def free_address() -> str:
    """A loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"
