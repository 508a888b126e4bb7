"""Merge two incidents of a cluster, or split alerts off one: what people ask for, and what forbids it.

What was asked for stands in the timeline; `handlers/alerting/give_alerts.py` carries it out.
"""

from __future__ import annotations

from typing import NamedTuple

from handlers.authorization import check_colleague
from handlers.decide_again import decide_again_if_moved
from handlers.domain.alerts import Alert
from handlers.domain.events.base import Person
from handlers.domain.events.regrouping import MergeAsked, SplitAsked
from handlers.domain.incident import Incident
from handlers.domain.known_alerts import fires
from handlers.domain.regrouping.choices import falls_silent, loses_its_runbook, named, outlived
from handlers.errors import Refused
from handlers.load_incidents import load_known
from handlers.ports import Ports
from handlers.remediation.preconditions import void_because


class Asked(NamedTuple):
    """The incident after the request, and the incident that has its alerts already, if one has."""

    incident: Incident
    done_by: str | None


@decide_again_if_moved
async def merge(ports: Ports, incident_id: str, into_id: str, by: Person) -> Asked:
    """Ask for an incident's alerts, and those that follow, to belong to another; to ask twice is to ask once.

    Raises:
        Refused: With the sentence that the person gets.
    """
    incident, into = await load_known(ports, incident_id), await load_known(ports, into_id)
    await check_colleague(ports, by)
    if incident.id == into.id:
        raise Refused(f"{incident.id} cannot be merged into itself; name another incident.")
    if incident.regrouping.merged_into == into.id:
        return Asked(incident, into.id)
    request = incident.regrouping.request
    if request and isinstance(request.event, MergeAsked) and request.event.into == into.id:
        return Asked(incident, None)
    _check_mergeable(incident, into)
    await _check_no_plan_waits(ports, incident)
    asked = MergeAsked(at=ports.time.now(), by=by, into=into.id)
    return Asked(await ports.timelines.append(incident, asked), None)


@decide_again_if_moved
async def split(ports: Ports, incident_id: str, words: str, by: Person) -> Asked:
    """Ask for alerts to get an incident of their own; to ask twice is to ask once.

    Args:
        ports: What is touched.
        incident_id: The incident that has them.
        words: The alerts' name or fingerprint, and values of their labels where that is not enough.
        by: Who asks.

    Raises:
        Refused: With the sentence that the person gets.
    """
    incident = await load_known(ports, incident_id)
    await check_colleague(ports, by)
    alerts = named(incident, words)
    if not alerts and (taken_by := _split_before(incident, words)):
        return Asked(incident, taken_by)
    fingerprints = tuple(alert.fingerprint for alert in alerts)
    request = incident.regrouping.request
    if request and isinstance(request.event, SplitAsked) and request.event.fingerprints == fingerprints:
        return Asked(incident, None)
    _check_splittable(incident, alerts)
    await _check_no_plan_waits(ports, incident)
    asked = SplitAsked(at=ports.time.now(), by=by, fingerprints=fingerprints)
    return Asked(await ports.timelines.append(incident, asked), None)


async def split_outlived(ports: Ports, incident: Incident) -> Incident:
    """Ask, as the bot, for an incident of their own for alerts that nothing explains any more."""
    now = ports.time.now()
    return await ports.timelines.append(incident, SplitAsked(at=now, fingerprints=outlived(incident, now)))


def _split_before(incident: Incident, words: str) -> str | None:
    """Return the incident that an alert of this name was split off into."""
    name = words.partition(" ")[0]
    past = (alert for alert in incident.firings.values() if alert.name == name)
    return next((to for alert in past if (to := incident.regrouping.given_to(alert.fingerprint))), None)


def _check_mergeable(incident: Incident, into: Incident) -> None:
    if incident.cluster != into.cluster:
        raise Refused(
            f"{incident.id} is about {incident.cluster} and {into.id} about {into.cluster}: only incidents of"
            " one cluster can be merged."
        )
    for each in (incident, into):
        _check_may_change(each)
    if loses_its_runbook(incident, into):
        raise Refused(
            f"{into.id} does not look for the causes that {incident.id} looks for: merge {into.id} into"
            f" {incident.id} instead."
        )
    if falls_silent(incident, into):
        raise Refused(
            f"{into.id} has recovered, so nobody is called for it any more, and {incident.id} still fires: it"
            " stays an incident of its own."
        )


def _check_splittable(incident: Incident, alerts: tuple[Alert, ...]) -> None:
    _check_may_change(incident)
    if not alerts:
        known = ", ".join(sorted({alert.name for alert in incident.alerts.values()}))
        raise Refused(f"Which alert? {incident.id} has {known}.")
    if not any(map(fires, alerts)):
        raise Refused(f"{alerts[0].name} of {incident.id} does not fire any more, so it needs no incident.")
    if len(alerts) == len(incident.alerts):
        raise Refused(f"{incident.id} has no other alert, so there is nothing to split.")


async def _check_no_plan_waits(ports: Ports, incident: Incident) -> None:
    """Refuse to take alerts from under a plan that a second person may still approve: it would be void."""
    waiting = incident.awaiting_second
    if waiting and not await void_because(ports, incident, incident.proposals[waiting.handle]):
        raise Refused(
            f"A plan of {incident.id} that {waiting.by.name} confirmed awaits a second approval; merge or"
            " split once its run has ended, or once it is too old to be approved."
        )


def _check_may_change(incident: Incident) -> None:
    if incident.closed:
        raise Refused(f"{incident.id} is closed; reopen it first.")
    if incident.running:
        raise Refused(f"A plan of {incident.id} is being carried out; merge or split once its run has ended.")
    if incident.regrouping.request:
        raise Refused(f"{incident.id} is being merged or split; its thread says when that is done.")
