"""Watches the lab's nodes, and posts Alertmanager's webhook when nobody leads or a node is down or behind."""

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

_INDEX = re.compile(r"^tensor_chain_(commit|applied)_index (\S+)$", re.MULTILINE)
MAX_LAG_ENTRIES = 1000

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
        self._told: frozenset[Labels] = frozenset()  # what the receiver takes to be firing
        self._not_before_s = 0.0

    async def run(self) -> None:
        """Look, judge and notify until cancelled."""
        async with httpx.AsyncClient(trust_env=False, timeout=_HEALTH_TIMEOUT_S) as client:
            while True:
                next_s = time.monotonic() + POLL_S
                urls = self._nodes.values()
                roles = await asyncio.gather(*(self._role(client, url) for url in urls))
                indexes = await asyncio.gather(*(self._indexes(client, url) for url in urls))
                lags = _lags(dict(zip(self._nodes, indexes, strict=True)))
                self._judge(dict(zip(self._nodes, roles, strict=True)), lags, time.monotonic())
                await self._notify(client)
                await asyncio.sleep(next_s - time.monotonic())

    async def _role(self, client: httpx.AsyncClient, url: str) -> str | None:
        """Return a node's Raft role; None where it does not answer as a node does."""
        try:
            async with asyncio.timeout(_HEALTH_TIMEOUT_S):
                return str((await client.get(f"{url}/health")).raise_for_status().json()["raft_state"])
        except (httpx.HTTPError, TimeoutError, ValueError, KeyError):
            return None

    async def _indexes(self, client: httpx.AsyncClient, url: str) -> dict[str, int]:
        """Return a node's commit and applied index; empty where it does not show them."""
        try:
            async with asyncio.timeout(_HEALTH_TIMEOUT_S):
                page = (await client.get(f"{url}/metrics")).raise_for_status().text
        except (httpx.HTTPError, TimeoutError):
            return {}
        return {name: round(float(value)) for name, value in _INDEX.findall(page)}

    def _judge(self, roles: Mapping[str, str | None], lags: Mapping[str, int], now_s: float) -> None:
        leaders = sum(role == "leader" for role in roles.values())
        down = [self._labels("NodeDown", node=node) for node, role in roles.items() if role is None]
        # The shipped Alertmanager lets NoLeader inhibit it: what fires goes on, and nothing new is told.
        true = {labels: 0 for labels in down if leaders or labels in self._alerts}
        behind = {node: entries for node, entries in lags.items() if entries > MAX_LAG_ENTRIES}
        true |= {self._labels("HighReplicationLag", node=node): entries for node, entries in behind.items()}
        if not leaders:
            true[self._labels("NoLeader")] = len(roles)
        elif leaders > 1:
            true[self._labels("MultipleLeaders")] = leaders
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


def _lags(indexes: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Return by node how far its applied index is behind the newest commit index."""
    newest = max((each["commit"] for each in indexes.values() if "commit" in each), default=0)
    return {node: newest - each["applied"] for node, each in indexes.items() if "applied" in each}
