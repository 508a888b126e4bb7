"""What an escalation says in Slack: who is told in the thread, elsewhere, and when a shift changes. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from bot.slack.views import blocks, labels
from bot.slack.views.blocks import Block, escape
from bot.slack.views.message import TRIAGE_ACTION, Message
from handlers.domain.escalation.model import IN_THREAD, ROUTE_NAMES, Because, PageAct, Target, TargetKind
from handlers.domain.escalation.model import message_key as key_of
from handlers.domain.escalation.moves import is_held
from handlers.domain.escalation.on_call import HandOver, OnCall, Shift
from handlers.domain.escalation.words import what_is_wrong
from handlers.domain.events.escalation import TierReached
from handlers.domain.incident import Incident
from runbooks.wording import counted

MAX_OPEN = 10

WHY = {
    Because.SLACK_AWAY: "Slack did not show this incident when it began",
    Because.UNDELIVERED: "the tier before reached nobody",
}


def in_thread(incident: Incident, tier: TierReached) -> Message:
    """Return the message that tells a tier in the incident's thread; who is mentioned is notified by it."""
    mentions = " ".join(_mention(target) for target in tier.targets if target.kind in IN_THREAD and target.id)
    shown = f"{mentions} {_bold(incident, tier)}" if mentions else _bold(incident, tier)
    return Message(
        key=f"tier-{tier.tier}",
        text=f"{_waited(incident, tier)} {what_is_wrong(incident)}",  # a mention in the blocks notifies
        blocks=(blocks.section(shown), blocks.context(*_small(incident, tier)), *_button(incident)),
    )


def elsewhere(incident: Incident, tier: TierReached, target: Target, thread_channel: str) -> Message:
    """Return the message that tells a channel or a person outside of the thread, with where that is."""
    where = (
        f"Its thread is in <#{thread_channel}>." if thread_channel else "Slack does not show its thread yet."
    )
    shown = f"{_bold(incident, tier)} {where}"
    return Message(
        key=key_of(tier.tier, target),
        text=escape(f"{_waited(incident, tier)} {what_is_wrong(incident)}"),
        blocks=(blocks.section(shown), blocks.context(escape(incident.id)), *_button(incident)),
    )


def _bold(incident: Incident, tier: TierReached) -> str:
    mark = ":white_check_mark:" if is_held(incident) or incident.verified else ":rotating_light:"
    return f"{mark} *{escape(_waited(incident, tier))}* {escape(what_is_wrong(incident))}"


def _waited(incident: Incident, tier: TierReached) -> str:
    """Return for how long nobody has it; once somebody has, or it is well again, only that."""
    holder = incident.triage.holder
    if holder:
        return f"{holder.name} has it."
    if is_held(incident):
        return "Somebody is at it."
    if incident.verified:
        return "It is well again."
    opened = incident.opened_at or tier.at
    minutes = int((tier.at - opened).total_seconds() // 60)
    return (
        f"Nobody has taken this in {counted(minutes, 'minute')}." if minutes else "Nobody has taken this yet."
    )


def _small(incident: Incident, tier: TierReached) -> Iterator[str]:
    """Yield the small print: which tier, why before its time, who was not there, and each other route."""
    why = WHY.get(tier.because)
    if _button(incident):
        yield "Acknowledge, and nobody else is woken"
    yield f"tier {tier.tier}, told {blocks.moment(tier.at)}" + (f" at once: {why}" if why else "")
    if any(target.is_nobody for target in tier.targets):
        yield "nobody is on call by the schedule"
    for target in tier.targets:
        if target.kind in ROUTE_NAMES:
            yield _route(incident, tier, target.kind)
        elif target.kind is TargetKind.CHANNEL:
            yield f"<#{target.id}> is told too"
        elif target.kind is TargetKind.DIRECT and target.id:
            yield f"{_mention(target)} has a direct message"


def _route(incident: Incident, tier: TierReached, route: TargetKind) -> str:
    tried = incident.escalation.pages.get((tier.tier, route, PageAct.TRIGGER))
    name = ROUTE_NAMES[route]
    if tried and tried.delivered:
        return f"{name} paged {blocks.moment(tried.last.at)}"
    return f"{name} not paged: it was not needed any more" if is_held(incident) else f"{name} not paged yet"


def _button(incident: Incident) -> list[Block]:
    if is_held(incident) or not incident.handle:
        return []
    button = blocks.button(
        "Acknowledge", action_id=f"{TRIAGE_ACTION}:acknowledge", value=incident.handle, style="primary"
    )
    return [blocks.actions("tier", [button])]


def _mention(target: Target) -> str:
    return f"<!subteam^{target.id}>" if target.kind is TargetKind.GROUP else f"<@{target.id}>"


def handed_over(change: HandOver, open_now: tuple[Incident, ...]) -> Message:
    """Return the message about a change of shift, with what is open and who has it."""
    if change.after is None:
        head, text = "*Nobody is on call now.*", "Nobody is on call now."
    else:
        head = f"<@{change.after.user}> *is on call now*{_until(change.after)}."
        text = f"<@{change.after.user}> is on call now."
    before = f" {escape(change.before.name)} was until now." if change.before else ""
    lines = [_open_line(each) for each in open_now[:MAX_OPEN]]
    more = [f"and {len(open_now) - MAX_OPEN} more: `/neumann incident list`"] if open_now[MAX_OPEN:] else []
    said = "Open:" if lines else "Nothing is open."
    return Message(
        key=change.key,
        text=f"{text} {said}",
        blocks=(
            blocks.section(f":bust_in_silhouette: {head}{before} {said}"),
            *blocks.packed(lines),
            blocks.context(*more, "`/neumann oncall override @someone 4h` gives the shift to somebody else"),
        ),
    )


def _open_line(incident: Incident) -> str:
    has = f"who has it: {escape(labels.who_has_it(incident))}"
    return f"{labels.mark(incident)} {incident.id} {escape(what_is_wrong(incident))} · {has}"


def on_call(shown: OnCall) -> tuple[str, list[Block]]:
    """Return (text, blocks): who is on call, until when, by whose word, and what is unknown."""
    who = f"{shown.shift.name} is on call" if shown.shift else "Nobody is on call"
    more = []
    if shown.override:
        more.append(
            f"{shown.override.by.name} said so; `/neumann oncall clear` lets the schedule hold again."
        )
    if shown.trouble:
        more.append(f"The schedule cannot be read: {shown.trouble}")
        if shown.shift and not shown.override:
            more.append("This is who was on call when it could be.")
    until = _until(shown.shift) if shown.shift else ""
    mrkdwn = " ".join((f"*{escape(who)}*{until}.", *map(escape, more)))
    return " ".join((f"{who}.", *more)), [blocks.section(mrkdwn)]


def _until(shift: Shift) -> str:
    return f" until {blocks.moment(shift.until)}" if shift.until else ""
