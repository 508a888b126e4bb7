"""The App Home stays one page, however much is open."""

from __future__ import annotations

from dataclasses import replace

from bot.slack.views import app_home
from lab.slack.plain_text import plain_text
from tests.bot.incidents import incident
from tests.builders import NOON, opened

OPEN = incident(opened())


def page(count: int, beside: int = 0) -> str:
    incidents = tuple(replace(OPEN, id=f"inc-{number}") for number in range(1, count + 1))
    shown = app_home.Home(viewer="U1", open=incidents, recent=(), clusters={}, at=NOON, open_beside=beside)
    return plain_text(app_home.view(shown))


def test_what_does_not_fit_is_counted() -> None:
    assert "more" not in page(app_home.MAX_LISTED)
    assert "and 1 more" in page(app_home.MAX_LISTED + 1)


def test_what_slack_refuses_to_show_is_said() -> None:
    said = "Slack takes no message in C1 (is_archived): name another."
    shown = app_home.Home(viewer="U1", open=(), recent=(), clusters={}, at=NOON, unshown=(said,))
    assert said in plain_text(app_home.view(shown))


def test_what_was_not_looked_through_is_counted_too() -> None:
    assert "and 9801 more" in page(11, beside=9800)
