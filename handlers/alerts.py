"""Alerts as Alertmanager sends them, and what a notification changes about an incident."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from runbooks.all_runbooks import BY_ALERT

STILL_FIRING = "0001-01-01T00:00:00Z"
"""What Alertmanager writes for the end of an alert that has none."""

Text = Annotated[str, Field(max_length=16_384)]


class _Received(BaseModel):
    """What another program sent: fields this bot does not know are ignored, its own are checked."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Alert(_Received):
    """One alert. `ends_at` is year 1 while it fires, which is no time at all."""

    status: Literal["firing", "resolved"]
    labels: dict[str, Text]
    annotations: dict[str, Text] = {}
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    fingerprint: Annotated[str, Field(min_length=1, max_length=64)]

    @property
    def name(self) -> str:
        """The alert rule's name."""
        return self.labels.get("alertname", "unnamed")


class Notification(_Received):
    """One webhook body of Alertmanager's version 4. The group key is opaque and never an identity."""

    version: Literal["4"]
    status: Literal["firing", "resolved"]
    receiver: Text = ""
    group_key: Text
    truncated_alerts: int = 0
    alerts: Annotated[tuple[Alert, ...], Field(min_length=1, max_length=10_000)]


class Reason(StrEnum):
    """What a notification changes, and so why the bot speaks."""

    OPENED = "opened"
    ALERTS_ADDED = "alerts_added"
    SOME_RESOLVED = "some_resolved"
    ALL_RESOLVED = "all_resolved"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Identity:
    """What makes two alerts one incident while it is open: the cluster and the runbook.

    An alert that no runbook knows stands for itself, under its own name.
    """

    cluster: str
    runbook: str

    @property
    def key(self) -> str:
        """One string, for the store."""
        return f"{self.cluster}/{self.runbook}"


UNCONFIGURED = "unconfigured"
"""Stands for the runbook where a cluster is not in the bot's configuration."""


def identity_of(alert: Alert, fallback_cluster: str) -> Identity:
    """Where an alert belongs. Its `cluster` label is a name to look up, never a target."""
    runbook = BY_ALERT.get(alert.name)
    return Identity(
        cluster=alert.labels.get("cluster", fallback_cluster),
        runbook=runbook.NAME if runbook else f"alert:{alert.name}",
    )


def by_identity(notification: Notification, fallback_cluster: str) -> dict[Identity, tuple[Alert, ...]]:
    """Split a group into the incidents it concerns."""
    groups: dict[Identity, list[Alert]] = {}
    for alert in notification.alerts:
        groups.setdefault(identity_of(alert, fallback_cluster), []).append(alert)
    return {identity: tuple(alerts) for identity, alerts in groups.items()}


def news(known: Mapping[str, Alert], alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """The alerts that say something new; what is absent from a group is not resolved by that."""
    return tuple(alert for alert in alerts if _is_news(known.get(alert.fingerprint), alert))


def _is_news(before: Alert | None, alert: Alert) -> bool:
    if before is None:
        return True
    if before.status == alert.status:
        return False
    # A lagging peer may repeat "firing" after "resolved": only a later start is a new firing.
    return alert.status == "resolved" or alert.starts_at > before.ends_at


def what_changed(known: Mapping[str, Alert], new: tuple[Alert, ...]) -> Reason:
    """Name what the new alerts mean for the incident that holds the known ones."""
    if not new:
        return Reason.UNCHANGED
    if not known:
        return Reason.OPENED
    after = {**known, **{alert.fingerprint: alert for alert in new}}
    if all(alert.status == "resolved" for alert in after.values()):
        return Reason.ALL_RESOLVED
    return Reason.ALERTS_ADDED if any(alert.status == "firing" for alert in new) else Reason.SOME_RESOLVED
