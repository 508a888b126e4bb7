"""The findings as a message: what was read, the causes ranked, the remedies that may be carried out. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from bot.evidence_tables import all_links_open, cut_links, link_table, node_groups, node_table, not_read
from bot.slack.views import blocks, labels, progress
from bot.slack.views.advice import is_overtaken, to_do
from bot.slack.views.blocks import Block, escape
from bot.slack.views.message import READ_ACTION, REMEDY_ACTION, Message
from handlers.domain import unconfirmed
from handlers.domain.incident import Incident
from handlers.domain.steps.asked_reading import can_be_asked
from runbooks.all_runbooks import aim, button_of_remedy, can_prove, needs_no_remedy, title_of_cause
from runbooks.evidence import Evidence
from runbooks.model import BY_HAND, SURE, Diagnosis, Finding, Remedy, Verdict
from runbooks.wording import MAX_NAMES, listed

MAX_NODES = 12
"""More lines than this are no table that one reads at a glance."""

MAX_COLUMN_CHARS = 100
"""Characters in a line of a table before Slack wraps it on a laptop."""

MAX_TABLE_CHARS = 6_000
"""Slack takes about 12,000 characters in one message. What is longer than half of that in words is shown in
brief, every part with its share, and is a file in full."""

MAX_FINDING_CHARS = 2_900
MAX_BRIEF_FINDINGS, MAX_BRIEF_FINDING_CHARS = 5, 1_000
MAX_BRIEF_POINTS, MAX_BRIEF_POINT_CHARS = 3, 150


def message(incident: Incident, diagnosis: Diagnosis, evidence: Evidence) -> Message:
    """Show what was read, the causes ranked, and the buttons of the remedies that may be carried out."""
    brief = is_brief(diagnosis, evidence)
    sure, ruled_out = _parted(diagnosis)
    shown = sure[:MAX_BRIEF_FINDINGS] if brief else sure
    body = [
        *_overtaken(incident, evidence),
        blocks.section(
            "\n".join([f"*{escape(blocks.cut(diagnosis.summary, 600))}*", *to_do(incident, diagnosis)])
        ),
        *_unconfirmed(incident),
        *tables(evidence, brief=brief),
        blocks.section(can_elect(diagnosis)),
        *(blocks.section(finding(each, brief=brief, advised=each is sure[0])) for each in shown),
        *_named("Also", sure[len(shown) :]),
        *_named("Not it", ruled_out),
        *_buttons(incident),
        *_small_print(incident, diagnosis, evidence, brief=brief),
    ]
    bar, plan = progress.bar(evidence), progress.plan(evidence)
    return Message(
        key="findings",
        text=diagnosis.summary,
        blocks=(*(plan or bar), *body),
        plain=(*bar, *body) if plan else (),
    )


def is_brief(diagnosis: Diagnosis, evidence: Evidence) -> bool:
    """Return whether one message cannot hold everything."""
    return (
        len(evidence.nodes) > MAX_NODES
        or len(escape(in_words(diagnosis, evidence))) > MAX_TABLE_CHARS
        or any(len("\n".join(map(escape, points(each)))) > MAX_FINDING_CHARS for each in diagnosis.findings)
    )


def in_words(diagnosis: Diagnosis, evidence: Evidence) -> str:
    """Return all that was read and judged as plain text: the file where the message is brief."""
    judged = (
        "\n".join([f"{each.verdict.value} {title_of_cause(each.cause)}{_on(each.nodes)}", *points(each)])
        for each in diagnosis.findings
    )
    parts = (
        f"{evidence.cluster}, read at {evidence.started_at:%Y-%m-%d %H:%M:%S} UTC",
        diagnosis.summary,
        f"Can it elect? {labels.CAN_ELECT[diagnosis.can_elect]}: {diagnosis.can_elect_reason}.",
        *judged,
        "\n".join(_refused(remedy) for remedy in _refusals(diagnosis)),
        node_table(evidence),
        link_table(evidence),
        "\n".join(not_read(evidence, limit=None)),
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def can_elect(diagnosis: Diagnosis) -> str:
    """Say whether a leader can be elected, and by which count."""
    reason = escape(blocks.cut(diagnosis.can_elect_reason, 300))
    return f"*Can it elect?* {labels.CAN_ELECT[diagnosis.can_elect]}: {reason}."


def tables(evidence: Evidence, *, brief: bool) -> list[Block]:
    """Show the nodes, and the links unless all are open; of a large cluster what differs.

    Args:
        evidence: What was read.
        brief: Whether there is no room for every node.
    """
    links = [] if all_links_open(evidence) else [link_table(evidence)]
    if links and (brief or max(map(len, links[0].split("\n"))) > MAX_COLUMN_CHARS):
        links = ["\n".join(cut_links(evidence))]
    nodes = node_groups(evidence) if brief else node_table(evidence)
    limit = 1_500 if brief else blocks.MAX_SECTION_CHARS
    return [blocks.preformatted(each, limit) for each in (nodes, *links)]


def finding(judged: Finding, *, brief: bool = False, advised: bool = False) -> str:
    """Return one cause with what speaks for it and against it, as mrkdwn.

    Args:
        judged: The finding.
        brief: Whether only the first of each kind of line is shown, and the nodes are counted.
        advised: Whether what to do by hand is said elsewhere.
    """
    nodes = (
        f" ({escape(listed(judged.nodes, MAX_NAMES) if brief else ', '.join(judged.nodes))})"
        if judged.nodes
        else ""
    )
    head = f"{labels.VERDICTS[judged.verdict]} *{title_of_cause(judged.cause)}*{nodes}"
    lines = [head, *map(escape, points(judged, brief=brief, advised=advised))]
    return blocks.cut("\n".join(lines), MAX_BRIEF_FINDING_CHARS if brief else MAX_FINDING_CHARS)


def points(judged: Finding, *, brief: bool = False, advised: bool = False) -> Iterator[str]:
    """Return the points of a cause, a line each; what to do by hand comes first.

    Args:
        judged: The finding.
        brief: Whether only the first lines are shown.
        advised: Whether what to do by hand is said elsewhere.
    """
    most = MAX_BRIEF_POINTS if brief else None
    for remedy in judged.remedies:
        if remedy.name == BY_HAND and not advised:
            yield f"→ No button. {remedy.reason}"
    against = [f"against: {line}" for line in judged.evidence_against]
    deciding = [f"would decide: {judged.would_decide}"] if judged.would_decide else []
    for lines in (judged.evidence_for, against, deciding):
        yield from (
            f"• {blocks.cut(line, MAX_BRIEF_POINT_CHARS) if brief else line}" for line in lines[:most]
        )
        if most and len(lines) > most:
            yield f"• and {len(lines) - most} more like these"


def _overtaken(incident: Incident, evidence: Evidence) -> list[Block]:
    """Say what has overtaken the findings, which stay as they were read."""
    back = f"a {aim(incident.runbook)} has been back since then"
    since = back if incident.verified else "the incident is closed" if incident.closed else ""
    if not since:
        return []
    return [blocks.context(f":rewind: As it was at {evidence.started_at:%H:%M:%S} UTC; {since}.")]


def _unconfirmed(incident: Incident) -> list[Block]:
    """Say what was sure before readings failed, so that it does not vanish with its button."""
    lost = None if is_overtaken(incident) else incident.unconfirmed
    return [blocks.section(f":warning: {escape(unconfirmed.sentence(lost))}")] if lost else []


def _on(nodes: tuple[str, ...]) -> str:
    return f" ({', '.join(nodes)})" if nodes else ""


def _parted(diagnosis: Diagnosis) -> tuple[list[Finding], list[Finding]]:
    """Split the causes into possible and ruled out."""
    ruled_out = [each for each in diagnosis.findings if each.verdict is Verdict.RULED_OUT]
    return [each for each in diagnosis.findings if each not in ruled_out], ruled_out


def _named(what: str, findings: list[Finding]) -> list[Block]:
    names = ", ".join(title_of_cause(each.cause) for each in findings)
    return [blocks.context(blocks.cut(f"{what}: {names.lower()}", 400))] if findings else []


def _buttons(incident: Incident) -> list[Block]:
    row = [
        blocks.button(
            button_of_remedy(offer.remedy.name),
            action_id=f"{REMEDY_ACTION}:{offer.remedy.name}",
            value=offer.handle,
            style="primary",
        )
        for offer in (() if is_overtaken(incident) else incident.offers)
    ]
    if incident.handle and can_be_asked(incident):
        row.append(blocks.button("Read again", action_id=READ_ACTION, value=incident.handle))
    return [blocks.actions("remedies", row)] if row else []


def _small_print(incident: Incident, diagnosis: Diagnosis, evidence: Evidence, *, brief: bool) -> list[Block]:
    lines = [blocks.cut(escape(_refused(remedy)), 300) for remedy in _refusals(diagnosis)]
    lines.append(f"read at {evidence.started_at:%H:%M:%S} UTC{_next_reading(incident)}")
    missing = not_read(evidence, limit=3 if brief else 8) if evidence.complete else ()
    most = MAX_BRIEF_POINT_CHARS if brief else MAX_FINDING_CHARS
    small = [blocks.context(*lines)]
    small += [blocks.context(*(blocks.cut(escape(line), most) for line in missing))] if missing else []
    if brief and evidence.complete:
        small.append(blocks.context(":page_facing_up: Everything that was read is a file in this thread."))
    return small


def _next_reading(incident: Incident) -> str:
    """Say why these findings are not the last, where another reading comes though nothing happens."""
    if not can_be_asked(incident):
        return ""
    if asked := incident.reading_asked:
        return f"; {escape(asked.by.name)} asked for a new reading"
    is_read_again = can_prove(incident.runbook) and incident.firing
    return "; the bot reads again by itself" if is_read_again else ""


def _refusals(diagnosis: Diagnosis) -> list[Remedy]:
    """Return the remedies that have no button, against what was seen: there one might look for it."""
    if needs_no_remedy(diagnosis.top.cause):
        return []
    seen = (*SURE, Verdict.POSSIBLE)
    remedies = [remedy for each in diagnosis.findings if each.verdict in seen for remedy in each.remedies]
    return [remedy for remedy in remedies if not remedy.offered and remedy.name != BY_HAND]


def _refused(remedy: Remedy) -> str:
    return f"No button “{button_of_remedy(remedy.name)}”: {remedy.reason}"
