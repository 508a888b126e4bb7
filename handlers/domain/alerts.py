"""Alerts as Alertmanager sends them, where they belong, and what they change about an incident."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from runbooks.all_runbooks import of_alert

STILL_FIRING = "0001-01-01T00:00:00Z"
"""What Alertmanager writes for the end of an alert that has none."""

UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a time that another program did not give, or gave as one that cannot be."""

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""Nothing that is alerted about today began before, as Go's zero time in year 1, or ends later."""

API_PRECISION = timedelta(milliseconds=1)
"""Alertmanager's API cuts the times that its notifications give in nanoseconds."""

MAX_AHEAD = timedelta(days=1)
"""How far the alerting's clocks may be ahead; what is further ahead is no time."""


class Received(BaseModel):
    """A model of what another program sent: unknown fields are ignored, known ones are checked."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Alert(Received):
    """One alert. `ends_at` is year 1 while it fires, which is no time at all.

    `presumed` is a "resolved" that nobody sent, but the bot concluded: the sender's own word goes before it.
    `stand_in` marks one that the bot made in place of what it could not read. `source` is the cluster that
    the webhook's address named, where the alert carries no such label.
    """

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    fingerprint: Annotated[str, Field(min_length=1, max_length=64)]
    generator_url: str = ""
    presumed: bool = False
    stand_in: bool = False
    source: str = ""

    @property
    def name(self) -> str:
        """Return the alert rule's name."""
        return self.labels.get("alertname", "").strip() or "unnamed"

    @property
    def key(self) -> str:
        """Return what tells this alert from every other, whatever is configured at the time."""
        source = "" if "cluster" in self.labels else self.source
        return f"{source}/{self.name}/{self.fingerprint}"


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

    An alert that no runbook knows stands for itself, under its own name.
    """

    cluster: str
    runbook: str

    @property
    def key(self) -> str:
        """Return the identity as one string, for the store; a `/` in the cluster's name is doubled.

        No runbook begins with one, so no two identities have the same key.
        """
        return f"{_doubled(self.cluster)}/{self.runbook}"

    @property
    def former_key(self) -> str:
        """Return the key that it had in version 0.2, where a `/` in a name stood as it was."""
        return f"{self.cluster}/{self.runbook}"


def is_key_of(cluster: str, key: str) -> bool:
    """Return whether a key is that of an identity of a cluster."""
    begins = f"{_doubled(cluster)}/"
    return key.startswith(begins) and not key.removeprefix(begins).startswith("/")


def _doubled(name: str) -> str:
    return name.replace("/", "//")


CANARY = "NeumannCanary"
"""The test alert of the doctor: nobody is woken by it."""

OF_ALERT = "alert:"
"""Stands before an alert's name in place of a runbook, where none knows the alert."""

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
            # It cannot be read: its alerts get one thread, and no diagnosis.
            return IncidentIdentity(cluster, UNCONFIGURED)
        runbook = of_alert(alert.name, alert.labels)
        return IncidentIdentity(cluster, runbook.NAME if runbook else f"{OF_ALERT}{alert.name}")

    def by_identity(self, alerts: Iterable[Alert]) -> dict[IncidentIdentity, tuple[Alert, ...]]:
        """Split alerts into the incidents they concern."""
        groups: dict[IncidentIdentity, list[Alert]] = {}
        for alert in alerts:
            groups.setdefault(self.identity_of(alert), []).append(self._from_here(alert))
        return {identity: tuple(group) for identity, group in groups.items()}

    def _from_here(self, alert: Alert) -> Alert:
        if self.unlabelled is None or "cluster" in alert.labels:
            return alert
        return alert.model_copy(update={"source": self.unlabelled})


def is_known_time(at: datetime) -> bool:
    """Return whether this can be the time of an alert."""
    return EARLIEST <= at <= LATEST


def within_bounds(alert: Alert, now: datetime) -> Alert:
    """Return the alert with unknown times in place of those that cannot be."""
    times = [alert.starts_at] if alert.status == "firing" else [alert.starts_at, alert.ends_at]
    if all(is_known_time(at) and at - now <= MAX_AHEAD for at in times):
        return alert
    starts_at, ends_at = (
        at if is_known_time(at) and at - now <= MAX_AHEAD else UNKNOWN_TIME
        for at in (alert.starts_at, alert.ends_at)
    )
    ends_at = alert.ends_at if alert.status == "firing" else max(starts_at, ends_at)
    return alert.model_copy(update={"starts_at": starts_at, "ends_at": ends_at})


def news(known: Mapping[str, Alert], alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """Return the alerts that say something new; absence from a group does not resolve an alert."""
    after, new = dict(known), []
    for alert in alerts:
        if _is_news(after.get(alert.fingerprint), alert):
            after[alert.fingerprint] = alert
            new.append(alert)
    return tuple(new)


def _is_news(before: Alert | None, alert: Alert) -> bool:
    """Compare by the alerts' own times: an alert fires if its newest start is later than its newest end.

    So the order in which they arrive does not matter. A start that is unknown may be a new one.
    """
    if before is None:
        return True
    if alert.status == "resolved":
        return _is_newer_end(before, alert)
    if before.status == "firing":
        return alert.starts_at - before.starts_at >= API_PRECISION
    if before.presumed:
        return alert.starts_at >= before.starts_at or not is_known_time(alert.starts_at)
    return alert.starts_at > before.ends_at or not is_known_time(alert.starts_at)


def _is_newer_end(before: Alert, alert: Alert) -> bool:
    if before.status == "firing":
        # Else it is the late end of an earlier firing.
        return alert.ends_at >= before.starts_at or not is_known_time(alert.ends_at)
    if before.presumed and not alert.presumed:
        return alert.ends_at >= before.starts_at
    return alert.ends_at > before.ends_at


def ended(alerts: Iterable[Alert]) -> dict[str, Alert]:
    """Return a closed incident's alerts that have an end: only these make a later "firing" old news."""
    return {alert.fingerprint: alert for alert in alerts if alert.status == "resolved"}


def end_of(alert: Alert, ends_at: datetime) -> Alert:
    """Return the end of this alert's firing."""
    return alert.model_copy(update={"status": "resolved", "ends_at": ends_at, "presumed": False})


def presumed_over(alert: Alert, since: datetime) -> Alert:
    """Return the end of this alert's firing as the bot concludes it; the sender's own word goes before it."""
    ends_at = max(since, alert.starts_at)  # the alerting's clock may be ahead of the bot's
    return alert.model_copy(update={"status": "resolved", "ends_at": ends_at, "presumed": True})


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
    if all(a.fingerprint in known and known[a.fingerprint].status == a.status for a in new):
        return Reason.UNCHANGED  # it fires anew, or ended later, than was known
    after = {**known, **{alert.fingerprint: alert for alert in new}}
    if all(alert.status == "resolved" for alert in after.values()):
        return Reason.ALL_RESOLVED
    return Reason.ALERTS_ADDED if any(alert.status == "firing" for alert in new) else Reason.SOME_RESOLVED
