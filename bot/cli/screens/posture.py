"""A posture for a terminal: what is worst first, each with its rule and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType

from bot.cli.terminal import Look, hanging, words
from runbooks.posture.model import Line, Posture, Severity
from runbooks.posture.rules import RULES, without_agents
from runbooks.wording import duration, listed

STYLES: Mapping[Severity, str] = {
    Severity.CRITICAL: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.NOTICE: "cyan",
    Severity.UNKNOWN: "magenta",
    Severity.FINE: "green",
}


def posture(read: Posture, look: Look) -> Iterator[RenderableType]:
    """Yield the posture; on a screen what is fine shares a table, so that the rest is seen."""
    when = f"{read.cluster} at {read.at:%Y-%m-%d %H:%M:%S} UTC, {read.samples} earlier samples"
    if look.is_plain:
        yield words(when)
        yield from _all_but(Severity.FINE, read)
        for line in read.of(Severity.FINE):
            yield from _line(line, read)
        return
    yield look.headline(_counted(read), when, STYLES[read.lines[0].severity] if read.lines else "")
    yield from _all_but(Severity.FINE, read)
    if fine := read.of(Severity.FINE):
        rows = [(RULES[line.check].title, line.check.value, line.fact) for line in fine]
        yield words("")
        yield look.table(("fine", "check", ""), [[words(row[0], "green"), *row[1:]] for row in rows])


def _all_but(left_out: Severity, read: Posture) -> Iterator[RenderableType]:
    """Yield the other lines; those that silent agents keep from being known are one."""
    unchecked = read.for_want_of_agents
    for line in read.lines:
        if unchecked and line == unchecked[0]:
            yield from _for_want_of_agents(unchecked)
        if line.severity is not left_out and line not in unchecked:
            yield from _line(line, read)


def _for_want_of_agents(lines: Sequence[Line]) -> Iterator[RenderableType]:
    style = STYLES[Severity.UNKNOWN]
    yield words("")
    yield hanging(f"{Severity.UNKNOWN.value}: ", without_agents(lines), style, style)
    yield hanging("  ", listed([f"{RULES[line.check].title} ({line.check.value})" for line in lines]))


def _counted(read: Posture) -> str:
    counts = Counter(line.severity for line in read.lines)
    return listed([f"{counts[severity]} {severity.value}" for severity in Severity if counts[severity]])


def _line(line: Line, read: Posture) -> Iterator[RenderableType]:
    style = STYLES[line.severity]
    yield words("")
    title = f"{RULES[line.check].title} ({line.check.value}){_since(line, read)}"
    yield hanging(f"{line.severity.value}: ", title, style, style)
    yield hanging("  ", line.fact)
    if line.severity is not Severity.FINE:
        rule = RULES[line.check]
        yield hanging("  rule: ", f"{rule.sentence} ({rule.source})", "dim", "dim")
    if line.advice:
        yield hanging("  do: ", line.advice, "bold")


def _since(line: Line, read: Posture) -> str:
    since = f" since {duration(read.at - line.since)}" if line.since and line.since < read.at else ""
    if line.muted_until and line.is_muted(read.at):
        return f"{since}, muted until {line.muted_until:%Y-%m-%d %H:%M} UTC by {line.muted_by}"
    return since
