"""Render an incident as the messages that should exist: a parent and its thread, with stable keys. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from bot.slack.views import blocks, escalation, findings, hand_off, headline, labels, regrouping
from bot.slack.views import run as run_view
from bot.slack.views.blocks import escape, escape_lines
from bot.slack.views.message import Message
from handlers.domain.events.lifecycle import Remarked
from handlers.domain.events.recovery import RecoveryVerified
from handlers.domain.events.triage import NoteAdded
from handlers.domain.incident import Incident
from handlers.domain.undetermined import Judgement, Undetermined
from handlers.judging import judge
from runbooks.all_runbooks import can_prove
from runbooks.model import Leadership
from runbooks.wording import duration

Part = tuple[str, Callable[[], Message]]
"""A message's key, and what draws it."""


def render(incident: Incident) -> tuple[Message, ...]:
    """Return the incident's messages: the parent first, then the thread in order.

    One that cannot be drawn says so in its place: it must not keep the others from being shown.
    """
    messages = (_drawn(key, draw) for key, draw in _parts(incident))
    return tuple(
        replace(message, text=blocks.cut(escape_lines(message.text), blocks.MAX_TEXT_CHARS))
        for message in messages
    )


def _drawn(key: str, draw: Callable[[], Message]) -> Message:
    message = judge(Judgement.VIEW, draw)
    if isinstance(message, Undetermined):
        return Message(key, message.sentence, (blocks.section(escape(message.sentence)),))
    return message


def _parts(incident: Incident) -> Iterator[Part]:
    yield "headline", partial(headline.headline, incident)
    for number, remark in enumerate(incident.remarks.values(), start=1):
        yield f"note-{number}", partial(_remark, remark, number)
    yield from regrouping.parts(incident)
    if incident.diagnosis and incident.evidence:
        yield "findings", partial(findings.message, incident, incident.diagnosis, incident.evidence)
    if incident.hand_off:
        yield "hand-off", partial(hand_off.message, incident, incident.hand_off)
    for tier in incident.escalation.tiers:
        yield f"tier-{tier.tier}", partial(escalation.in_thread, incident, tier)
    for number, written in enumerate(incident.triage.written, start=1):
        yield f"written-{number}", partial(note, written, number)
    for number, run in enumerate(incident.runs, start=1):
        yield f"run-{number}", partial(run_view.progress, incident, run, number)
    if asked := incident.awaiting_second:
        yield run_view.second_key(asked.handle), partial(run_view.second_asked, incident, asked)
    for run in incident.runs:
        if run.approved_by:
            yield run_view.second_key(run.handle), partial(run_view.second_given, run)
    if incident.verified:
        yield "verified", partial(verdict, incident)
    if incident.closed:
        yield _closing_key(incident), partial(closing, incident)


def _remark(remark: Remarked, number: int) -> Message:
    return Message(f"note-{number}", remark.sentence, (blocks.section(escape_lines(remark.sentence)),))


def verdict(incident: Incident) -> Message:
    """Return what is proven to be well again; of a leader, before and after."""
    assert incident.verified  # noqa: S101  the caller has looked
    if isinstance(incident.verified, RecoveryVerified):
        text = f"Verified: {incident.verified.sentence}, stable for {incident.verified.stable_s:.0f} s."
        return Message("verified", text, (blocks.section(f":white_check_mark: *{escape(text)}*"),))
    lead = incident.verified.leadership
    text = (
        f"Leader verified: {lead.leader} leads term {lead.term}, acknowledged by "
        f"{', '.join(lead.acknowledged_by)}, committing, stable for {incident.verified.stable_s:.0f} s."
    )
    before = incident.diagnosis.leadership if incident.diagnosis else None
    is_other = before is not None and (before.leader, before.term) != (lead.leader, lead.term)
    compared = [blocks.preformatted(_before_and_after(incident, lead))] if is_other else []
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
        ("acknowledged by", f"{len(before.acknowledged_by)} of {of}", f"{len(now.acknowledged_by)} of {of}"),
        ("committed up to", _known(before.commit_index), _known(now.commit_index)),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return "\n".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in rows)


def _known(value: int | None) -> str:
    return "?" if value is None else str(value)


def note(written: NoteAdded, number: int) -> Message:
    """Show what somebody wrote down."""
    text = f"{written.by.name}: {written.text}"
    link = f" ({blocks.link(written.link, 'the message')})" if written.link else ""
    return Message(f"written-{number}", text, (blocks.section(f":memo: {escape_lines(text)}{link}"),))


def closing(incident: Incident) -> Message:
    """Show the last word, and how long each part took."""
    assert incident.closed  # noqa: S101  the caller has looked
    text = f"Closed after {labels.lasted(incident)}. {incident.closed.detail}{labels.unproven(incident)}"
    acknowledged, verified = incident.triage.acknowledged, incident.verified
    took = {
        "acknowledged": acknowledged.at if acknowledged else None,
        "diagnosed" if can_prove(incident.runbook) else "read": incident.diagnosed_at,
        "mended": verified.at if verified else None,
    }
    began = incident.opened_at
    spans = [f"{what} after {duration(at - began)}" for what, at in took.items() if at and began]
    return Message(
        key=_closing_key(incident),
        text=text,
        blocks=(
            blocks.section(f"{labels.mark(incident)} {escape(text)}"),
            *([blocks.context(" · ".join(spans))] if spans else []),
        ),
    )


def _closing_key(incident: Incident) -> str:
    return f"closed-{incident.closings}" if incident.closings > 1 else "closed"
