"""What a command or a click gets back: messages for one person, never a change of one."""

from __future__ import annotations

from bot.evidence_text import link_table, node_table, not_read
from bot.slack import blocks, words
from bot.slack.blocks import Block, escape
from bot.slack.findings import finding
from handlers.commands.answers import (
    Answer,
    ElectionStatus,
    Help,
    History,
    IncidentList,
    IncidentShown,
    Report,
    Runbooks,
    Said,
    Watch,
)
from handlers.incident import Incident

MOST_LISTED = 20


def answer(result: Answer) -> tuple[str, list[Block]]:  # noqa: PLR0911  one case an answer
    """(text, blocks) of a command's answer; a watch and a report are more than a message."""
    match result:
        case ElectionStatus():
            return election_status(result)
        case History():
            return incidents(f"{result.cluster} since {result.since:%Y-%m-%d}", result.incidents)
        case IncidentList():
            text, listed = incidents("Open incidents", result.incidents)
            return text, [*listed, *blocks.packed(map(escape, result.left_alone))]
        case IncidentShown():
            return incidents(result.incident.id, (result.incident,))
        case Runbooks():
            return runbooks(result)
        case Said():
            return result.sentence, [blocks.section(escape(result.sentence))]
        case Help():
            return help_text(result)
        case Watch():
            text = f"Watching {result.cluster} for {result.every_s * result.times:.0f} s."
            return text, [blocks.section(escape(text))]
        case Report():
            text = f"The report of {result.incident.id} is a file in its thread."
            return text, [blocks.section(escape(text))]


def election_status(status: ElectionStatus) -> tuple[str, list[Block]]:
    """Who leads, which term, who reaches whom, can it elect, and what could not be read."""
    diagnosis, evidence = status.diagnosis, status.evidence
    lead = diagnosis.leadership
    who = f"{lead.leader} leads term {lead.term}" if lead.leader else f"no leader, highest term {lead.term}"
    text = f"{evidence.cluster}: {who}. {diagnosis.summary}"
    small = [
        f"read at {evidence.started_at:%H:%M:%S} UTC",
        *not_read(evidence),
    ]
    return text, [
        blocks.section(f"*{escape(evidence.cluster)}*: {escape(who)}\n{escape(diagnosis.summary)}"),
        blocks.preformatted(node_table(evidence)),
        blocks.preformatted(link_table(evidence)),
        blocks.section(f"*Can it elect?* {diagnosis.can_elect}: {escape(diagnosis.can_elect_reason)}."),
        *([blocks.section(finding(each)) for each in diagnosis.findings] if status.in_full else []),
        blocks.context(*map(escape, small)),
    ]


def help_text(listing: Help) -> tuple[str, list[Block]]:
    """One line per command."""
    lines = [
        f"`/neumann {f'{command.words} {command.arguments}'.strip()}` {escape(command.summary)}"
        for command in listing.commands
    ]
    clusters = f"clusters: {', '.join(listing.clusters)}"
    return "\n".join(lines), [blocks.section("\n".join(lines)), blocks.context(escape(clusters))]


def incidents(title: str, listed: tuple[Incident, ...]) -> tuple[str, list[Block]]:
    """A line or two for each incident."""
    if not listed:
        text = f"{title}: none."
        return text, [blocks.section(escape(text))]
    lines = [incident_line(each) for each in listed]
    return f"{title}: {len(listed)}", [
        blocks.section(f"*{escape(title)}*"),
        *blocks.packed(lines[:MOST_LISTED]),
        *([blocks.context(f"and {len(lines) - MOST_LISTED} more")] if len(lines) > MOST_LISTED else []),
    ]


def incident_line(incident: Incident) -> str:
    """One incident: its id, where it stands, who has it."""
    names = ", ".join(sorted({alert.name for alert in incident.alerts.values()}))
    holder = incident.care.holder
    has = f"{escape(holder.name)} has it" if holder else "nobody has it"
    since = f"{incident.opened_at:%m-%d %H:%M} UTC" if incident.opened_at else "?"
    verdict = escape(incident.diagnosis.summary) if incident.diagnosis else "not diagnosed yet"
    return (
        f"{words.mark(incident)} *{incident.id}* {escape(incident.cluster)}: {escape(names)}, "
        f"{words.stage(incident)}, {has}, since {since}\n{verdict}"
    )


def runbooks(listing: Runbooks) -> tuple[str, list[Block]]:
    """Each runbook with its page and its alerts."""
    lines = [
        f"{blocks.link(url, title)} ({escape(name)}): {', '.join(map(escape, alerts))}"
        for name, title, url, alerts in listing.rows
    ]
    return "Runbooks", [blocks.section("\n".join(lines))]
