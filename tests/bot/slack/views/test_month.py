"""A month in Slack: the objective first, nothing foreign that pings, and never more than a message takes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.slack.views import month
from handlers.domain.alert_sources import LeaderRecord
from handlers.domain.history.account import Outcome
from handlers.domain.history.month import MonthReport, Objective
from lab.slack.limits import check_message
from lab.slack.plain_text import plain_text
from tests.bot.months import NOVEMBER, account, busy, calm

WHOLE = NOVEMBER.end - NOVEMBER.start


def shown(report: MonthReport) -> str:
    text, blocks = month.answer(report)
    check_message({"text": text, "blocks": blocks})
    return plain_text({"blocks": blocks})


def test_a_calm_month_is_said_to_have_been_that() -> None:
    said = shown(calm())
    assert "*demo*, November 2026: 0 incidents" in said
    assert "0 s of 43 min 12 s that the objective allows (0 %); held" in said
    assert "history" not in said


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"objective": Objective()}, "0 s; no objective is set"),
        ({"objective": Objective(0)}, "0 s of 0 s that the objective allows; held"),
        ({"until": NOVEMBER.start + timedelta(days=3)}, "November 2026 so far: 0 incidents"),
        ({"kept_since": None}, "since when incidents are kept is not known"),
        (
            {"kept_since": NOVEMBER.end},
            "history since 2026-12-01 00:00 UTC: what was closed before is not kept",
        ),
        ({"left_out": 3}, "3 later incidents not read, there are too many"),
        ({"unreadable": 1}, "1 incident cannot be read: `neumann-bot audit verify --all`"),
        ({"silence": "Prometheus does not answer."}, "to the first with one. Prometheus does not answer."),
        ({"record": LeaderRecord(timedelta(), timedelta())}, "Prometheus knows nothing of it"),
        (
            {"record": LeaderRecord(timedelta(), timedelta()), "objective": Objective()},
            "*Without a leader*: 0 s, not known for 720 h 00 min; no objective is set",
        ),
        ({"record": LeaderRecord(WHOLE, timedelta(minutes=5))}, "5 min 00 s of 43 min 12 s"),
        (
            {"record": LeaderRecord(WHOLE - timedelta(hours=2), timedelta())},
            "allows (0 %), not known for 2 h 00 min; so it is not known whether it was held",
        ),
    ],
)
def test_it_says_where_the_minutes_come_from_and_what_is_missing(
    changed: dict[str, object], said: str
) -> None:
    assert said in shown(replace(calm(), **changed))  # type: ignore[arg-type]


def test_a_busy_month_shows_its_newest_incidents_and_says_where_the_others_are() -> None:
    said = shown(busy(60))
    assert "inc-59-k3xqf" in said
    assert "inc-44-k3xqf" not in said
    assert "and 45 earlier incidents: `neumann-bot incidents month` prints all" in said


def test_a_node_and_a_cluster_of_any_name_ping_nobody() -> None:
    hostile = "<!channel>|*x*"
    each = account(1, 3, Outcome.MENDED, "quorum_loss", hostile)
    _, blocks = month.answer(replace(calm(), cluster=hostile, accounts=(each, each)))
    assert "<!" not in json.dumps(blocks)
