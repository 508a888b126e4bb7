"""A cluster's posture as an answer, a digest and a notice, and its line in the App Home. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.slack.views import blocks
from bot.slack.views.blocks import Block, escape
from bot.slack.views.message import Message
from handlers.domain.posture.watch import Notice
from runbooks.posture.model import Check, Line, Posture, Severity
from runbooks.posture.rules import RULES, without_agents
from runbooks.wording import counted, duration

MARKS = {
    Severity.CRITICAL: ":red_circle:",
    Severity.WARNING: ":large_orange_circle:",
    Severity.NOTICE: ":large_yellow_circle:",
    Severity.UNKNOWN: ":white_circle:",
    Severity.FINE: ":large_green_circle:",
}
PLURALS = (Severity.WARNING, Severity.NOTICE)
MAX_FACT_CHARS = 400
MUTING = "`/neumann posture mute CHECK 7d` mutes a check"


def answer(posture: Posture) -> tuple[str, list[Block]]:
    """Return (text, blocks): what is wrong and its mend, what is not known, what is fine by name."""
    return f"{posture.cluster}: {_counts(posture)}", [
        blocks.section(f"*{escape(posture.cluster)}*: {_counts(posture)}"),
        *_body(posture),
        blocks.context(f"read at {posture.at:%H:%M:%S} UTC · {_watched(posture)} · {MUTING}"),
    ]


def digest(key: str, posture: Posture) -> Message:
    """Return the scheduled message: the same as the answer, under a heading of its own."""
    head = f"*Posture of {escape(posture.cluster)}*: {_counts(posture)}"
    small = f"as of {blocks.moment(posture.at)} · `/neumann posture` reads it anew · {MUTING}"
    return Message(
        key,
        escape(f"Posture of {posture.cluster}: {_counts(posture)}"),
        (blocks.section(head), *_body(posture), blocks.context(small)),
    )


def crossed(cluster: str, notice: Notice) -> Message:
    """Return the message about lines that have become worse."""
    first, beside = notice.lines[0], len(notice.lines) - 1
    more = f" and {beside} more" if beside else ""
    text = escape(f"{cluster} got worse: {RULES[first.check].title}: {first.fact}{more}")
    return Message(
        notice.key,
        blocks.cut(text, blocks.MAX_TEXT_CHARS),
        (
            blocks.section(f"*{escape(cluster)}* got worse:"),
            *blocks.packed(_line(line, notice.at) for line in notice.lines),
            blocks.context(
                f"posted once, when it gets worse · `/neumann posture` shows everything · {MUTING}"
            ),
        ),
    )


def home_line(posture: Posture) -> str:
    """Return one line for the App Home: the counts, and the worst facts."""
    told = posture.of(Severity.CRITICAL, Severity.WARNING)
    facts = "".join(f"\n{MARKS[line.severity]} {_said(line)}" for line in told[:3])
    more = f"\nand {counted(len(told) - 3, 'more warning')}" if len(told) > 3 else ""
    spare = posture.line(Check.SPARE_NODES)
    known = spare is None or spare.severity is not Severity.UNKNOWN
    mark = MARKS[posture.worst] if told else MARKS[Severity.FINE if known else Severity.UNKNOWN]
    return f"{mark} *{escape(posture.cluster)}*: {_counts(posture)}{facts}{more}"


def _body(posture: Posture) -> Iterable[Block]:
    spare = posture.line(Check.SPARE_NODES)
    if spare and spare.severity is Severity.FINE:  # the first question, so it is answered in any case
        yield blocks.section(f"{MARKS[spare.severity]} {_said(spare)}")
    wrong = posture.of(Severity.CRITICAL, Severity.WARNING, Severity.NOTICE)
    yield from blocks.packed(_line(line, posture.at) for line in wrong)
    if posture.of(Severity.UNKNOWN):
        yield from blocks.packed((f"{MARKS[Severity.UNKNOWN]} *Not known*", *_unknown(posture)))
    if fine := [line for line in posture.of(Severity.FINE) if line.check is not Check.SPARE_NODES]:
        names = ", ".join(RULES[line.check].title.lower() for line in fine)
        yield blocks.section(f"{MARKS[Severity.FINE]} *Fine*: {names}")


def _unknown(posture: Posture) -> Iterable[str]:
    """Yield what silent agents keep from being checked, then each other reason with all that is not known."""
    unchecked = posture.for_want_of_agents
    if unchecked:
        yield f"• *{_titles(unchecked)}*: {escape(without_agents(unchecked))}"
    same: dict[tuple[str, str], list[Line]] = {}
    for line in (each for each in posture.of(Severity.UNKNOWN) if each not in unchecked):
        same.setdefault((line.fact, line.advice), []).append(line)
    for each in same.values():
        yield f"• *{_titles(each)}*: {_fact(each[0])}{_mend(each[0])}"


def _titles(lines: Iterable[Line]) -> str:
    return ", ".join(RULES[line.check].title for line in lines)


def _line(line: Line, now: datetime) -> str:
    rule = RULES[line.check]
    since = f" Since {duration(now - line.since)}." if line.since and line.since < now else ""
    muted = ""
    if line.muted_until and line.is_muted(now):
        muted = f" Muted until {line.muted_until:%Y-%m-%d} by {escape(line.muted_by)}."
    return (
        f"{MARKS[line.severity]} {_said(line)}{_mend(line)}\n"
        f"_Rule: {rule.sentence} ({rule.source}).{since}{muted}_ `{line.check.value}`"
    )


def _said(line: Line) -> str:
    return f"*{RULES[line.check].title}*: {_fact(line)}"


def _fact(line: Line) -> str:
    return escape(blocks.cut(line.fact, MAX_FACT_CHARS))


def _mend(line: Line) -> str:
    return f"\n→ {blocks.own(line.advice)}" if line.advice else ""


def _counts(posture: Posture) -> str:
    counts = {severity: len(posture.of(severity)) for severity in Severity}
    return ", ".join(
        counted(count, severity.value) if severity in PLURALS else f"{count} {severity.value}"
        for severity, count in counts.items()
        if count
    )


def _watched(posture: Posture) -> str:
    if posture.sampled_since is None:
        return "no earlier samples, so trends are not known"
    return (
        f"sampled for {duration(posture.at - posture.sampled_since)} ({counted(posture.samples, 'sample')})"
    )
