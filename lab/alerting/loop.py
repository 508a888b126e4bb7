"""Prometheus and Alertmanager in one loop: scrape, evaluate the rules, notify."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx

from lab.alerting.alerts import Alerts, advance
from lab.alerting.notifier import Delivery, Notifier, Timing
from lab.alerting.rules import RuleSet, scaled
from lab.alerting.samples import SampleStore
from lab.alerting.scrape import Target, scrape_all

SCRAPE_INTERVAL_S = 0.5
"""Also the evaluation interval: the rules are looked at after every scrape."""


class Alerting:
    """Watches targets by the given rules and posts alerts to a webhook.

    speed divides every `for` and range of the rules. token goes into the Authorization header as a bearer.
    """

    def __init__(
        self,
        rules: RuleSet,
        targets: Sequence[Target],
        webhook_url: str,
        token: str,
        *,
        speed: float = 1.0,
        timing: Timing | None = None,
    ) -> None:
        self.rules = scaled(rules, speed)
        self._targets = tuple(targets)
        self._notifier = Notifier(webhook_url, token, timing=timing or Timing())
        self._store = SampleStore()
        self._alerts: list[Alerts] = [{} for _ in self.rules.rules]

    @property
    def deliveries(self) -> deque[Delivery]:
        """The last thousand POSTs, oldest first."""
        return self._notifier.deliveries

    async def run(self) -> None:
        """Scrape, evaluate and notify until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._notifier.run())
            tasks.create_task(self._watch())

    async def _watch(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                next_s = time.monotonic() + SCRAPE_INTERVAL_S
                await scrape_all(client, self._targets, self._store)
                self._evaluate(time.monotonic(), datetime.now(UTC))
                await asyncio.sleep(next_s - time.monotonic())

    def _evaluate(self, now_s: float, wall: datetime) -> None:
        for index, rule in enumerate(self.rules.rules):
            vector = rule.query(self._store, now_s)
            self._alerts[index] = advance(rule, self._alerts[index], vector, now_s, wall)
            self._notifier.receive(self._alerts[index].values())
