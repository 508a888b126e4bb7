"""Fold Alertmanager's notifications into the incidents that they concern."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from handlers import siblings
from handlers.alerting.received import received
from handlers.domain import ended_group
from handlers.domain.alerts import Alert, IncidentIdentity, Places, within_bounds
from handlers.domain.events import Event
from handlers.domain.events.regrouping import AlertsJoined
from handlers.domain.incident import Incident
from handlers.domain.known_alerts import IdentityState, fires, home_of, new_to
from handlers.domain.notification import Delivery, Unreadable
from handlers.errors import Moved
from handlers.ports import Ports
from handlers.remarks import Remark, remarked
from runbooks.all_runbooks import RUNBOOKS

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
        explained = await siblings.explaining(ports, identity)
        claims = explained is None and any(map(fires, told.alerts))
        state = await ports.timelines.standing(identity, told.alerts, claim=claims)
        if home := home_of(told.alerts, state):
            known_there = told.only(each for each in told.alerts if state.homes.get(each.key) == home)
            joined = await _join(ports, identity, home, known_there)
            if joined is not None:
                changed += joined
                told = told.only(each for each in told.alerts if state.homes.get(each.key) != home)
            continue
        try:
            is_done, appended = await _fold_here(ports, identity, state, told, explained)
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
    ports: Ports,
    identity: IncidentIdentity,
    state: IdentityState,
    told: _Told,
    explained: siblings.Explained | None,
) -> tuple[bool, tuple[str, ...]]:
    """Fold alerts into the incident of their identity; what fires may open one, or join what explains it.

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
    if explained and any(map(fires, fresh)):
        return True, await _join_explained(ports, state, told, explained)
    if any(map(fires, fresh)):
        incident = incident or await ports.timelines.load(await ports.timelines.claim(identity))
        # Another worker may have kept an end only because this incident was not there: look once more.
        return False, await _append(ports, identity, incident, state, told)
    opened = await ports.past.remember_ends(identity, fresh) if fresh else None
    is_done = opened is None or (await ports.timelines.load(opened)).opened_at is None
    return is_done, ()


async def _join_explained(
    ports: Ports, state: IdentityState, told: _Told, explained: siblings.Explained
) -> tuple[str, ...]:
    incident = explained.by
    here = replace(state, incident=incident)
    firing = tuple(alert.fingerprint for alert in new_to(here, told.alerts) if fires(alert))
    joined = AlertsJoined(at=ports.time.now(), fingerprints=firing, explanation=explained.explanation)
    return await _append(ports, incident.identity, incident, here, told, joined)


async def _append(
    ports: Ports,
    identity: IncidentIdentity,
    incident: Incident,
    state: IdentityState,
    told: _Told,
    *beside: Event,
) -> tuple[str, ...]:
    """Append what is new to an incident; return its id if anything is.

    Raises:
        Moved: If another worker was faster, here or in another incident.
    """
    now = ports.time.now()
    new = new_to(state, told.alerts)
    if new and not await ports.past.claim_alerts(incident.id, new):
        raise Moved
    events = received(now, identity, incident, new, told.truncated)
    events += beside if events else ()
    if events or told.remarks_alone:
        events += remarked(incident, now, (*told.remarks, *await _beside(ports, identity, incident)))
    if not events:
        return ()
    await ports.timelines.append(incident, *events)
    return (incident.id,)


async def _beside(ports: Ports, identity: IncidentIdentity, incident: Incident) -> Iterable[Remark]:
    """Return what else is open, where nothing will be read: else the first reading says it."""
    if incident.opened_at or identity.runbook in RUNBOOKS:
        return ()
    return await siblings.also_open(ports, replace(incident, cluster=identity.cluster))
