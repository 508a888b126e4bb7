"""Fold Alertmanager's notifications into the incidents that they concern."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from handlers.domain import ended_group
from handlers.domain.alert_batches import in_batches
from handlers.domain.alerts import Alert, IncidentIdentity, Places, what_changed, within_bounds
from handlers.domain.events import Event
from handlers.domain.events.lifecycle import AlertsReceived, Remarked
from handlers.domain.incident import Incident
from handlers.domain.known_alerts import IdentityState, fires, home_of, new_to
from handlers.domain.notification import Delivery, Unreadable
from handlers.errors import Moved
from handlers.ports import Ports

Remark = tuple[str, str]
"""The key and the sentence of a `Remarked`."""

MAX_REMARKS = 30

LEFT_OUT: Remark = ("left-out", "There is more of this kind than is said here; the log of the bot has each.")

TRUNCATED: Remark = (
    "truncated",
    "Alertmanager left alerts out of its notification, and the bot has no [alertmanager] to ask for them: "
    "set max_alerts to 0 on its receiver.",
)

OVER_LIMIT: Remark = (
    "over-limit",
    "A notification held more alerts than the bot takes at once, and the bot has no [alertmanager] to ask "
    "for the rest: add that section, or let Alertmanager's route group by more labels.",
)


GROUP_OVER: Remark = (
    "group-over",
    "Alertmanager said that a whole group is over and did not name all of its alerts: those that it left out "
    "count as resolved until it says otherwise.",
)


@dataclass(frozen=True)
class _Told:
    """What is to be folded in: alerts, remarks for the thread, and how many alerts the sender left out."""

    alerts: tuple[Alert, ...]
    remarks: tuple[Remark, ...]
    remarks_alone: bool
    truncated: int

    def only(self, alerts: Iterable[Alert]) -> _Told:
        return replace(self, alerts=tuple(alerts))


async def receive(ports: Ports, delivery: Delivery, cluster_in_path: str | None) -> tuple[str, ...]:
    """Fold a notification into its incidents; repeating it changes nothing.

    Args:
        ports: What is touched.
        delivery: The notification.
        cluster_in_path: The cluster that the webhook's address named, for alerts without the label.

    Returns:
        The incidents that changed.
    """
    places = Places(ports.reader.clusters, cluster_in_path)
    remarks = [_put_aside(each) for each in delivery.unreadable]
    if ports.alertmanager is None:
        remarks += [TRUNCATED] if delivery.truncated > delivery.over_limit else []
        remarks += [OVER_LIMIT] if delivery.over_limit else []
    changed: list[str] = []
    groups = places.by_identity((*delivery.alerts, *delivery.stand_ins))
    for identity, group in groups.items():
        changed += await fold_in(ports, identity, group, *remarks, truncated=delivery.truncated)
    if ports.alertmanager is None and ended_group.says_more_is_over(delivery):
        changed += await _end_with_group(ports, groups, delivery)
    return tuple(dict.fromkeys(changed))


async def _end_with_group(
    ports: Ports, identities: Iterable[IncidentIdentity], delivery: Delivery
) -> list[str]:
    """Presume over what a notification left out of a group of which it says that all of it is.

    Only in the incidents of what it named: another Alertmanager may make groups with the same labels.
    """
    changed: list[str] = []
    for identity in identities:
        incident = (await ports.timelines.standing(identity, (), claim=False)).incident
        over = ended_group.left_out(delivery, incident) if incident else ()
        changed += await fold_in(ports, identity, over, GROUP_OVER, remarks_alone=False)
    return changed


def _put_aside(unreadable: Unreadable) -> Remark:
    sentence = (
        f"One alert of a notification could not be read and was put aside ({unreadable.why}); "
        "those that could be were taken."
    )
    return f"unreadable/{unreadable.key}", sentence


async def fold_in(
    ports: Ports,
    identity: IncidentIdentity,
    alerts: tuple[Alert, ...],
    *remarks: Remark,
    truncated: int = 0,
    remarks_alone: bool = True,
) -> tuple[str, ...]:
    """Append what is new to the open incidents that know the alerts, the identity's, or a new one.

    Args:
        ports: What is touched.
        identity: The cluster and runbook of the alerts, as they are configured now.
        alerts: Their newest states; those already known are skipped.
        remarks: Added to the thread, each once.
        truncated: How many alerts the sender left out.
        remarks_alone: Whether to add the remarks even if no alert is new.

    Returns:
        The ids of the incidents that changed.
    """
    now = ports.time.now()
    told = _Told(tuple(within_bounds(each, now) for each in alerts), remarks, remarks_alone, truncated)
    changed: list[str] = []
    while told.alerts:
        state = await ports.timelines.standing(identity, told.alerts, claim=any(map(fires, told.alerts)))
        if home := home_of(told.alerts, state):
            known_there = told.only(each for each in told.alerts if state.homes.get(each.key) == home)
            joined = await _join(ports, identity, home, known_there)
            if joined is not None:
                changed += joined
                told = told.only(each for each in told.alerts if state.homes.get(each.key) != home)
            continue
        try:
            is_done, appended = await _fold_here(ports, identity, state, told)
        except Moved:
            continue
        changed += appended
        if is_done:
            break
    return tuple(dict.fromkeys(changed))


async def _join(
    ports: Ports, identity: IncidentIdentity, incident_id: str, told: _Told
) -> tuple[str, ...] | None:
    """Fold alerts into the open incident that knows them; `None` where it is over, so that they are free."""
    while True:
        incident = await ports.timelines.load(incident_id)
        if incident.closed:
            await ports.timelines.release(incident.identity, incident.id)
            return None
        kept = incident.identity if incident.opened_at else identity
        try:
            return await _append(ports, kept, incident, IdentityState(incident), told)
        except Moved:
            continue


async def _fold_here(
    ports: Ports, identity: IncidentIdentity, state: IdentityState, told: _Told
) -> tuple[bool, tuple[str, ...]]:
    """Fold alerts into the incident of their identity; what fires may open one.

    Returns:
        Whether that is all, and the incident if it changed.

    Raises:
        Moved: If another worker was faster.
    """
    incident = state.incident
    if incident and incident.closed:
        await ports.timelines.release(identity, incident.id)
        return False, ()
    if incident and incident.opened_at:
        return True, await _append(ports, incident.identity, incident, state, told)
    fresh = new_to(state, told.alerts)
    if any(map(fires, fresh)):
        incident = incident or await ports.timelines.load(await ports.timelines.claim(identity))
        # Another worker may have kept an end only because this incident was not there: look once more.
        return False, await _append(ports, identity, incident, state, told)
    opened = await ports.past.remember_ends(identity, fresh) if fresh else None
    is_done = opened is None or (await ports.timelines.load(opened)).opened_at is None
    return is_done, ()


async def _append(
    ports: Ports, identity: IncidentIdentity, incident: Incident, state: IdentityState, told: _Told
) -> tuple[str, ...]:
    """Append what is new to an incident; return its id if anything is.

    Raises:
        Moved: If another worker was faster, here or in another incident.
    """
    now = ports.time.now()
    new = new_to(state, told.alerts)
    if new and not await ports.past.claim_alerts(incident.id, new):
        raise Moved
    events = _received(now, identity, incident, new, told.truncated)
    if events or told.remarks_alone:
        events += remarked(incident, now, told.remarks)
    if not events:
        return ()
    await ports.timelines.append(incident, *events)
    return (incident.id,)


def _received(
    now: datetime, identity: IncidentIdentity, incident: Incident, new: tuple[Alert, ...], truncated: int
) -> list[Event]:
    """Return an event for the new alerts; several where one would be too large to be kept."""
    events: list[Event] = []
    known = dict(incident.alerts)
    for batch in in_batches(new):
        events.append(
            AlertsReceived(
                at=now,
                reason=what_changed(known, batch),
                cluster=identity.cluster,
                runbook=identity.runbook,
                alerts=batch,
                truncated=truncated,
                handle="" if incident.opened_at or events else secrets.token_urlsafe(16),
            )
        )
        known |= {alert.fingerprint: alert for alert in batch}
    return events


def remarked(incident: Incident, now: datetime, remarks: Iterable[Remark]) -> list[Event]:
    """Return events for the remarks that the incident lacks, up to MAX_REMARKS: each is a message."""
    new = [(key, sentence) for key, sentence in remarks if key not in incident.remarks]
    room = max(MAX_REMARKS - len(incident.remarks), 0)
    if len(new) > room:
        new = [*new[:room], *([LEFT_OUT] if LEFT_OUT[0] not in incident.remarks else [])]
    return [Remarked(at=now, key=key, sentence=sentence) for key, sentence in new]
