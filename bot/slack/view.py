"""An incident as the messages that should exist: a parent and its thread, each with a stable key. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.evidence_text import all_links_open, link_table, node_table, not_read
from bot.slack import blocks, run_view, words
from bot.slack.blocks import Block, escape
from bot.slack.message import REMEDY_ACTION, Message
from handlers.alerts import UNCONFIGURED
from handlers.incident import Incident, Stage
from runbooks.all_runbooks import RUNBOOKS
from runbooks.evidence import Evidence
from runbooks.model import Diagnosis, Finding, Leadership, Remedy, RootCause, Verdict

MOST_LINES = 12
MOST_DECIDING = 300
MOST_OF_A_FINDING = 1_200
"""Slack takes about 12,000 characters in one message; with 51 nodes every part must know its share."""


def render(incident: Incident) -> tuple[Message, ...]:
    """The parent first, then the thread in order."""
    return tuple(replace(message, text=escape(message.text)) for message in _messages(incident))


def _messages(incident: Incident) -> Iterator[Message]:
    yield headline(incident)
    for number, note in enumerate(incident.notes.values(), start=1):
        yield Message(f"note-{number}", note.sentence, (blocks.section(escape(note.sentence)),))
    if incident.diagnosis and incident.evidence:
        yield findings(incident, incident.diagnosis, incident.evidence)
    for number, run in enumerate(incident.runs, start=1):
        yield run_view.progress(incident, run, number)
    if incident.awaiting_second:
        yield run_view.second_asked(incident, incident.awaiting_second)
    if incident.verified:
        yield verdict(incident)
    if incident.closed:
        yield closing(incident)


def headline(incident: Incident) -> Message:
    """The parent message, edited in place as the incident goes on."""
    names = sorted({alert.name for alert in incident.firing}) or sorted(
        {a.name for a in incident.alerts.values()}
    )
    mark = {Stage.RECOVERED: ":large_green_circle:", Stage.CLOSED: ":large_green_circle:"}.get(
        incident.stage, ":large_orange_circle:" if incident.run else ":red_circle:"
    )
    title = f"{incident.cluster}: {', '.join(names)}"
    sentence = _one_sentence(incident)
    return Message(
        key="headline",
        text=blocks.cut(f"{title}. {sentence}", 3_000),
        colour=words.COLOURS[incident.stage],
        blocks=(
            blocks.section(f"{mark} *{escape(title)}*\n{escape(sentence)}"),
            blocks.context(
                f"{incident.id} · {words.stage(incident)}",
                *_alert_lines(incident),
                *(
                    [blocks.link(RUNBOOKS[incident.runbook].URL, "Runbook")]
                    if incident.runbook in RUNBOOKS
                    else []
                ),
            ),
        ),
    )


def _one_sentence(incident: Incident) -> str:
    if incident.verified:
        lead = incident.verified.leadership
        return f"{lead.leader} leads term {lead.term}, acknowledged by {len(lead.acknowledged_by)} nodes."
    if incident.runbook == UNCONFIGURED:
        return "This cluster is not in the bot's configuration; what Alertmanager says is below."
    if incident.diagnosis and not incident.firing and not incident.closed:
        return f"Alertmanager says resolved, but no leader is proven. {incident.diagnosis.summary}"
    if incident.runbook not in RUNBOOKS:
        return "No runbook of this bot covers this alert on this cluster; what Alertmanager says is below."
    return incident.diagnosis.summary if incident.diagnosis else "Reading every node…"


def _alert_lines(incident: Incident) -> Iterator[str]:
    for alert in list(incident.alerts.values())[:5]:
        summary = alert.annotations.get("summary", "")
        state = "firing" if alert.status == "firing" else "resolved"
        yield escape(blocks.cut(f"{alert.name} {state}{': ' + summary if summary else ''}", 300))


def findings(incident: Incident, diagnosis: Diagnosis, evidence: Evidence) -> Message:
    """What was read, the causes ranked, and the buttons of the remedies that may be carried out."""
    can = {"yes": "yes", "no": "no", "undetermined": "undetermined"}[diagnosis.can_elect]
    sure = [f for f in diagnosis.findings if f.verdict is not Verdict.RULED_OUT]
    ruled_out = [f for f in diagnosis.findings if f.verdict is Verdict.RULED_OUT]
    body = [
        blocks.section(f"*{escape(diagnosis.summary)}*"),
        blocks.preformatted(node_table(evidence)),
        *([] if all_links_open(evidence) else [blocks.preformatted(link_table(evidence))]),
        blocks.section(f"*Can this cluster elect?* {can}: {escape(diagnosis.can_elect_reason)}."),
        *(blocks.section(_finding(finding)) for finding in sure),
        *([blocks.context(*(_finding_in_a_line(f) for f in ruled_out))] if ruled_out else []),
        *_buttons(incident),
        *_small_print(diagnosis, evidence),
    ]
    return Message(key="findings", text=diagnosis.summary, blocks=tuple(body))


def _finding(finding: Finding) -> str:
    nodes = f" ({escape(', '.join(finding.nodes))})" if finding.nodes else ""
    lines = [f"{words.VERDICTS[finding.verdict]} *{words.CAUSES[finding.cause]}*{nodes}"]
    lines += [f"• {escape(line)}" for line in finding.evidence_for[:MOST_LINES]]
    if len(finding.evidence_for) > MOST_LINES:
        lines.append(f"• and {len(finding.evidence_for) - MOST_LINES} more like these")
    lines += [f"• against: {escape(line)}" for line in finding.evidence_against]
    if finding.would_decide:
        lines.append(f"• would decide: {escape(blocks.cut(finding.would_decide, MOST_DECIDING))}")
    lines += [
        f"→ by hand: {escape(remedy.reason)}" for remedy in finding.remedies if remedy.name == "by_hand"
    ]
    return blocks.cut("\n".join(lines), MOST_OF_A_FINDING)


def _finding_in_a_line(finding: Finding) -> str:
    against = f": {escape('; '.join(finding.evidence_against))}" if finding.evidence_against else ""
    return f"{words.VERDICTS[finding.verdict]} {words.CAUSES[finding.cause]}{against}"


def _buttons(incident: Incident) -> list[Block]:
    if incident.running or incident.verified or incident.closed or not incident.offers:
        return []
    return [
        blocks.actions(
            "remedies",
            [
                blocks.button(
                    words.BUTTONS[offer.remedy.name],
                    action_id=f"{REMEDY_ACTION}:{offer.remedy.name}",
                    value=offer.handle,
                    style="primary",
                )
                for offer in incident.offers
            ],
        )
    ]


def _small_print(diagnosis: Diagnosis, evidence: Evidence) -> list[Block]:
    remedies = [remedy for finding in diagnosis.findings for remedy in finding.remedies]
    refused = [remedy for remedy in remedies if not remedy.offered and remedy.name != "by_hand"]
    leader_exists = diagnosis.top.cause in (RootCause.ALERT_STALE, RootCause.MONITORING_BLIND)
    lines = [] if leader_exists else [_refused(remedy) for remedy in refused]
    lines.append(f"read at {evidence.started_at:%H:%M:%S} UTC")
    missing = not_read(evidence)
    return [blocks.context(*lines), *([blocks.context(*map(escape, missing))] if missing else [])]


def _refused(remedy: Remedy) -> str:
    return f"{words.BUTTONS[remedy.name]}: off. {escape(remedy.reason)}"


def verdict(incident: Incident) -> Message:
    """A leader is back, proven: before and after."""
    assert incident.verified  # noqa: S101  the caller has looked
    lead = incident.verified.leadership
    text = (
        f"Leader verified: {lead.leader} leads term {lead.term}, acknowledged by "
        f"{', '.join(lead.acknowledged_by)}, committing, stable for {incident.verified.stable_s:.0f} s."
    )
    compared = [] if incident.diagnosis is None else [blocks.preformatted(_before_and_after(incident, lead))]
    return Message(
        key="verified",
        text=text,
        blocks=(blocks.section(f":white_check_mark: *{escape(text)}*"), *compared),
    )


def _before_and_after(incident: Incident, now: Leadership) -> str:
    assert incident.diagnosis and incident.evidence  # noqa: S101  findings have both
    before, of = incident.diagnosis.leadership, len(incident.evidence.names)
    rows = [
        ("", "before", "now"),
        ("leader", before.leader or "none", now.leader or "none"),
        ("term", _known(before.term), _known(now.term)),
        ("nodes in it", f"{len(before.acknowledged_by)} of {of}", f"{len(now.acknowledged_by)} of {of}"),
        ("committed up to", _known(before.commit_index), _known(now.commit_index)),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return "\n".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in rows)


def _known(value: int | None) -> str:
    return "?" if value is None else str(value)


def closing(incident: Incident) -> Message:
    """The last word."""
    assert incident.closed  # noqa: S101  the caller has looked
    text = f"Incident resolved after {words.lasted(incident)}. {incident.closed.detail}"
    return Message(key="closed", text=text, blocks=(blocks.section(f":large_green_circle: {escape(text)}"),))
