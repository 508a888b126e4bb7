"""Watches the lab's nodes, and posts Alertmanager's webhook when nobody leads or something ails a node."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import httpx

from lab.alerting.rule_words import read_rules
from lab.alerting.webhook import Alert, webhook_body

POLL_S = 0.25
EXTERNAL_URL = "http://lab-alerting.invalid"
"""Where links in notifications lead: nowhere, there is no Alertmanager behind them."""

_HEALTH_TIMEOUT_S, _WEBHOOK_TIMEOUT_S = 0.4, 5.0

_FIGURE = re.compile(
    r"^tensor_chain_(commit_index|applied_index|memory_bytes|memory_limit_bytes|deadlocks_total) (\S+)$",
    re.MULTILINE,
)
BOUNDS = {"HighReplicationLag": 1000, "HighMemoryUsage": 0.85, "HighDeadlockRate": 1.0}
"""The bounds of the shipped rules."""

RATE_OVER = 8
"""So many looks, two seconds: a rule's range of minutes would outlast the demo."""

Figures = Mapping[str, float]

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Delivery:
    """One POST; `sent_at_s` is time.monotonic(), `status_code` None where no answer came."""

    sent_at_s: float
    status: str
    alertnames: tuple[str, ...]
    status_code: int | None


class Alerting:
    """Raises the shipped alerts that a lab can fire, for one cluster and in the rules' own words.

    Args:
        cluster: The cluster's name.
        nodes: Base URL of each node's /health and /metrics, by the node's name.
        webhook_url: Where notifications go.
        token: The bearer token that the webhook demands.
        speed: Divides the rules' waits.
        group_interval_s: The least time between two notifications that arrived.
    """

    def __init__(
        self,
        cluster: str,
        nodes: Mapping[str, str],
        webhook_url: str,
        token: str,
        *,
        speed: float = 1.0,
        group_interval_s: float = 1.0,
    ) -> None:
        self.deliveries: deque[Delivery] = deque(maxlen=1000)
        self._cluster = cluster
        self._nodes = dict(nodes)
        self._webhook_url = webhook_url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._rules = read_rules(speed)
        self._group_interval_s = group_interval_s
        self._pending: dict[Labels, float] = {}  # true now, and since when
        self._alerts: dict[Labels, Alert] = {}  # firing, or resolved and not told yet
        self._deadlocks = {name: deque[float](maxlen=RATE_OVER + 1) for name in nodes}
        self._told: frozenset[Labels] = frozenset()  # what the receiver takes to be firing
        self._not_before_s = 0.0

    async def run(self) -> None:
        """Look, judge and notify until cancelled."""
        async with httpx.AsyncClient(trust_env=False, timeout=_HEALTH_TIMEOUT_S) as client:
            while True:
                next_s = time.monotonic() + POLL_S
                urls = self._nodes.values()
                roles = await asyncio.gather(*(self._role(client, url) for url in urls))
                figures = await asyncio.gather(*(self._figures(client, url) for url in urls))
                true = self._of_roles(dict(zip(self._nodes, roles, strict=True)))
                true |= self._of_figures(dict(zip(self._nodes, figures, strict=True)))
                self._judge(true, time.monotonic())
                await self._notify(client)
                await asyncio.sleep(next_s - time.monotonic())

    async def _role(self, client: httpx.AsyncClient, url: str) -> str | None:
        """Return a node's Raft role; None where it does not answer as a node does."""
        try:
            async with asyncio.timeout(_HEALTH_TIMEOUT_S):
                return str((await client.get(f"{url}/health")).raise_for_status().json()["raft_state"])
        except (httpx.HTTPError, TimeoutError, ValueError, KeyError):
            return None

    async def _figures(self, client: httpx.AsyncClient, url: str) -> Figures:
        """Return what a node's page says of itself; empty where it shows none."""
        try:
            async with asyncio.timeout(_HEALTH_TIMEOUT_S):
                page = (await client.get(f"{url}/metrics")).raise_for_status().text
        except (httpx.HTTPError, TimeoutError):
            return {}
        return {name: float(value) for name, value in _FIGURE.findall(page)}

    def _of_roles(self, roles: Mapping[str, str | None]) -> dict[Labels, float]:
        """Return what is wrong with who leads and who answers, with the value that its rule shows."""
        leaders = sum(role == "leader" for role in roles.values())
        down = [self._labels("NodeDown", node=node) for node, role in roles.items() if role is None]
        # The shipped Alertmanager lets NoLeader inhibit it: what fires goes on, and nothing new is told.
        true: dict[Labels, float] = {labels: 0 for labels in down if leaders or labels in self._alerts}
        if not leaders:
            true[self._labels("NoLeader")] = len(roles)
        elif leaders > 1:
            true[self._labels("MultipleLeaders")] = leaders
        return true

    def _of_figures(self, figures: Mapping[str, Figures]) -> dict[Labels, float]:
        """Return what is wrong with single nodes by their own figures."""
        found = {("HighReplicationLag", node): lag for node, lag in _lags(figures).items()}
        for node, each in figures.items():
            if limit := each.get("memory_limit_bytes"):
                found["HighMemoryUsage", node] = each.get("memory_bytes", 0) / limit
            counts = self._deadlocks[node]
            if "deadlocks_total" in each:  # a page that was not read in time says nothing
                counts.append(each["deadlocks_total"])
            if len(counts) > RATE_OVER:
                found["HighDeadlockRate", node] = (counts[-1] - counts[0]) / (RATE_OVER * POLL_S)
        return {
            self._labels(name, node=node): seen for (name, node), seen in found.items() if seen > BOUNDS[name]
        }

    def _judge(self, true: Mapping[Labels, float], now_s: float) -> None:
        self._pending = {labels: self._pending.get(labels, now_s) for labels in true}
        wall = datetime.now(UTC)
        for labels, since_s in self._pending.items():
            known = self._alerts.get(labels)
            rule = self._rules[dict(labels)["alertname"]]
            if now_s - since_s >= rule.for_s and (known is None or known.ends_at):
                words = rule.filled(dict(labels), true[labels])
                self._alerts[labels] = Alert(dict(labels), words, rule.expr, wall)
        for labels, alert in self._alerts.items():
            if labels not in true and alert.ends_at is None:
                self._alerts[labels] = replace(alert, ends_at=wall)

    def _labels(self, alertname: str, **more: str) -> Labels:
        own = self._rules[alertname].labels
        return tuple(sorted({**own, **more, "alertname": alertname, "cluster": self._cluster}.items()))

    async def _notify(self, client: httpx.AsyncClient) -> None:
        """Post once what fires is not what the receiver was told; a 5xx or no answer is tried again."""
        firing = frozenset(labels for labels, alert in self._alerts.items() if alert.ends_at is None)
        if firing == self._told or time.monotonic() < self._not_before_s:
            return
        code = await self._post(client)
        if code is None or code >= 500:
            return
        self._told = firing
        self._alerts = {labels: self._alerts[labels] for labels in firing}
        self._not_before_s = time.monotonic() + self._group_interval_s

    async def _post(self, client: httpx.AsyncClient) -> int | None:
        body = webhook_body({"cluster": self._cluster}, list(self._alerts.values()), EXTERNAL_URL)
        sent_at_s, code = time.monotonic(), None
        try:
            answer = await client.post(
                self._webhook_url, json=body, headers=self._headers, timeout=_WEBHOOK_TIMEOUT_S
            )
            code = answer.status_code
        except httpx.TransportError:
            pass
        names = tuple(alert["labels"]["alertname"] for alert in body["alerts"])
        self.deliveries.append(Delivery(sent_at_s, body["status"], names, code))
        return code


def _lags(figures: Mapping[str, Figures]) -> dict[str, float]:
    """Return by node how far its applied index is behind the newest commit index."""
    newest = max((each["commit_index"] for each in figures.values() if "commit_index" in each), default=0)
    return {node: newest - each["applied_index"] for node, each in figures.items() if "applied_index" in each}
