"""Say in a sentence what became of alerts that go from one incident to another. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from handlers.domain.alerts import Alert
from handlers.domain.events.base import Person
from handlers.domain.events.regrouping import (
    AlertsGiven,
    AlertsJoined,
    AlertsTaken,
    Hindrance,
    MergeAsked,
    RegroupingGivenUp,
    SplitAsked,
)
from handlers.domain.incident import Incident
from handlers.domain.regrouping.choices import OUTLIVES_S
from handlers.domain.regrouping.state import Outcome
from runbooks import explained
from runbooks.wording import counted, listed

HINDRANCES = {
    Hindrance.CLOSED: "{other} is closed",
    Hindrance.RUNNING: "a plan of {other} is being carried out",
    Hindrance.REGROUPING: "{other} is being merged or split itself",
    Hindrance.UNREADABLE: "the other incident cannot be read",
    Hindrance.NOTHING_LEFT: "its alerts are not here any more",
}

MAX_NAMES = 3


def names_of(alerts: Iterable[Alert]) -> str:
    """Return the names of alerts, each once."""
    return listed(sorted({alert.name for alert in alerts}), MAX_NAMES)


def joined(incident: Incident, event: AlertsJoined) -> str:
    """Return why alerts of another runbook are part of this incident, and for how long."""
    firings = {alert.fingerprint: alert for alert in incident.firings.values()}
    names = names_of(firings[each] for each in event.fingerprints if each in firings)
    return (
        f"{names or 'An alert'} belongs to this incident: {explained.SENTENCES[event.explanation]}. If it"
        f" still fires {OUTLIVES_S / 60:.0f} minutes after the recovery is proven, it gets an incident of its"
        " own."
    )


def taken(event: AlertsTaken) -> str:
    """Return from which incident alerts came."""
    if event.merged:
        return f"{event.of} was merged into this incident{_by(event.by)}: all of its alerts come here now."
    if event.by is None:
        return f"Split off {event.of} by the bot: what explained the alert there is over, but it still fires."
    return f"Split off {event.of}{_by(event.by)}."


def outcome(incident: Incident, done: Outcome) -> str:
    """Return what came of a merge or a split that was asked for here."""
    asked, event = done.request.event, done.event
    merges = isinstance(asked, MergeAsked)
    if isinstance(event, RegroupingGivenUp):
        why = HINDRANCES[event.why].format(other=event.other or "the other incident")
        return f"{'Not merged' if merges else 'Not split'}: {why}. Ask again once that is over."
    if merges:
        return f"This incident was merged into {event.to}{_by(asked.by)}: go on there."
    firings = {alert.fingerprint: alert for alert in incident.firings.values()}
    names = names_of(firings[each] for each in event.fingerprints if each in firings)
    return f"{names or 'An alert'} was split off{_by(asked.by)}: it is {event.to} now."


def _by(person: Person | None) -> str:
    return f" by {person.name}" if person else " by the bot"


SENTENCES: dict[type, Callable[[Any], str]] = {
    AlertsJoined: lambda event: (
        f"{counted(len(event.fingerprints), 'alert')} joined: {explained.SENTENCES[event.explanation]}"
    ),
    MergeAsked: lambda event: f"{event.by.name} asked to merge it into {event.into}",
    SplitAsked: lambda event: (
        f"{counted(len(event.fingerprints), 'alert')} to be split off, asked for{_by(event.by)}"
    ),
    AlertsTaken: taken,
    AlertsGiven: lambda event: f"{event.to} has {counted(len(event.fingerprints), 'alert')} of it now",
    RegroupingGivenUp: lambda event: f"not done: {HINDRANCES[event.why].format(other=event.other)}",
}
"""By type of event what the timeline says of it."""
