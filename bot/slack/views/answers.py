"""The answers to a command or a click: new messages that only one person sees."""

from __future__ import annotations

from bot.evidence_tables import all_links_open, not_read
from bot.slack.views import blocks, doctor, escalation, findings, headline, labels, month, posture
from bot.slack.views.blocks import Block, escape, escape_lines
from handlers.commands.answers import (
    Answer,
    DoctorReport,
    ElectionStatus,
    Help,
    History,
    IncidentList,
    IncidentShown,
    MonthShown,
    OnCallShown,
    PostmortemAnswer,
    PostureShown,
    Runbooks,
    Said,
    Watch,
)
from handlers.domain.incident import Incident

MAX_LISTED = 20


def answer(result: Answer) -> tuple[str, list[Block]]:
    """Return (text, blocks) of a command's answer; a watch and a report are more than a message."""
    text, shown = _answer(result)
    return blocks.cut(escape_lines(text), blocks.MAX_TEXT_CHARS), shown


def refusal(sentence: str) -> tuple[str, list[Block]]:
    """Return (text, blocks) of a sentence that says why not; it may repeat what was typed."""
    return escape_lines(sentence), []


def _answer(result: Answer) -> tuple[str, list[Block]]:  # noqa: PLR0911, PLR0912  one case an answer
    match result:
        case ElectionStatus():
            return election_status(result)
        case History():
            return incidents(f"{result.cluster} since {result.since:%Y-%m-%d}", result.incidents)
        case IncidentList():
            text, listed = incidents("Open incidents", result.incidents)
            return text, [*listed, *blocks.packed(map(escape, result.left_alone))]
        case IncidentShown():
            return incident(result.incident)
        case Runbooks():
            return runbooks(result)
        case PostureShown():
            return posture.answer(result.posture)
        case DoctorReport():
            return doctor.report(result.examined)
        case MonthShown():
            return month.answer(result.report)
        case OnCallShown():
            return escalation.on_call(result.on_call)
        case Said():
            return result.sentence, [blocks.section(escape_lines(result.sentence))]
        case Help():
            return help_text(result)
        case Watch():
            text = f"Watching {result.cluster} for {result.every_s * result.times:.0f} s."
            return text, [blocks.section(escape_lines(text))]
        case PostmortemAnswer():
            text = f"The report of {result.incident.id} is in its thread."
            return text, [blocks.section(escape_lines(text))]


def election_status(status: ElectionStatus) -> tuple[str, list[Block]]:
    """Show the leader, the term, who reaches whom, whether it can elect, and what could not be read."""
    diagnosis, evidence = status.diagnosis, status.evidence
    lead = diagnosis.leadership
    who = f"{lead.leader} leads term {lead.term}" if lead.leader else f"no leader, highest term {lead.term}"
    text = f"{evidence.cluster}: {who}. {diagnosis.summary}"
    brief = findings.is_brief(diagnosis, evidence)
    most = 3 if brief else 8
    missing = [blocks.cut(escape(line), 300) for line in not_read(evidence, limit=most)]
    judged = diagnosis.findings[: findings.MAX_BRIEF_FINDINGS if brief else None]
    small = [f"read at {evidence.started_at:%H:%M:%S} UTC"]
    if brief:
        small.append("in brief: `neumann-bot diagnose` prints everything that is read")
    if len(evidence.nodes) > 1 and all_links_open(evidence):
        small.insert(0, "every node reaches every other, for Raft and for gossip")
    return text, [
        blocks.section(f"*{escape(evidence.cluster)}*: {escape(who)}\n{escape_lines(diagnosis.summary)}"),
        *findings.tables(evidence, brief=brief),
        blocks.section(findings.can_elect(diagnosis)),
        *(blocks.section(findings.finding(each, brief=brief)) for each in judged if status.in_full),
        blocks.context(*small),
        *([blocks.context(*missing)] if missing else []),  # up to nine lines of the ten that Slack takes
    ]


def help_text(listing: Help) -> tuple[str, list[Block]]:
    """Show one line per command."""
    lines = [
        f"`/neumann {f'{command.words} {command.arguments}'.strip()}` {command.summary}"
        for command in listing.commands
    ]
    clusters = f"clusters: {', '.join(listing.clusters)}"
    text = "\n".join(lines)
    notes = ("<…> is yours to fill in, […] may be left out", clusters)
    return text, [blocks.section(blocks.own(text)), blocks.context(*map(escape, notes))]


def incidents(title: str, listed: tuple[Incident, ...]) -> tuple[str, list[Block]]:
    """Show a line or two for each incident."""
    if not listed:
        text = f"{title}: none."
        return text, [blocks.section(escape_lines(text))]
    lines = [incident_line(each) for each in listed]
    return f"{title}: {len(listed)}", [
        blocks.section(f"*{escape(title)}*"),
        *blocks.packed(lines[:MAX_LISTED]),
        *([blocks.context(f"and {len(lines) - MAX_LISTED} more")] if len(lines) > MAX_LISTED else []),
    ]


def incident(shown: Incident) -> tuple[str, list[Block]]:
    """Show one incident like its parent message, without the buttons: they belong to the thread."""
    message = headline.headline(shown)
    return message.text, [block for block in message.blocks if block["type"] != "actions"]


def incident_line(incident: Incident) -> str:
    """Show one incident: its id, who has it, what is wrong, what happens next."""
    names = blocks.cut(", ".join(sorted({alert.name for alert in incident.alerts.values()})), 120)
    since = f"{incident.opened_at:%m-%d %H:%M} UTC" if incident.opened_at else "?"
    cluster = blocks.cut(incident.cluster, 80)
    verdict = incident.diagnosis.summary if incident.diagnosis else "not diagnosed yet"
    return (
        f"{labels.mark(incident)} *{incident.id}* {escape(cluster)}: {escape(names)}"
        f" · who has it: {escape(labels.who_has_it(incident))} · since {since}\n"
        f"{escape(blocks.cut(verdict, 200))} _{escape(labels.stage(incident))}._"
    )


def runbooks(listing: Runbooks) -> tuple[str, list[Block]]:
    """Show each runbook with its page and its alerts."""
    lines = [
        f"{blocks.link(url, title)} ({escape(name)}): {', '.join(map(escape, alerts))}"
        for name, title, url, alerts in listing.rows
    ]
    return "Runbooks", [blocks.section("\n".join(lines))]
