"""Draw what a thread shows, for the documents: `python -m measure.docs_site.pictures docs/images`."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.pictures.drawing.picture import Picture
from bot.pictures.links.card import link_map
from bot.pictures.months.card import month_card
from bot.pictures.plots.card import query_plot
from bot.pictures.plots.plot import Plot, curves
from handlers.domain.alert_sources import Sample, Series
from handlers.domain.evidence import document as evidence_document
from handlers.domain.history.account import Account, Outcome
from handlers.domain.history.leaderless import Span
from handlers.domain.history.month import Month, MonthReport, Objective
from handlers.judging import diagnosis_of
from runbooks.all_runbooks import ELECTION, RUNBOOKS

_EVIDENCE = Path(__file__).parents[2] / "tests" / "data" / "evidence"
_STEP = timedelta(seconds=15)
_MONTH = Month(2026, 10)
_TOLD = (
    (2.31, Outcome.MENDED, "quorum_loss", ("node2",), 4.0),
    (6.58, Outcome.RECOVERED, "network_partition", ("node2", "node3"), 7.5),
    (6.91, Outcome.FALSE_ALARM, "alert_stale", ("node1",), 0.0),
    (14.12, Outcome.MENDED, "clock_skew", ("node2",), 3.0),
    (21.77, Outcome.MENDED, "aggressive_timeouts", ("node1", "node2", "node3"), 11.0),
    (27.04, Outcome.RECOVERED, "quorum_loss", ("node2",), 2.0),
)
"""Day of the month, how it ended, the cause, its nodes, and for how many minutes nobody led."""


def _links() -> Picture:
    name = "01b-partition-behind-old-tls-errors.json"
    read = evidence_document.parse((_EVIDENCE / name).read_bytes(), name)
    return link_map(read, diagnosis_of(RUNBOOKS[ELECTION], read))


def _plot() -> Picture:
    alerted_at = datetime(2026, 10, 14, 3, 2, tzinfo=UTC)
    start, end = alerted_at - timedelta(hours=1), alerted_at + timedelta(minutes=9)
    times = [start + number * _STEP for number in range(int((end - start) / _STEP) + 1)]
    series = [
        Series(
            {"instance": f"node{number}:9090"},
            tuple(Sample(at, _queued((at - start).total_seconds() / 60, number)) for at in times),
        )
        for number in (1, 2, 3)
    ]
    shown = curves(series, [{"instance": "node2:9090"}])
    step_s = _STEP.total_seconds()
    return query_plot(Plot("QueryQueueLong", "demo", start, end, step_s, alerted_at, *shown, limit=400.0))


def _queued(minutes: float, number: int) -> float:
    """Return the length of a node's queue; from the 40th minute on, node2 serves it slower than it is fed."""
    grown = max(0.0, minutes - 40) * 21 if number == 2 else 0.0
    return 60 + 22 * math.sin(minutes / 3 + number) + 12 * number + grown


def _month() -> Picture:
    accounts = tuple(
        _account(number, on_day, outcome, cause, nodes, minutes)
        for number, (on_day, outcome, cause, nodes, minutes) in enumerate(_TOLD, start=1)
    )
    return month_card(
        MonthReport("demo", _MONTH, _MONTH.end, accounts, kept_since=_MONTH.start, objective=Objective(43.2))
    )


def _account(
    number: int, on_day: float, outcome: Outcome, cause: str, nodes: tuple[str, ...], minutes: float
) -> Account:
    at = _MONTH.start + timedelta(days=on_day - 1)
    return Account(
        id=f"inc-{number}",
        cluster="demo",
        runbook=ELECTION,
        opened_at=at,
        outcome=outcome,
        cause=cause,
        nodes=nodes,
        detected_after=timedelta(seconds=32),
        diagnosed_after=timedelta(seconds=4),
        mended_after=timedelta(minutes=minutes) if minutes else None,
        leaderless=(Span(at, at + timedelta(minutes=minutes)),),
    )


PICTURES: dict[str, Callable[[], Picture]] = {
    "picture-links.png": _links,
    "picture-plot.png": _plot,
    "picture-month.png": _month,
}

if __name__ == "__main__":
    for name, drawn in PICTURES.items():
        (Path(sys.argv[1]) / name).write_bytes(drawn().png)
    print(json.dumps(sorted(PICTURES)))
