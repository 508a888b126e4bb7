"""A month of incidents as words and rows: the same in Slack, in the picture and in a terminal."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import timedelta

from handlers.domain.history.account import Account
from handlers.domain.history.month import Held, MonthReport
from runbooks.all_runbooks import RUNBOOKS, title_of_cause
from runbooks.wording import counted, duration, listed

HEADINGS = ("opened", "incident", "what", "how it ended", "mended after")
TIME_HEADINGS = ("median time to", "", "of")
NO_CAUSE = "No sure cause"
MAX_CAUSES = 8
MAX_OFFENDERS = 8
NOT_YET = "-"
LOOK_EVERY = timedelta(minutes=1)
"""Prometheus is asked about a minute at a time: less than that is not said to be unknown."""


def title(report: MonthReport) -> str:
    """Return the month's name: `November 2026 so far`."""
    so_far = "" if report.is_over else " so far"
    return f"{calendar.month_name[report.month.number]} {report.month.year}{so_far}"


def minutes(report: MonthReport) -> str:
    """Return for how long nobody led, of how long was allowed, and for how long nobody knows.

    `3 min 05 s of 43 min 12 s that the objective allows (7 %)`, `0 s, not known for 360 h 00 min`.
    """
    lost, allowed = report.leaderless, report.objective.allowed
    unknown = report.unknown or timedelta()
    unseen = f", not known for {duration(unknown)}" if unknown >= LOOK_EVERY else ""
    if allowed is None:
        return f"{duration(lost)}{unseen}"
    share = f" ({lost / allowed:.0%})".replace("%", " %") if allowed else ""
    return f"{duration(lost)} of {duration(allowed)} that the objective allows{share}{unseen}"


def verdict(report: MonthReport) -> str:
    """Say whether the objective was held, or why nobody knows."""
    if report.held is not Held.UNDETERMINED:
        return report.held.value
    if report.unknown is None:
        return "not known whether it was held, since part of the month is not kept"
    return "so it is not known whether it was held"


def source(report: MonthReport) -> str:
    """Say where the minutes come from."""
    if report.from_prometheus:
        return "by Prometheus, a look a minute, counted as the rule NoLeader does"
    own = "by the bot's own readings, from an incident's first reading without a leader to the first with one"
    if report.silence:
        return f"{own}. {report.silence}"
    if report.record is None:
        return own
    if not report.record.known:
        return f"{own}; Prometheus knows nothing of it"
    return f"{own}; Prometheus, which knows a part, counts {duration(report.record.leaderless)}"


def gaps(report: MonthReport) -> Iterator[str]:
    """Yield what is missing of the month's incidents; nothing where all are here."""
    since = report.kept_since
    if since is None:
        yield "since when incidents are kept is not known"
    elif since > report.month.start:
        yield f"history since {since:%Y-%m-%d %H:%M} UTC: what was closed before is not kept"
    if report.left_out:
        yield f"{counted(report.left_out, 'later incident')} not read, there are too many"
    if report.unreadable:
        yield f"{counted(report.unreadable, 'incident')} cannot be read: `neumann-bot audit verify --all`"


def causes(report: MonthReport) -> list[tuple[str, int]]:
    """Return each cause's title with its incidents, the most frequent first."""
    return [(title_of_cause(word) if word else NO_CAUSE, count) for word, count in report.causes[:MAX_CAUSES]]


def offenders(report: MonthReport) -> str:
    """Return the nodes that several incidents' causes name: `node2 (3 incidents) and node3 (2 incidents)`."""
    named = [f"{node} ({counted(count, 'incident')})" for node, count in report.offenders]
    return listed(named, MAX_OFFENDERS)


def times(report: MonthReport) -> list[tuple[str, str, str]]:
    """Return a row for each median, under `TIME_HEADINGS`."""
    return [
        (what, duration(median.span) if median.span is not None else NOT_YET, counted(median.of, "incident"))
        for what, median in report.medians()
    ]


def rows(report: MonthReport) -> list[tuple[str, ...]]:
    """Return a row for each incident, under `HEADINGS`."""
    return [
        (
            f"{each.opened_at:%m-%d %H:%M}",
            each.id,
            _what(each),
            each.outcome.value,
            duration(each.mended_after) if each.mended_after is not None else NOT_YET,
        )
        for each in report.accounts
    ]


def _what(account: Account) -> str:
    if account.cause:
        where = f" on {listed(account.nodes, 2)}" if account.nodes and not account.names_all else ""
        return f"{title_of_cause(account.cause)}{where}"
    if account.runbook in RUNBOOKS:
        return f"{NO_CAUSE}: {RUNBOOKS[account.runbook].TITLE}"
    return f"no runbook: {account.runbook.removeprefix('alert:')}"
