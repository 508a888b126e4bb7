"""Look at the alerting once, decide by `reconcile`, and add to the timelines what was missed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from handlers import load_incidents
from handlers.alerting.intake import fold_in
from handlers.domain import reconcile
from handlers.domain.alert_sources import ReconcileCheckpoint
from handlers.domain.alerts import Places, Reason
from handlers.domain.events.lifecycle import AlertsReceived, Closed
from handlers.domain.incident import Incident
from handlers.domain.reconcile import Difference, Discrepancy, KnownIncidents, Seen
from handlers.errors import Moved, Quarantined, SourceDown, StoreDown
from handlers.ports import Ports
from handlers.remarks import Remark, remarked
from runbooks.all_runbooks import known_alerts

GAP_S = 150.0
"""Looks are a minute apart: more than two and a half without one is a time in which nobody looked."""

MAX_GAP_S = 24 * 3600.0
"""What is older is for a report, not for a thread."""

MARGIN_S = 120.0
"""Reconciled at again beyond the gap: the clocks of bot, Redis and Prometheus may differ."""


@dataclass(frozen=True)
class ReconcileSettings:
    """Whose alerts without a label are, how long an absence is an end, and whether the process is new."""

    unlabelled: str | None = None
    resolved_grace_s: float = 300.0
    just_started: bool = False


@dataclass(frozen=True)
class Reconciled:
    """The incidents that changed, what Prometheus' silence, if it was silent, was, and what went wrong."""

    changed: tuple[str, ...] = ()
    silence: str = ""
    failed: tuple[Exception, ...] = ()


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
    changed, failed = await _put_all_right(ports, findings)
    at = last.at if silence else now
    await ports.checkpoints.remember(ReconcileCheckpoint(at=at, unknown_since=unknown, absent_since=absent))
    return Reconciled(changed, silence, failed)


async def _put_all_right(
    ports: Ports, findings: list[Discrepancy]
) -> tuple[tuple[str, ...], tuple[Exception, ...]]:
    """Put right what can be: one incident that cannot be holds up no other."""
    changed: dict[str, None] = {}
    failed: list[Exception] = []
    for finding in findings:
        try:
            changed |= dict.fromkeys(await _put_right(ports, finding))
        except StoreDown:
            raise
        except Quarantined:
            continue  # it is said where the incident is worked on
        except Exception as error:
            failed.append(error)
    return tuple(changed), tuple(failed)


async def _see(ports: Ports, gap_s: float) -> tuple[Seen, str]:
    """Read what fires and fired, and say why Prometheus could not be asked."""
    assert ports.alertmanager  # noqa: S101  the caller has looked
    listing = await ports.alertmanager.firing()
    seen = Seen(listing.held, unreadable=listing.unreadable)
    if ports.prometheus is None:
        return seen, ""
    open_ones = await _open(ports)
    names = {alert.name for incident in open_ones for alert in incident.firing} | known_alerts()
    try:
        firing = await ports.prometheus.firing(names)
        fired = await ports.prometheus.fired(known_alerts(), gap_s + MARGIN_S) if gap_s else ()
    except SourceDown as error:
        return seen, str(error)
    return replace(seen, firing=firing, fired=fired), ""


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
    is_open = {each: incident for incident in await _open(ports) for each in incident.identities}
    identities = {places.identity_of(each.alert) for each in seen.held} - is_open.keys()
    previous = [await ports.past.previous(identity) for identity in identities]
    released = await ports.past.released_within(within_s)
    ids = dict.fromkeys([*(each for each in previous if each and each not in released), *released])
    closed, _ = await load_incidents.load(ports, ids)
    return KnownIncidents(is_open, tuple(closed))


async def _put_right(ports: Ports, finding: Discrepancy) -> tuple[str, ...]:
    """Put into the timelines what a finding says; return the incidents that changed."""
    first = finding.alerts[0]
    key = f"{finding.difference}/{first.fingerprint}/{first.starts_at:%Y-%m-%dT%H:%M:%S}"
    remark = key, reconcile.sentence(finding, ports.prometheus is not None)
    if finding.difference is Difference.CAME_AND_WENT:
        recorded = await _record_past(ports, finding, remark)
        return (recorded,) if recorded else ()
    return await fold_in(ports, finding.identity, finding.alerts, remark, remarks_alone=False)


async def _record_past(ports: Ports, finding: Discrepancy, remark: Remark) -> str | None:
    """Record the past on the open incident, or as an incident that was over before it was known."""
    identity, alerts = finding.identity, finding.alerts
    first, last = min(alert.starts_at for alert in alerts), max(alert.ends_at for alert in alerts)
    while True:
        incident = await ports.timelines.load(await ports.timelines.claim(identity))
        if incident.closed:
            await ports.timelines.release(incident.identity, incident.id)
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
