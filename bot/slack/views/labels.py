"""The words and colours of causes, verdicts and states in Slack."""

from __future__ import annotations

from handlers.domain.incident import Incident, Stage
from runbooks.all_runbooks import ELECTION, aim, can_prove
from runbooks.model import UNDO, Verdict
from runbooks.wording import duration

VERDICTS = {
    Verdict.CONFIRMED: ":red_circle: confirmed",
    Verdict.LIKELY: ":large_orange_circle: likely",
    Verdict.POSSIBLE: ":large_yellow_circle: possible",
    Verdict.UNDETERMINED: ":white_circle: undetermined",
    Verdict.RULED_OUT: "✕ ruled out",
}

CAN_ELECT = {"yes": "yes", "no": "no", "undetermined": "not known"}

OUTCOMES = {
    "done": ":white_check_mark:",
    "not_done": ":x:",
    "rejected": ":no_entry:",
    "unknown": ":grey_question:",
}

RED, ORANGE, GREEN, GREY = "red_circle", "large_orange_circle", "large_green_circle", "white_circle"

COLOURS = {RED: "#d92d20", ORANGE: "#f79009", GREEN: "#12b76a", GREY: "#98a2b3"}


def mark(incident: Incident) -> str:
    """Return the incident's colour as an emoji."""
    return f":{_colour(incident)}:"


def colour(incident: Incident) -> str:
    """Return the incident's colour for the bar beside its headline."""
    return COLOURS[_colour(incident)]


def _colour(incident: Incident) -> str:
    """Return green only with a proven leader, or where none can be looked for; red after a run without."""
    run = incident.run
    if incident.verified:
        return GREEN
    if incident.closed:
        return GREY if can_prove(incident.runbook) else GREEN
    if incident.running:
        return ORANGE
    fresh = run and run.ended and incident.evidence_at and incident.evidence_at > run.ended.at
    return ORANGE if run and run.ended and run.ended.completed and not fresh else RED


def who_has_it(incident: Incident) -> str:
    """Return who has the incident; while nobody has said so, whose plan is under way."""
    if holder := incident.triage.holder:
        return holder.name
    if run := incident.running:
        return f"nobody yet; {run.confirmed_by.name} confirmed the plan that runs"
    if waiting := incident.awaiting_second:
        return f"nobody yet; {waiting.by.name} confirmed a plan"
    return "nobody took it" if incident.closed else "nobody yet"


def stage(incident: Incident) -> str:  # noqa: PLR0911  one case a stage
    """Say in one line what happens now."""
    match incident.stage:
        case Stage.OPENED | Stage.DIAGNOSED if not can_prove(incident.runbook):
            return "People look after it; it closes when nothing fires"
        case Stage.OPENED:
            return "Findings, in a few seconds"
        case Stage.DIAGNOSED if incident.awaiting_second:
            return "A second person must approve the plan"
        case Stage.RUNNING:
            return "The confirmed plan is being carried out"
        case Stage.RECOVERED:
            return "It closes when Alertmanager says resolved"
        case Stage.CLOSED:
            return f"Closed after {lasted(incident)}"
        case _:
            return _until_a_leader_is_proven(incident)


def _until_a_leader_is_proven(incident: Incident) -> str:
    """Say what is waited for while nothing runs and no leader is proven."""
    run = incident.run
    stopped = "The run stopped. " if run and run.ended and not run.ended.completed else ""
    if run and run.ended and run.ended.undo:
        what = "What is left" if run.plan.remedy == UNDO else "What it changed"
        return f"{stopped}{what} can be put back, in the thread"
    read = incident.evidence_at
    if run and run.ended and run.ended.completed and read and read <= run.ended.at:
        return f"A {aim(incident.runbook)} must now prove to be stable"
    waits_for_leader = aim(incident.runbook) == aim(ELECTION)
    if waits_for_leader and incident.diagnosis and incident.diagnosis.leadership.leader:
        return f"{stopped}{incident.diagnosis.leadership.leader} must prove that it leads"
    if incident.offers:
        return f"{stopped}Choose a remedy in the thread"
    return f"{stopped}People mend it; the bot watches for a {aim(incident.runbook)}"


def unproven(incident: Incident) -> str:
    """Return a warning where an incident was closed without a proven leader."""
    is_over = incident.closed and not incident.regrouping.merged_into
    doubtful = is_over and not incident.verified and can_prove(incident.runbook)
    return f" No {aim(incident.runbook)} was proven." if doubtful else ""


def lasted(incident: Incident) -> str:
    """Return the time from the first alert to the close."""
    if incident.closed is None or incident.opened_at is None:
        return "?"
    return duration(incident.closed.at - incident.opened_at)
