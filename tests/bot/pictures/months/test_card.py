"""A month's picture says how it stands, marks each incident on its day, and shows what nobody knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.pictures.drawing.palette import FAILED, FAINT, GOOD, OPEN, UNKNOWN
from bot.pictures.drawing.picture import MARGIN, WIDTH
from bot.pictures.drawing.shapes import Box, Disc, Line, Panel, Polygon, Words
from bot.pictures.months.alt_text import alt_text
from bot.pictures.months.bars import budget, causes
from bot.pictures.months.card import layout
from bot.pictures.months.days import MAX_STACK, days, mark
from handlers.domain.history.account import Outcome
from handlers.domain.history.month import MonthReport, Objective
from tests.bot.months import NOVEMBER, account, busy, calm

LEFT, RIGHT = MARGIN, WIDTH - MARGIN


def of_one(outcome: Outcome, on_day: float = 15) -> MonthReport:
    return replace(calm(), accounts=(account(1, on_day, outcome),))


def question_marks(report: MonthReport) -> int:
    return [shape.text for shape in days(report, 0).shapes if isinstance(shape, Words)].count("?")


def test_the_bar_of_the_objective_is_as_full_as_the_minutes_are_used() -> None:
    lost = replace(of_one(Outcome.MENDED), objective=Objective(3))  # a minute and a half of three
    track, used, limit = budget(lost, 0).shapes
    assert isinstance(track, Panel)
    assert isinstance(used, Panel)
    assert isinstance(limit, Line)
    assert used.box.right == pytest.approx((LEFT + RIGHT) / 2)
    assert limit.points[0][0] == track.box.right == RIGHT
    assert used.fill == GOOD


def test_what_goes_over_the_objective_goes_over_its_stroke() -> None:
    missed = replace(of_one(Outcome.MENDED), objective=Objective(0.75))
    _, used, limit = budget(missed, 0).shapes
    assert isinstance(used, Panel)
    assert isinstance(limit, Line)
    assert used.box.right == RIGHT
    assert limit.points[0][0] == pytest.approx((LEFT + RIGHT) / 2)
    assert used.fill == FAILED


@pytest.mark.parametrize("objective", [Objective(), Objective(0)])
def test_without_minutes_to_use_there_is_no_bar(objective: Objective) -> None:
    assert budget(replace(calm(), objective=objective), 7).shapes == ()


@pytest.mark.parametrize(("on_day", "share"), [(1, 0.5 / 30), (15.5, 14.5 / 30), (30.9, 29.5 / 30)])
def test_an_incident_stands_in_the_column_of_its_day(on_day: float, share: float) -> None:
    shapes = days(of_one(Outcome.RECOVERED, on_day), 0).shapes
    (drawn,) = [shape for shape in shapes if isinstance(shape, Disc)]
    assert drawn.centre[0] == pytest.approx(LEFT + (RIGHT - LEFT) * share)


def test_each_outcome_has_a_shape_of_its_own() -> None:
    drawn = {outcome: tuple(map(type, mark(outcome, (0.0, 0.0)))) for outcome in Outcome}
    assert len(set(drawn.values())) == len(Outcome)
    assert drawn[Outcome.FALSE_ALARM] == (Polygon,)


def test_days_of_which_incidents_may_be_missing_are_marked_and_explained() -> None:
    part = replace(calm(), kept_since=NOVEMBER.start + timedelta(days=5))
    assert question_marks(part) == 5
    assert question_marks(calm()) == 0
    assert question_marks(replace(calm(), kept_since=None)) == 30
    so_far = replace(calm(), kept_since=None, until=NOVEMBER.start + timedelta(days=2))
    assert question_marks(so_far) == 2, "what has not come yet is not missing"
    texts = layout(part).texts()
    assert "day of which incidents may be missing" in texts
    assert any("history since 2026-11-06" in text for text in texts)


def test_a_bad_day_ends_in_a_count() -> None:
    bad = replace(calm(), accounts=tuple(account(n, 15, Outcome.RECOVERED) for n in range(40)))
    shapes = days(bad, 0).shapes
    assert sum(isinstance(shape, Disc) for shape in shapes) == MAX_STACK - 1
    assert f"+{40 - MAX_STACK + 1}" in [shape.text for shape in shapes if isinstance(shape, Words)]


def test_causes_are_as_long_as_they_are_frequent_and_an_unknown_one_is_grey() -> None:
    bars = [
        shape
        for shape in causes([("Clock skew", 4), ("No sure cause", 2)], 0).shapes
        if isinstance(shape, Panel)
    ]
    wide = [bar.box.right - bar.box.left for bar in bars]
    assert wide[0] == 2 * wide[1]
    assert [bar.fill for bar in bars] == [OPEN, UNKNOWN]


def test_nothing_leaves_the_card() -> None:
    long = tuple(replace(each, nodes=("a-node-with-a-very-long-name" * 4,)) for each in busy(60).accounts)
    for report in (calm(), busy(), replace(busy(60), accounts=long)):
        drawing = layout(report)
        boxes = [shape.box for shape in drawing.shapes if isinstance(shape, Panel) and shape.fill != FAINT]
        assert all(Box(0, 0, drawing.width, drawing.height).overlaps(box) for box in boxes)
        assert all(box.right <= WIDTH for box in boxes)
        assert drawing.height < 2 * drawing.width


def test_who_does_not_see_it_is_told_the_same() -> None:
    said = alt_text(busy())
    assert said.startswith("demo in November 2026: 17 incidents. Without a leader for 25 min 30 s of 43 min")
    for part in ("inc-0-k3xqf on day 1: open", "and 7 more", "Causes: ", "Named again and again: node2"):
        assert part in said
    assert "history since 2026-11-06 00:00 UTC: what was closed before is not kept" in said
