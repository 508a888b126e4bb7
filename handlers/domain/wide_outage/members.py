"""Decide which incidents are one wide outage: those of many clusters that began close together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.domain.events.wide_outage import OutageMember
from handlers.domain.incident import Incident

LIST_KEY = "wide-outage"
"""Key of the message that lists the incidents."""

OF_EACH = frozenset({"alertname", "cluster", "severity"})
"""Labels that say what an alert is, not where."""


@dataclass(frozen=True)
class OutageRule:
    """How many clusters must get incidents within which time, for these to be one wide outage."""

    clusters: int = 5
    within: timedelta = timedelta(minutes=5)


def beginning(incidents: Iterable[Incident], rule: OutageRule) -> tuple[OutageMember, ...]:
    """Return the members of a wide outage that begins among these incidents, oldest first; none otherwise."""
    free = _in_order(incidents)
    for place, first in enumerate(free):
        together = [each for each in free[place:] if each.opened_at - first.opened_at <= rule.within]
        if len({each.cluster for each in together}) >= rule.clusters:
            return tuple(together)
    return ()


def grown(
    members: tuple[OutageMember, ...], incidents: Iterable[Incident], rule: OutageRule
) -> tuple[OutageMember, ...]:
    """Return the members with those that began no later than the rule's time after the newest."""
    known, newest = {each.incident for each in members}, max(each.opened_at for each in members)
    begins = min(each.opened_at for each in members)
    for each in _in_order(incidents):
        if each.incident not in known and begins <= each.opened_at <= newest + rule.within:
            members, newest = (*members, each), max(newest, each.opened_at)
    return members


def _in_order(incidents: Iterable[Incident]) -> list[OutageMember]:
    opened = (
        OutageMember(incident=each.id, cluster=each.cluster, opened_at=each.opened_at)
        for each in incidents
        if each.opened_at and not each.closed
    )
    return sorted(opened, key=lambda each: (each.opened_at, each.incident))


def as_now(members: Iterable[OutageMember], loaded: Mapping[str, Incident]) -> tuple[OutageMember, ...]:
    """Return the members with whether they are open now; one that could not be loaded stays as it was."""
    return tuple(
        member.model_copy(update={"is_open": _is_open(loaded[member.incident])})
        if member.incident in loaded
        else member
        for member in members
    )


def _is_open(incident: Incident) -> bool:
    return incident.opened_at is not None and incident.closed is None


def goes_on(incident: Incident, loaded: Mapping[str, Incident]) -> bool:
    """Return whether an incident has a list on which one is open, or was so when it was last written.

    So a list that was over goes on once one of its incidents is opened again.
    """
    members = incident.wide_outage.seen.members if incident.wide_outage.seen else ()
    return any(member.is_open for member in (*members, *as_now(members, loaded)))


def common_labels(incidents: Iterable[Incident]) -> dict[str, str]:
    """Return the labels with their values that all alerts of all these incidents carry."""
    labels = [set(alert.labels.items()) for each in incidents for alert in each.alerts.values()]
    common = set.intersection(*labels) if labels else set()
    return {name: value for name, value in sorted(common) if name not in OF_EACH}


def began_at(members: Iterable[OutageMember]) -> datetime:
    """Return when the first of them began."""
    return min(each.opened_at for each in members)
