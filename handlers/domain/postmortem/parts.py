"""What a postmortem has beside its timeline: impact, what was tried in vain, follow-ups (SRE book). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from handlers.domain.escalation.model import ROUTE_NAMES
from handlers.domain.events import Event
from handlers.domain.events.escalation import PageTried
from handlers.domain.events.remediation import ActionFinished, NodeChecked, PlanProposed, RunEnded, StopAsked
from handlers.domain.history.likeness import PRECEDENT
from handlers.domain.incident import Incident
from handlers.domain.timeline_text import tell
from runbooks.model import SURE

NOBODY = "nobody yet"


class Kind(StrEnum):
    """What a follow-up is for, as the SRE book tells them apart."""

    PREVENT = "prevent"
    MITIGATE = "mitigate"
    PROCESS = "process"


def tried_in_vain(events: Iterable[Event]) -> Iterator[str]:
    """Yield a sentence for each thing that was refused, failed, was stopped, or was not confirmed."""
    kept = tuple(events)
    confirmed = {event.handle for event in kept if event.kind == "plan_confirmed"}
    for event in kept:
        if isinstance(event, PlanProposed) and event.handle not in confirmed:
            yield f"{event.by.name} looked at a plan and did not confirm it: {event.plan.title}"
        elif _is_in_vain(event):
            yield tell(event)


def _is_in_vain(event: Event) -> bool:
    match event:
        case ActionFinished():
            return event.state != "done"
        case NodeChecked():
            return bool(event.complaints)
        case RunEnded():
            return not event.completed
        case PageTried():
            return not event.delivered
        case _:
            return isinstance(event, StopAsked)


def follow_ups(incident: Incident, events: Iterable[Event]) -> Iterator[tuple[Kind, str, str]]:
    """Yield what is left to do, each the text of an issue, with what for and who owns it."""
    holder = incident.triage.holder
    owner = holder.name if holder else NOBODY
    for finding in incident.diagnosis.findings if incident.diagnosis else ():
        if finding.verdict in SURE:
            where = f" on {', '.join(finding.nodes)}" if finding.nodes else ""
            yield (
                Kind.PREVENT,
                f"find out what led to {finding.cause.replace('_', ' ')}{where}, and mend that",
                owner,
            )
    if precedent := incident.remarks.get(PRECEDENT):
        yield Kind.PREVENT, f"find out why it came back. {precedent.sentence}", owner
    if holder is None and not incident.runs:
        yield Kind.PROCESS, "nobody acknowledged it: are the tiers of escalation as they should be?", NOBODY
    failed = dict.fromkeys(
        event.route for event in events if isinstance(event, PageTried) and not event.delivered
    )
    for route in failed:
        yield Kind.PROCESS, f"mend {ROUTE_NAMES[route]}: it did not take a page", NOBODY
    if incident.runs and any(run.ended and not run.ended.completed for run in incident.runs):
        yield Kind.MITIGATE, "look why a run stopped before its end", owner
