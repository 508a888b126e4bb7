"""Months of incidents for tests: a busy one that is kept in part, and a calm one."""

from __future__ import annotations

from datetime import timedelta

from handlers.domain.history.account import Account, Outcome
from handlers.domain.history.leaderless import Span
from handlers.domain.history.month import Month, MonthReport, Objective

NOVEMBER = Month(2026, 11)
CAUSES = ("quorum_loss", "aggressive_timeouts", "clock_skew", None)


def day(number: float) -> timedelta:
    """Since the month's first moment."""
    return timedelta(days=number - 1)


def account(number: int, on_day: float, outcome: Outcome, cause: str | None = None, *nodes: str) -> Account:
    """An incident that took four minutes, one and a half of them without a leader."""
    at = NOVEMBER.start + day(on_day)
    return Account(
        id=f"inc-{number}-k3xqf",
        cluster="demo",
        runbook="leader-election",
        opened_at=at,
        outcome=outcome,
        cause=cause,
        nodes=nodes,
        detected_after=timedelta(seconds=32),
        diagnosed_after=timedelta(seconds=4),
        mended_after=timedelta(minutes=4) if outcome in (Outcome.MENDED, Outcome.RECOVERED) else None,
        leaderless=(Span(at, at + timedelta(seconds=90)),),
    )


def calm() -> MonthReport:
    """Nothing happened, and all of it is kept."""
    return MonthReport(
        "demo",
        NOVEMBER,
        NOVEMBER.end,
        kept_since=NOVEMBER.start,
        objective=Objective(43.2),
    )


def busy(incidents: int = 17) -> MonthReport:
    """Every outcome, several causes, a node that is named again and again, history since the sixth."""
    outcomes = tuple(Outcome)
    accounts = tuple(
        account(
            number,
            1 + number * 28 / incidents,
            outcome := outcomes[number % len(outcomes)],
            "alert_stale" if outcome is Outcome.FALSE_ALARM else CAUSES[number % len(CAUSES)],
            *(("node2",) if number % 3 else ("node3", "node2")),
        )
        for number in range(incidents)
    )
    return MonthReport(
        "demo",
        NOVEMBER,
        NOVEMBER.end,
        accounts,
        kept_since=NOVEMBER.start + day(6),
        objective=Objective(43.2),
    )
