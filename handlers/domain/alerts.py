"""Alerts as Alertmanager sends them, where they belong, and what they change about an incident."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from runbooks.all_runbooks import of_alert

STILL_FIRING = "0001-01-01T00:00:00Z"
"""What Alertmanager writes for the end of an alert that has none."""

Text = Annotated[str, Field(max_length=16_384)]


class Received(BaseModel):
    """Base of what another program sent: unknown fields are ignored, known ones are checked."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Alert(Received):
    """One alert. `ends_at` is in the year 1 while it fires: Alertmanager's zero time.

    `presumed` marks a "resolved" that the bot concluded; what the sender says later overrides it.
    """

    status: Literal["firing", "resolved"]
    labels: dict[str, Text]
    annotations: dict[str, Text] = {}
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    fingerprint: Annotated[str, Field(min_length=1, max_length=64)]
    presumed: bool = False

    @property
    def name(self) -> str:
        """Return the alert rule's name."""
        return self.labels.get("alertname", "unnamed")


class Reason(StrEnum):
    """What a notification changes, and so why the bot speaks."""

    OPENED = "opened"
    ALERTS_ADDED = "alerts_added"
    SOME_RESOLVED = "some_resolved"
    ALL_RESOLVED = "all_resolved"
    UNCHANGED = "unchanged"
    CAME_AND_WENT = "came_and_went"


@dataclass(frozen=True)
class IncidentIdentity:
    """What makes two alerts one incident while it is open: the cluster and the runbook.

    An alert that no runbook knows is identified by its own name instead.
    """

    cluster: str
    runbook: str

    @property
    def key(self) -> str:
        """Return the identity as one string, for the store."""
        return f"{self.cluster}/{self.runbook}"


UNCONFIGURED = "unconfigured"
"""Stands for the runbook where a cluster is not in the bot's configuration."""


@dataclass(frozen=True)
class Places:
    """The places where alerts belong: the configured clusters, and the owner of alerts without a label."""

    clusters: tuple[str, ...]
    unlabelled: str | None = None

    def identity_of(self, alert: Alert) -> IncidentIdentity:
        """Return an alert's identity. Its `cluster` label is a name to look up, never a target."""
        only = self.clusters[0] if len(self.clusters) == 1 else "unnamed"
        cluster = alert.labels.get("cluster", self.unlabelled or only)
        if cluster not in self.clusters:
            # A cluster that is not configured cannot be read: its alerts get one thread, and no diagnosis.
            return IncidentIdentity(cluster, UNCONFIGURED)
        runbook = of_alert(alert.name)
        return IncidentIdentity(cluster, runbook.NAME if runbook else f"alert:{alert.name}")

    def by_identity(self, alerts: Iterable[Alert]) -> dict[IncidentIdentity, tuple[Alert, ...]]:
        """Split alerts into the incidents they concern."""
        groups: dict[IncidentIdentity, list[Alert]] = {}
        for alert in alerts:
            groups.setdefault(self.identity_of(alert), []).append(alert)
        return {identity: tuple(group) for identity, group in groups.items()}


def news(known: Mapping[str, Alert], alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """Return the alerts that say something new; absence from a group does not resolve an alert."""
    return tuple(alert for alert in alerts if _is_news(known.get(alert.fingerprint), alert))


def _is_news(before: Alert | None, alert: Alert) -> bool:
    if before is None:
        return True
    if before.status == alert.status:
        return before.presumed and not alert.presumed
    if alert.status == "resolved":
        return alert.ends_at >= before.starts_at  # else it is the late end of an earlier firing
    # A lagging peer may repeat "firing" after "resolved": only a later start is a new firing.
    return before.presumed or alert.starts_at > before.ends_at


def ended(alerts: Iterable[Alert]) -> dict[str, Alert]:
    """Return a closed incident's alerts that have an end: only these make a later "firing" old news."""
    return {alert.fingerprint: alert for alert in alerts if alert.status == "resolved"}


def fingerprint_of(labels: Mapping[str, str]) -> str:
    """Return Alertmanager's fingerprint of an alert with these labels.

    64-bit FNV-1a over the sorted names and values, a 0xff byte after each: `LabelSet.Fingerprint` in
    prometheus/common, model/labelset.go.
    """
    digest = 0xCBF29CE484222325
    for part in (part for pair in sorted(labels.items()) for part in pair):
        for byte in (*part.encode(), 0xFF):
            digest = ((digest ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{digest:016x}"


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
