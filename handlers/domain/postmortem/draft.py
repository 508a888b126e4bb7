"""Draft a postmortem in Markdown from an incident's timeline. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from handlers.domain.events import Event
from handlers.domain.fold import fold
from handlers.domain.foreign_text import one_line
from handlers.domain.history.account import Outcome, account_of, detected_after
from handlers.domain.history.leaderless import leaderless, total
from handlers.domain.incident import Incident
from handlers.domain.postmortem import parts as postmortem_parts
from handlers.domain.timeline_text import tell
from runbooks.all_runbooks import aim, can_prove
from runbooks.model import SURE
from runbooks.wording import duration

TO_BE_WRITTEN = (
    "Authors",
    "What it meant for users",
    "What set it off",
    "What went well",
    "What went wrong",
    "Where we were lucky",
    "What to change",
)
"""What no timeline knows."""

RESOLUTIONS = {
    Outcome.OPEN: "none yet",
    Outcome.MENDED: "the bot's run, confirmed by a person; the recovery was verified after it",
    Outcome.RECOVERED: "not by a run of the bot; the recovery was verified",
    Outcome.UNPROVEN: "not known: it was closed, and no recovery was verified",
    Outcome.FALSE_ALARM: "none was needed: nothing was wrong by the time the cluster was read",
}


def markdown(incident_id: str, events: Iterable[Event]) -> str:
    """Return the draft, with the parts that the example postmortem of Google's SRE book has (appendix D).

    Args:
        incident_id: The incident's id.
        events: Its whole timeline.
    """
    kept = tuple(events)
    incident = fold(incident_id, kept)
    parts = (
        _head(incident, kept),
        _times(incident),
        _impact(kept),
        _causes(incident),
        _actions(incident),
        _in_vain(kept),
        _timeline(kept),
        _follow_ups(incident, kept),
        _evidence(incident),
        ("## To be written", "", *(f"- {what}:" for what in TO_BE_WRITTEN)),
    )
    return "\n".join(line for part in parts for line in (*part, "")).rstrip() + "\n"


def took(begin: datetime | None, end: datetime | None) -> str:
    """Return the time from one moment to another, or say that it has not come to that."""
    if begin is None or end is None:
        return "not yet"
    return duration(end - begin)


def _head(incident: Incident, events: tuple[Event, ...]) -> Iterator[str]:
    alerts = ", ".join(sorted({alert.name for alert in incident.alerts.values()}))
    yield f"# {incident.id}: {_plain(alerts)} on {_plain(incident.cluster)}"
    yield ""
    yield _plain(incident.diagnosis.summary) if incident.diagnosis else "It was never diagnosed."
    yield ""
    yield _plain(incident.closed.detail) if incident.closed else "It is open."
    yield ""
    account = account_of(incident.id, events)
    holder = incident.triage.holder
    yield f"- Status: draft, {incident.stage.value}"
    yield f"- Severity: {_plain(incident.severity) or 'none given'}"
    yield f"- Who had it: {_plain(holder.name) if holder else postmortem_parts.NOBODY}"
    if account:
        yield f"- Resolution: {RESOLUTIONS[account.outcome]}"


def _times(incident: Incident) -> Iterator[str]:
    acknowledged = incident.triage.acknowledged
    verified, closed = incident.verified, incident.closed
    detected = detected_after(incident)
    rows = (
        ("to acknowledge", acknowledged.at if acknowledged else None),
        ("to diagnose", incident.diagnosed_at if can_prove(incident.runbook) else None),
        (f"to mend (a verified {aim(incident.runbook)})", verified.at if verified else None),
        ("to close", closed.at if closed else None),
    )
    yield "## How long it took"
    yield ""
    yield f"Opened {incident.opened_at:%Y-%m-%d %H:%M:%S} UTC." if incident.opened_at else ""
    yield ""
    if detected is not None:
        yield f"- to detect (from the alert's start): {duration(detected)}"
    yield from (f"- {what}: {took(incident.opened_at, at)}" for what, at in rows)


def _impact(events: tuple[Event, ...]) -> Iterator[str]:
    yield "## Impact"
    yield ""
    lost = leaderless(events)
    if lost is None:
        yield "- minutes without a leader: nobody has looked for one"
    else:
        yield f"- without a leader: {duration(total(lost))}, by the bot's own readings from the first one on"


def _in_vain(events: tuple[Event, ...]) -> Iterator[str]:
    yield "## Tried and refused"
    yield ""
    lines = tuple(f"- {_plain(sentence)}" for sentence in postmortem_parts.tried_in_vain(events))
    yield from lines or ("Nothing.",)


def _follow_ups(incident: Incident, events: tuple[Event, ...]) -> Iterator[str]:
    yield "## Follow-ups"
    yield ""
    for kind, what, owner in postmortem_parts.follow_ups(incident, events):
        yield f"- [ ] {kind.value}: {_plain(what)} (owner: {_plain(owner)})"
    yield "- [ ] … (owner: )"


def _evidence(incident: Incident) -> Iterator[str]:
    yield "## Evidence"
    yield ""
    if incident.evidence:
        yield "- the thread: its pictures (who reaches whom, elections and terms) and what was read in full"
        yield f"- `neumann-bot replay {incident.id}`: what today's rules say of it"
    yield f"- `neumann-bot incidents export {incident.id}`: every event with what was read"


def _causes(incident: Incident) -> Iterator[str]:
    yield "## Causes"
    yield ""
    for finding in incident.diagnosis.findings if incident.diagnosis else ():
        nodes = f" ({_plain(', '.join(finding.nodes))})" if finding.nodes else ""
        yield f"- **{finding.cause}**{nodes}: {finding.verdict.value}"
        if finding.verdict in SURE:
            yield from (f"  - {_plain(line)}" for line in finding.evidence_for)
        yield from (f"  - against: {_plain(line)}" for line in finding.evidence_against)
        if finding.would_decide:
            yield f"  - would decide: {_plain(finding.would_decide)}"


def _actions(incident: Incident) -> Iterator[str]:
    yield "## Actions"
    yield ""
    if not incident.runs:
        yield "None by the bot."
    for run in incident.runs:
        second = f", approved by {_plain(run.approved_by.name)}" if run.approved_by else ""
        yield f"- **{_plain(run.plan.title)}**, confirmed by {_plain(run.confirmed_by.name)}{second}"
        for index, step in enumerate(run.plan.steps):
            action = run.actions.get(index)
            outcome = action.finished if action else None
            said = f"{outcome.state}: {_plain(outcome.detail)}" if outcome else "not begun"
            yield f"  - {step.action.node} `{step.action.type}`: {said}"
        if run.ended:
            yield f"  - {_plain(run.ended.detail)}"


def _timeline(events: tuple[Event, ...]) -> Iterator[str]:
    """Return the timeline as a list, not a table: a canvas holds no long tables."""
    yield "## Timeline (UTC)"
    day = ""
    for event in events:
        if day != f"{event.at:%Y-%m-%d}":
            day = f"{event.at:%Y-%m-%d}"
            yield from ("", f"### {day}", "")
        yield f"- {event.at:%H:%M:%S} {_plain(tell(event))}"


def _plain(text: str) -> str:
    """Escape text of alerts, logs and people: no markup, no end of a table cell, one line."""
    words = " ".join(one_line(text).split())
    return "".join(f"\\{char}" if char in "\\|*_`<>[]#~" else char for char in words)
