"""What the thread says of alerts that come from another incident or go to one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from bot.slack.views import blocks
from bot.slack.views.blocks import escape
from bot.slack.views.message import Message
from handlers.domain.events.regrouping import AlertsGiven, MergeAsked
from handlers.domain.incident import Incident
from handlers.domain.regrouping import words

ITS_THREAD = "its thread"


def parts(incident: Incident) -> Iterator[tuple[str, Callable[[], Message]]]:
    """Yield the key of each message, and what draws it."""
    regrouping = incident.regrouping
    for number, joined in enumerate(regrouping.joinings, start=1):
        key = f"joined-{number}"
        yield key, partial(_message, key, partial(words.joined, incident, joined))
    for number, taken in enumerate(regrouping.taken, start=1):
        key = f"taken-{number}"
        yield key, partial(_message, key, partial(words.taken, taken), taken.link)
    for number, outcome in enumerate(regrouping.outcomes, start=1):
        key = f"regrouped-{number}"
        link = outcome.event.link if isinstance(outcome.event, AlertsGiven) else ""
        yield key, partial(_message, key, partial(words.outcome, incident, outcome), link)


def _message(key: str, say: Callable[[], str], address: str = "") -> Message:
    text = say()
    link = f" ({blocks.link(address, ITS_THREAD)})" if address else ""
    return Message(key, text, (blocks.section(f":link: {escape(text)}{link}"),))


def under_way(incident: Incident) -> str | None:
    """Return what happens next where a merge or a split is under way."""
    request = incident.regrouping.request
    if request is None:
        return None
    if isinstance(request.event, MergeAsked):
        return f"It is being merged into {request.event.into}"
    return "Alerts of it get an incident of their own"


def split_off(incident: Incident) -> str | None:
    """Return the id of the incident that this one was split off, if it began so."""
    return next((each.of for each in incident.regrouping.taken if not each.merged), None)
