"""What fires stands first, in words that say what is wrong; what is over is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.slack.views.alert_lines import alert_lines
from handlers.domain.alerts import Alert
from handlers.domain.fold import fold
from handlers.domain.notification import read_notification
from tests.builders import alert, opened

NO_SUMMARY = Path(__file__).parents[3] / "data" / "webhooks" / "10-no-summary.json"
URL = "http://prom.example/graph?g0.expr=up&g0.tab=1"


def lines(*alerts: Alert) -> list[str]:
    return list(alert_lines(fold("inc-1", [opened(*alerts)])))


def said(annotations: dict[str, str], url: str = "", **labels: str) -> str:
    described = alert(status="firing", minute=0, **labels).model_copy(
        update={"annotations": annotations, "generator_url": url}
    )
    (line,) = lines(described)
    return line.removeprefix("NoLeader firing")


def test_what_fires_stands_first_and_what_is_over_is_counted() -> None:
    over = [alert(status="resolved", minute=1, node=f"node{number}") for number in range(9)]
    shown = lines(*over, alert("NodeDown"))
    assert shown == ["NodeDown firing: a node of cluster demo does not answer", "9 resolved"]


def test_where_nothing_fires_what_is_over_is_shown() -> None:
    assert lines(alert(status="resolved", minute=1)) == ["NoLeader resolved: No Raft leader in cluster demo"]


def test_many_are_shown_in_part() -> None:
    assert lines(*(alert(node=f"node{number}") for number in range(8)))[5:] == ["and 3 alerts more"]


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        ({"summary": "short", "description": "long"}, ": short"),
        ({"summary": " \n", "description": "97 %\nfull", "message": "old"}, ": 97 % full · old · amber:9100"),
        ({"message": "old"}, ": old · amber:9100"),
        ({}, ": amber:9100"),
    ],
)
def test_without_a_summary_there_are_other_words(annotations: dict[str, str], words: str) -> None:
    assert said(annotations, instance="amber:9100") == words


def test_an_alert_from_outside_without_a_summary_shows_what_it_says() -> None:
    (line,) = lines(*read_notification(NO_SUMMARY.read_bytes()).alerts)
    assert line == (
        "OnlyDescription firing: Volume /data on amber is 97 % full and fills in 3 h · old style"
        " (<http://prom.example/graph?g0.expr=up|rule>)"
    )


def test_an_alert_without_words_is_its_name() -> None:
    assert said({}) == ""


def test_the_rule_is_linked() -> None:
    assert said({"summary": "s"}, URL) == f": s (<{URL}|rule>)"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "ftp://prom",
        "/graph",
        "http://a b",
        "http://a|b>",
        "https://a\u202eb",
        "http://" + "x" * 2_000,
    ],
)
def test_what_is_no_web_address_is_no_link(url: str) -> None:
    assert "<" not in said({"summary": "s"}, url)
