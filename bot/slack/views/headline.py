"""The parent message: what is wrong, since when, who has it, what happens next, and the buttons. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.slack.views import blocks, labels, regrouping, wide_outage
from bot.slack.views.advice import is_overtaken
from bot.slack.views.alert_lines import alert_lines, earlier_line
from bot.slack.views.blocks import Block, escape
from bot.slack.views.message import MORE_ACTION, TRIAGE_ACTION, Message
from handlers.domain.alerts import UNCONFIGURED
from handlers.domain.events.recovery import LeaderVerified, RecoveryVerified
from handlers.domain.incident import Incident
from runbooks.all_runbooks import RUNBOOKS, aim, can_prove
from runbooks.model import Diagnosis, Verdict

MAX_TITLE_CHARS = 300

MAX_NAME_CHARS = 40
"""Of a runbook, as `neumann-bot runbook new` takes it."""


def headline(incident: Incident) -> Message:
    """Return the parent message, edited in place as the incident goes on."""
    names = sorted({alert.name for alert in incident.firing}) or sorted(
        {alert.name for alert in incident.alerts.values()}
    )
    title = blocks.cut(f"{incident.cluster}: {', '.join(names)}", MAX_TITLE_CHARS)
    sentence = one_sentence(incident)
    severity = f" · {escape(severity_of(incident))}" if severity_of(incident) else ""
    first = blocks.section(f"{labels.mark(incident)} *{escape(title)}*{severity}\n{escape(sentence)}")
    return Message(
        key="headline",
        text=blocks.cut(f"{title}. {sentence}", blocks.MAX_TEXT_CHARS),
        colour=labels.colour(incident),
        blocks=(first, *_details(incident), *_buttons(incident)),
    )


def _details(incident: Incident) -> Iterator[Block]:
    """Yield what stands below the sentence; of one of many clusters that is only who has it."""
    if pointer := wide_outage.pointer(incident):
        yield blocks.context(pointer, escape(f"who has it: {labels.who_has_it(incident)}"), incident.id)
        return
    yield blocks.fields(*facts(incident))
    yield blocks.context(*alert_lines(incident), *earlier_line(incident), incident.id)


def severity_of(incident: Incident) -> str:
    """Return the incident's severity, in a length that fits."""
    return blocks.cut(incident.severity, 40)


def facts(incident: Incident) -> Iterator[str]:
    """Return the facts needed first, each as a heading and a word or two."""
    if incident.diagnosis and not incident.verified:
        yield f"*Can elect?*\n{incident.diagnosis.can_elect}"
    yield f"*Who has it*\n{escape(labels.who_has_it(incident))}"
    if not incident.closed:
        yield f"*What happens next*\n{escape(regrouping.under_way(incident) or labels.stage(incident))}"
    if incident.opened_at and not incident.closed:
        yield f"*Since*\n{blocks.moment(incident.opened_at)}"
    if incident.evidence_at and not incident.closed:
        yield f"*Read*\n{blocks.moment(incident.evidence_at)}"
    until = incident.triage.snoozed_until
    if until and not incident.closed:
        yield f"*Snoozed until*\n{blocks.moment(until)}"


def _buttons(incident: Incident) -> list[Block]:
    if not incident.handle:
        return []

    def button(text: str, what: str, style: str | None = None) -> Block:
        return blocks.button(text, action_id=f"{TRIAGE_ACTION}:{what}", value=incident.handle, style=style)

    if incident.closed:
        row = [] if incident.regrouping.merged_into else [button("Reopen", "reopen")]
    else:
        row = [] if incident.triage.acknowledged else [button("Acknowledge", "acknowledge", "primary")]
        row += [button("Assign", "assign"), button("Snooze", "snooze")]
        row += [] if incident.kept_open_by or incident.running else [button("Resolve", "resolve")]
    if incident.runbook in RUNBOOKS:
        row.append(blocks.link_button("Runbook", f"{TRIAGE_ACTION}:runbook", RUNBOOKS[incident.runbook].URL))
    more = {"Add a note": "note", "Write the report": "report"}
    if not incident.closed:
        more |= {"Merge into another": "merge"} if incident.has_siblings else {}
        more |= {"Split an alert off": "split"} if incident.firing and len(incident.alerts) > 1 else {}
    options = {text: f"{what}.{incident.handle}" for text, what in more.items()}
    return [blocks.actions("care", [*row, blocks.overflow(MORE_ACTION, options)])]


def one_sentence(incident: Incident) -> str:
    """Return the verdict, or how far it has come."""
    if incident.closed:
        return f"Closed after {labels.lasted(incident)}. {incident.closed.detail}{labels.unproven(incident)}"
    if incident.verified:
        return _well_again(incident.verified)
    if incident.runbook == UNCONFIGURED:
        return "This cluster is not in the bot's configuration; what Alertmanager says is below."
    if incident.diagnosis and not incident.firing and can_prove(incident.runbook):
        unproven = f"Alertmanager says resolved, but no {aim(incident.runbook)} is proven."
        return unproven if is_overtaken(incident) else f"{unproven} {incident.diagnosis.summary}"
    if incident.runbook not in RUNBOOKS:
        return _without_runbook(incident)
    return _judged(incident.diagnosis) if incident.diagnosis else "Reading every node…"


def _without_runbook(incident: Incident) -> str:
    if of := regrouping.split_off(incident):
        return f"Split off {of}, where the cluster is read and judged; what Alertmanager says is below."
    return (
        "The bot has no runbook for this alert, so it cannot judge it: the thread shows how the cluster is."
        f" To write one, begin with `{command_for(incident)}`."
    )


def command_for(incident: Incident) -> str:
    """Return the command that begins a runbook for an alert that has none."""
    alert = incident.runbook.removeprefix("alert:")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", alert):
        return "neumann-bot runbook new NAME --alert ALERT --toml"
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+", "-", alert)
    name = words.strip("-").lower()
    fits = re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) and len(name) <= MAX_NAME_CHARS
    return f"neumann-bot runbook new {name if fits else 'NAME'} --alert {alert} --toml"


def _well_again(verified: LeaderVerified | RecoveryVerified) -> str:
    if isinstance(verified, RecoveryVerified):
        return f"{verified.sentence}."
    lead = verified.leadership
    return f"{lead.leader} leads term {lead.term}, acknowledged by {len(lead.acknowledged_by)} nodes."


def _judged(diagnosis: Diagnosis) -> str:
    top = diagnosis.top
    is_open = top.verdict is Verdict.UNDETERMINED and top.would_decide
    return f"{diagnosis.summary} What could not be read would decide it." if is_open else diagnosis.summary
