"""The findings as a message: what was read, the causes ranked, the remedies that may be carried out. Pure."""

from __future__ import annotations

from bot.agent_readings import STILL_READING
from bot.evidence_text import all_links_open, link_table, node_table, not_read
from bot.slack import blocks, words
from bot.slack.blocks import Block, escape
from bot.slack.message import REMEDY_ACTION, Message
from handlers.incident import Incident
from runbooks.evidence import Evidence
from runbooks.leader_election.words import listed
from runbooks.model import Diagnosis, Finding, Remedy, RootCause, Verdict

MOST_LINES = 12
MOST_DECIDING = 300
MOST_OF_A_FINDING = 1_200
"""Slack takes about 12,000 characters in one message; with 51 nodes every part must know its share."""


def message(incident: Incident, diagnosis: Diagnosis, evidence: Evidence) -> Message:
    """What was read, the causes ranked, and the buttons of the remedies that may be carried out."""
    can = {"yes": "yes", "no": "no", "undetermined": "undetermined"}[diagnosis.can_elect]
    sure = [f for f in diagnosis.findings if f.verdict is not Verdict.RULED_OUT]
    ruled_out = [f for f in diagnosis.findings if f.verdict is Verdict.RULED_OUT]
    body = [
        *_progress(evidence),
        blocks.section(f"*{escape(diagnosis.summary)}*"),
        blocks.preformatted(node_table(evidence)),
        *([] if all_links_open(evidence) else [blocks.preformatted(link_table(evidence))]),
        blocks.section(f"*Can this cluster elect?* {can}: {escape(diagnosis.can_elect_reason)}."),
        *(blocks.section(finding(each)) for each in sure),
        *([blocks.context(*(_finding_in_a_line(f) for f in ruled_out))] if ruled_out else []),
        *_buttons(incident),
        *_small_print(diagnosis, evidence),
    ]
    return Message(key="findings", text=diagnosis.summary, blocks=tuple(body))


def _progress(evidence: Evidence) -> list[Block]:
    """How far the reading is, while it is not everything."""
    waiting = [node.node for node in evidence.nodes if node.health.missing == STILL_READING]
    if evidence.complete or not waiting:
        return []
    read, of = len(evidence.nodes) - len(waiting), len(evidence.nodes)
    bar = "▓" * round(10 * read / of) + "░" * (10 - round(10 * read / of))
    text = f":hourglass_flowing_sand: {bar} {read} of {of} nodes read, waiting for {listed(waiting)}"
    return [blocks.context(escape(blocks.cut(text, 300)))]


def finding(judged: Finding) -> str:
    """One cause with what speaks for it and against it."""
    nodes = f" ({escape(', '.join(judged.nodes))})" if judged.nodes else ""
    lines = [f"{words.VERDICTS[judged.verdict]} *{words.CAUSES[judged.cause]}*{nodes}"]
    lines += [f"• {escape(line)}" for line in judged.evidence_for[:MOST_LINES]]
    if len(judged.evidence_for) > MOST_LINES:
        lines.append(f"• and {len(judged.evidence_for) - MOST_LINES} more like these")
    lines += [f"• against: {escape(line)}" for line in judged.evidence_against]
    if judged.would_decide:
        lines.append(f"• would decide: {escape(blocks.cut(judged.would_decide, MOST_DECIDING))}")
    lines += [f"→ by hand: {escape(remedy.reason)}" for remedy in judged.remedies if remedy.name == "by_hand"]
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
