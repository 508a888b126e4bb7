"""Which alerts a split is about, where they go, and what stands in the way. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from handlers.domain.alerts import OF_ALERT, UNCONFIGURED, UNKNOWN_TIME, Alert, IncidentIdentity
from handlers.domain.events.regrouping import Hindrance, MergeAsked, RegroupingGivenUp
from handlers.domain.incident import Incident
from handlers.domain.known_alerts import IdentityState, new_to
from handlers.domain.regrouping.state import Request
from runbooks.all_runbooks import RUNBOOKS, can_prove, of_alert
from runbooks.explained import EXPLAINED_BY

OUTLIVES_S = 600.0
"""How long an explained alert may fire after the recovery: twice Alertmanager's default group_interval."""


def named(incident: Incident, words: str) -> tuple[Alert, ...]:
    """Return the alerts that a person named: a name or fingerprint, then values of labels.

    `NodeDown` is all of that name, `NodeDown node2` those that carry a label with this value.
    """
    if words in incident.alerts:
        return (incident.alerts[words],)
    first, *values = words.split() or [""]
    return tuple(
        alert
        for alert in incident.alerts.values()
        if first in (alert.name, alert.fingerprint) and set(values) <= set(alert.labels.values())
    )


def moving(incident: Incident, request: Request) -> tuple[Alert, ...]:
    """Return the alerts that a request is about, as they are now."""
    if isinstance(request.event, MergeAsked):
        return tuple(incident.alerts.values())
    named_ones = request.event.fingerprints
    return tuple(alert for key, alert in incident.alerts.items() if key in named_ones)


def identity_after_split(incident: Incident, alerts: Iterable[Alert], request: Request) -> IncidentIdentity:
    """Return the identity of the incident that takes what is split off.

    Alerts of another runbook go where they would have gone by themselves. Others would come straight back
    there, so they get an identity that no other alert has.
    """
    first = next(iter(alerts))
    runbook = of_alert(first.name)
    natural = runbook.NAME if runbook else f"{OF_ALERT}{first.name}"
    if incident.runbook in (UNCONFIGURED, natural):
        natural = f"{OF_ALERT}{first.name}/{incident.id}/{request.position}"
    return IncidentIdentity(incident.cluster, natural)


def hindrance(giver: Incident, taker: Incident, request: Request) -> Hindrance | None:
    """Return why another incident cannot take the alerts of a request now.

    What it has taken once stays taken, whatever began there since; only what is new needs it open.
    """
    has_taken = taker.regrouping.has_taken(giver.id, request)
    if taker.closed:
        lacks = new_to(IdentityState(taker), moving(giver, request))
        return Hindrance.CLOSED if lacks or not has_taken else None
    if has_taken:
        return None
    if taker.regrouping.request:  # of two that are merged into each other one must stay
        return Hindrance.REGROUPING
    return Hindrance.RUNNING if taker.running else None


def loses_its_runbook(incident: Incident, into: Incident) -> bool:
    """Return whether a merge would leave no runbook that judges, or that of the effect and not of its cause.

    A runbook of text judges nothing.
    """
    explains = EXPLAINED_BY.get(into.runbook) == incident.runbook
    judges_alone = can_prove(incident.runbook) and not can_prove(into.runbook)
    return explains or judges_alone or (incident.runbook in RUNBOOKS and into.runbook not in RUNBOOKS)


def falls_silent(incident: Incident, into: Incident) -> bool:
    """Return whether what fires and is judged would come to where nobody looks or is called any more."""
    is_over = into.verified is not None and incident.verified is None
    return is_over and bool(incident.firing) and can_prove(incident.runbook)


def outlived(incident: Incident, now: datetime) -> tuple[str, ...]:
    """Return the fingerprints of alerts that still fire long after the recovery, and are not this runbook's.

    They came explained, or by a merge with an incident that was judged; those of one runbook go at once.
    Where the last attempt to split them off was given up, as long is waited again.
    """
    if incident.verified is None:
        return ()
    ends = [outcome.event for outcome in incident.regrouping.outcomes]
    given_up = [end.at for end in ends if isinstance(end, RegroupingGivenUp)]
    if now - max(incident.verified.at, *given_up, UNKNOWN_TIME) < timedelta(seconds=OUTLIVES_S):
        return ()
    guests = [alert for alert in incident.firing if _is_guest(incident, alert)]
    going = tuple(each.fingerprint for each in guests if of_alert(each.name) is of_alert(guests[0].name))
    return going if len(going) < len(incident.alerts) else ()


def _is_guest(incident: Incident, alert: Alert) -> bool:
    """Return whether an alert is of another runbook, which judges it where it has its own incident."""
    if alert.fingerprint in incident.regrouping.joined:
        return True
    runbook = of_alert(alert.name)
    merged = {each.runbook for each in incident.identities} - {incident.runbook}
    return runbook is not None and runbook.NAME in merged and can_prove(runbook.NAME)
