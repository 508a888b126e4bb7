"""Ask the alerting once, compare by `reconcile`, and add to the timelines what was missed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime

from handlers import load_incidents
from handlers.domain import reconcile
from handlers.domain.alert_sources import ReconcileCheckpoint
from handlers.domain.alerts import Places, Reason
from handlers.domain.events.lifecycle import AlertsReceived, Closed
from handlers.domain.incident import Incident
from handlers.domain.reconcile import Difference, Discrepancy, KnownIncidents, Seen
from handlers.errors import Moved, Quarantined, SourceDown
from handlers.intake import Remark, fold_in, remarked
from handlers.ports import Ports
from runbooks.all_runbooks import known_alerts

GAP_S = 150.0
"""Looks are a minute apart: more than two and a half without one is a time in which nobody looked."""

MAX_GAP_S = 24 * 3600.0
"""What happened longer ago belongs in a report, not in a thread."""

MARGIN_S = 120.0
"""How far beyond the gap is looked at again: the clocks of bot, Redis and Prometheus may differ."""


@dataclass(frozen=True)
class ReconcileSettings:
    """Settings of the reconciliation.

    Args:
        unlabelled: The cluster that alerts without a cluster label belong to.
        resolved_grace_s: How long an alert is absent until it counts as resolved.
        just_started: Whether this process has not reconciled yet.
    """

    unlabelled: str | None = None
    resolved_grace_s: float = 300.0
    just_started: bool = False


@dataclass(frozen=True)
class Reconciled:
    """The incidents that changed, and why Prometheus did not answer (empty if it did)."""

    changed: tuple[str, ...] = ()
    silence: str = ""


async def reconcile_once(ports: Ports, how: ReconcileSettings) -> Reconciled:
    """Ask what fires, and what fired since the last look; put right what differs.

    Raises:
        SourceDown: If Alertmanager does not answer. Where only Prometheus is silent, nothing is presumed
            resolved, and the time since the last look is asked about again.
    """
    if ports.alertmanager is None or ports.checkpoints is None:
        return Reconciled()
    now, places = ports.time.now(), Places(ports.reader.clusters, how.unlabelled)
    before = await ports.checkpoints.last()
    gap_s = min((now - before.at).total_seconds(), MAX_GAP_S) if before else 0.0
    seen, silence = await _see(ports, gap_s if how.just_started or gap_s > GAP_S else 0.0)
    known = await _known(ports, seen, places, gap_s + 2 * MARGIN_S)
    last = before or ReconcileCheckpoint(at=now)
    findings, unknown = reconcile.never_arrived(seen, known, places, last, now)
    absent: dict[str, datetime] = {}  # whoever could not ask everybody does not know since when
    if not silence:
        over, absent = reconcile.resolved_never_came(seen, known, last, now, how.resolved_grace_s)
        findings += [*over, *reconcile.came_and_went(seen, known, places)]
    changed = []
    for finding in findings:
        with contextlib.suppress(Quarantined):
            changed.append(await _put_right(ports, finding))
    at = last.at if silence else now
    await ports.checkpoints.remember(ReconcileCheckpoint(at=at, unknown_since=unknown, absent_since=absent))
    return Reconciled(tuple(dict.fromkeys(incident_id for incident_id in changed if incident_id)), silence)


async def _see(ports: Ports, gap_s: float) -> tuple[Seen, str]:
    """Read what fires and fired, and say why Prometheus could not be asked."""
    assert ports.alertmanager  # noqa: S101  the caller has looked
    held = await ports.alertmanager.firing()
    if ports.prometheus is None:
        return Seen(held), ""
    open_ones = await _open(ports)
    names = {alert.name for incident in open_ones for alert in incident.firing} | known_alerts()
    try:
        firing = await ports.prometheus.firing(names)
        fired = await ports.prometheus.fired(known_alerts(), gap_s + MARGIN_S) if gap_s else ()
    except SourceDown as error:
        return Seen(held), str(error)
    return Seen(held, firing, fired), ""


async def _open(ports: Ports) -> list[Incident]:
    """Return the open incidents; release those whose release was lost."""
    found = []
    loaded, _ = await load_incidents.load(ports, await ports.timelines.open_incidents())
    for incident in loaded:
        if incident.closed:
            await ports.timelines.release(incident.identity, incident.id)
        elif incident.opened_at:
            found.append(incident)
    return found


async def _known(ports: Ports, seen: Seen, places: Places, within_s: float) -> KnownIncidents:
    """Read after the alerting was asked: what arrived meanwhile is known, and not missing."""
    is_open = {incident.identity: incident for incident in await _open(ports)}
    identities = {places.identity_of(each.alert) for each in seen.held} - is_open.keys()
    previous = [await ports.past.previous(identity) for identity in identities]
    released = await ports.past.released_within(within_s)
    ids = dict.fromkeys([*(each for each in previous if each and each not in released), *released])
    closed, _ = await load_incidents.load(ports, ids)
    return KnownIncidents(is_open, tuple(closed))


async def _put_right(ports: Ports, finding: Discrepancy) -> str | None:
    """Put into the timelines what a finding says; the incident that changed."""
    first = finding.alerts[0]
    key = f"{finding.difference}/{first.fingerprint}/{first.starts_at:%Y-%m-%dT%H:%M:%S}"
    remark = key, reconcile.sentence(finding, ports.prometheus is not None)
    if finding.difference is Difference.CAME_AND_WENT:
        return await _record_past(ports, finding, remark)
    return await fold_in(ports, finding.identity, finding.alerts, remark, remarks_alone=False)


async def _record_past(ports: Ports, finding: Discrepancy, remark: Remark) -> str | None:
    """Record the past on the open incident, or as an incident that was over before it was known."""
    identity, alerts = finding.identity, finding.alerts
    first, last = min(alert.starts_at for alert in alerts), max(alert.ends_at for alert in alerts)
    while True:
        incident = await ports.timelines.load(await ports.timelines.claim(identity))
        if incident.closed:
            await ports.timelines.release(identity, incident.id)
            continue
        if all(reconcile.saw(incident, alert) for alert in alerts):
            return None
        alone, now = incident.opened_at is None, ports.time.now()
        received = AlertsReceived(
            at=first if alone else now,
            reason=Reason.CAME_AND_WENT,
            cluster=identity.cluster,
            runbook=identity.runbook,
            alerts=alerts,
        )
        over = [Closed(at=last, detail="It was over before the bot heard of it.")] if alone else []
        try:
            await ports.timelines.append(incident, received, *remarked(incident, now, [remark]), *over)
        except Moved:
            continue
        if alone:
            await ports.timelines.release(identity, incident.id)
        return incident.id
