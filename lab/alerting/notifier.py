"""Groups alerts and posts them to a webhook, by Alertmanager's rules of when to speak."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

import httpx

from lab.alerting.alerts import Alert
from lab.alerting.samples import Labels
from lab.alerting.webhook import webhook_body

EXTERNAL_URL = "http://lab-alerting.invalid"
"""Where links in notifications lead: nowhere, there is no Alertmanager behind them."""

_TICK_S = 0.05
_FIRST_RETRY_S, _LAST_RETRY_S = 0.25, 2.0


class Reason(Enum):
    """Why a group is notified."""

    FIRST = "first notification"
    NEW_ALERTS = "new alerts in group"
    SOME_RESOLVED = "some alerts resolved"
    ALL_RESOLVED = "all alerts resolved"
    REPEAT = "repeat interval elapsed"


@dataclass(frozen=True)
class Timing:
    """Alertmanager's three intervals and the time one POST may take, in seconds."""

    group_wait_s: float = 0.2
    group_interval_s: float = 1.0
    repeat_interval_s: float = 3600.0
    http_timeout_s: float = 5.0


@dataclass(frozen=True)
class Delivery:
    """One POST; sent_at_s is time.monotonic(), status_code None when no answer came."""

    sent_at_s: float
    reason: Reason
    status: str
    alertnames: tuple[str, ...]
    status_code: int | None


@dataclass
class Group:
    """The alerts that share their group labels, and what the receiver was last told of them."""

    labels: Labels
    due_at_s: float
    alerts: dict[Labels, Alert] = field(default_factory=dict)
    notified: frozenset[Labels] = frozenset()  # last sent as firing
    notified_at_s: float = 0.0
    retry_s: float = _FIRST_RETRY_S

    def reason(self, now_s: float, repeat_interval_s: float) -> Reason | None:
        """Tell why the receiver has to hear of the group now, or None.

        The rules of needsUpdate in Alertmanager's notify/notify.go: what fires and resolves between two
        notifications is never sent.
        """
        firing = {labels for labels, alert in self.alerts.items() if alert.stage == "firing"}
        if firing and not self.notified:
            return Reason.FIRST
        if firing - self.notified:
            return Reason.NEW_ALERTS
        if self.notified - firing:
            return Reason.SOME_RESOLVED if firing else Reason.ALL_RESOLVED
        if firing and now_s - self.notified_at_s >= repeat_interval_s:
            return Reason.REPEAT
        return None


class Notifier:
    """Posts the alerts it is given to one webhook; `deliveries` holds the last thousand POSTs."""

    def __init__(
        self,
        webhook_url: str,
        token: str,
        *,
        group_by: frozenset[str] = frozenset({"cluster"}),
        timing: Timing,
    ) -> None:
        self.deliveries: deque[Delivery] = deque(maxlen=1000)
        self._webhook_url = webhook_url
        self._headers = {"Authorization": f"Bearer {token}", "User-Agent": "neumann-lab-alerting/1"}
        self._group_by = group_by
        self._timing = timing
        self._groups: dict[Labels, Group] = {}

    def receive(self, alerts: Iterable[Alert]) -> None:
        """Take the alerts of an evaluation; those that are pending are nobody's business yet."""
        for alert in alerts:
            labels = tuple(pair for pair in alert.labels if pair[0] in self._group_by)
            if alert.stage == "firing" or (alert.stage == "resolved" and labels in self._groups):
                due_at_s = time.monotonic() + self._timing.group_wait_s
                self._groups.setdefault(labels, Group(labels, due_at_s)).alerts[alert.labels] = alert

    async def run(self) -> None:
        """Notify each group when it is due, until cancelled."""
        async with httpx.AsyncClient(
            headers=self._headers, timeout=self._timing.http_timeout_s, trust_env=False
        ) as client:
            while True:
                now_s = time.monotonic()
                due = [group for group in self._groups.values() if group.due_at_s <= now_s]
                await asyncio.gather(*(self._flush(client, group) for group in due))
                await asyncio.sleep(_TICK_S)

    async def _flush(self, client: httpx.AsyncClient, group: Group) -> None:
        sent = dict(group.alerts)  # more may arrive while the POST is under way
        reason = group.reason(time.monotonic(), self._timing.repeat_interval_s)
        code = 200 if reason is None else await self._post(client, group.labels, sent, reason)
        now_s = time.monotonic()
        if code is None or code >= 500:
            group.due_at_s = now_s + group.retry_s
            group.retry_s = min(2 * group.retry_s, _LAST_RETRY_S)
            return
        group.due_at_s, group.retry_s = now_s + self._timing.group_interval_s, _FIRST_RETRY_S
        if code < 300:
            self._settle(group, sent, None if reason is None else now_s)

    def _settle(self, group: Group, sent: dict[Labels, Alert], notified_at_s: float | None) -> None:
        if notified_at_s is not None:
            group.notified = frozenset(labels for labels, alert in sent.items() if alert.stage == "firing")
            group.notified_at_s = notified_at_s
        for labels, alert in sent.items():
            if alert.stage == "resolved" and group.alerts[labels] is alert:
                del group.alerts[labels]
        if not group.alerts:
            del self._groups[group.labels]

    async def _post(
        self, client: httpx.AsyncClient, group: Labels, alerts: dict[Labels, Alert], reason: Reason
    ) -> int | None:
        body = webhook_body(group, list(alerts.values()), EXTERNAL_URL)
        sent_at_s = time.monotonic()
        try:
            code: int | None = (await client.post(self._webhook_url, json=body)).status_code
        except httpx.TransportError:
            code = None
        names = tuple(alert["labels"]["alertname"] for alert in body["alerts"])
        self.deliveries.append(Delivery(sent_at_s, reason, body["status"], names, code))
        return code
