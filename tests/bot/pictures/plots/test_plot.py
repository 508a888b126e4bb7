"""A plot shows the alert's own series first, tells lines apart without their colour, and leaves gaps open."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.pictures.draw import draw_query_plot
from bot.pictures.drawing.picture import Picture
from bot.pictures.drawing.shapes import Disc, Line, Words
from bot.pictures.plots.card import alt_text, layout
from bot.pictures.plots.plot import MAX_CURVES, Plot, curves
from bot.pictures.plots.scale import figure, scale_of
from handlers.domain.alert_sources import Sample, Series
from tests.bot.pictures.test_draw import assert_is_a_picture
from tests.builders import NOON

START = NOON - timedelta(hours=1)


def series(node: str, *values: float, every_s: float = 15.0, **labels: str) -> Series:
    moments = (START + timedelta(seconds=every_s * number) for number in range(len(values)))
    samples = tuple(Sample(at, value) for at, value in zip(moments, values, strict=True))
    return Series({"__name__": "free", "node": node, "cluster": "demo", **labels}, samples)


def plot(*found: Series, limit: float | None = None) -> Plot:
    drawn = curves(found, [{"alertname": "RootDiskFull", "node": "node9"}])
    return Plot("RootDiskFull", "demo", START, NOON, 15.0, NOON, *drawn, limit=limit)


async def test_it_is_a_picture_with_words_for_who_does_not_see_it() -> None:
    found = (series(f"node{n}", *(1e9 * n - 1e6 * i for i in range(240))) for n in range(1, 10))
    picture = await draw_query_plot(plot(*found, limit=5e9))
    assert isinstance(picture, Picture)
    assert_is_a_picture(picture)
    assert picture.alt_text.startswith(
        "RootDiskFull, demo · 2026-11-24 11:00 to 12:00 UTC: node9 from 9 G to 8.76 G"
    )
    assert picture.alt_text.endswith("3 more series are not drawn. The rule compares with 5 G.")


def test_the_alerts_own_series_come_first_and_no_more_than_can_be_told_apart() -> None:
    drawn, left_out, _ = curves([series(f"node{n}", 1.0) for n in range(1, 10)], [{"node": "node9"}])
    assert [curve.name for curve in drawn][:2] == ["node9", "node1"]
    assert (len(drawn), left_out) == (MAX_CURVES, 3)


def test_another_clusters_series_come_last() -> None:
    found = [series("node1", 1.0, cluster="other"), series("node2", 1.0)]
    drawn, *_ = curves(found, [{"cluster": "demo", "severity": "critical"}])
    assert [curve.name for curve in drawn] == ["node2", "node1"]


def test_what_is_no_number_is_no_point_and_a_series_without_any_has_no_line() -> None:
    found = series("node1", 1.0, float("nan"), 3.0), series("node2", float("inf"))
    drawn, left_out, no_numbers = curves(found, [])
    assert [(curve.name, [s.value for s in curve.samples]) for curve in drawn] == [("node1", [1.0, 3.0])]
    assert (left_out, no_numbers) == (1, 2)
    said = "1 more series are not drawn. 2 samples not drawn: NaN or infinite."
    assert said in alt_text(plot(*found))
    assert any(isinstance(shape, Words) and shape.text == said for shape in layout(plot(*found)).shapes)


def test_series_of_one_node_are_named_by_what_differs() -> None:
    found = [series("node1", 1.0, path="/"), series("node1", 1.0, path="/data")]
    assert [curve.name for curve in curves(found, [])[0]] == ["/", "/data"]
    assert [curve.name for curve in curves([Series({}, found[0].samples)], [])[0]] == ["value"]


def test_where_nobody_scraped_there_is_no_line() -> None:
    whole = plot(series("node1", *(1.0,) * 200))
    (curve,) = whole.curves
    broken = replace(curve, samples=curve.samples[:50] + curve.samples[60:])
    assert [len(run) for run in broken.runs(15.0)] == [50, 140]


def test_a_single_sample_is_a_mark() -> None:
    shapes = layout(plot(series("node1", 4.0))).shapes
    assert any(isinstance(shape, Disc) for shape in shapes)


def test_the_limit_is_a_dashed_line_on_the_same_scale() -> None:
    with_limit = layout(plot(series("node1", 4.0, 5.0), limit=90.0)).shapes
    without = layout(plot(series("node1", 4.0, 5.0))).shapes
    dashed = [
        [s for s in shapes if isinstance(s, Line) and s.dash == (18, 12)] for shapes in (with_limit, without)
    ]
    assert [len(lines) for lines in dashed] == [2, 0], "on the chart and in the legend"


MAX = sys.float_info.max
VALUES = (
    *((0.0,), (5.0, 5.0), (-3.0, 4.0), (1e-7, 2e-7), (1e12, 1.1e12)),
    *((-1.7e308, 1.7e308), (MAX,), (-MAX, MAX), (-MAX, -MAX), (0.0, MAX), (1.0, 1.7e308), (1e16, 1e16 + 2)),
    *((5e-324,), (0.0, 3e-323), (-5e-324, 5e-324), (1e-310, 3e-310)),
)


@pytest.mark.parametrize("values", VALUES)
def test_every_value_is_on_the_scale_and_so_are_some_round_figures(values: tuple[float, ...]) -> None:
    scale = scale_of(values, 100, 500)
    assert all(100 <= scale.y(value) <= 500 for value in values)
    assert 2 <= len(scale.ticks()) <= 12


def test_figures_have_three_digits_and_a_unit() -> None:
    said = [figure(value) for value in (0, 0.85, 12.34, 1234, 10737418240, -2.5e6, 1e-12, 1.7e308)]
    assert said == ["0", "0.85", "12.3", "1.23 k", "10.7 G", "-2.5 M", "0", "1.7e+308"]


@pytest.mark.parametrize("values", VALUES)
async def test_whatever_finite_values_there_are_they_are_drawn(values: tuple[float, ...]) -> None:
    shown = plot(series("node1", *values), limit=values[0])
    lines = [shape for shape in layout(shown).shapes if isinstance(shape, Line)]
    assert all(math.isfinite(along) for line in lines for point in line.points for along in point)
    assert isinstance(await draw_query_plot(shown), Picture)


def test_the_alt_text_says_from_where_to_where_each_went() -> None:
    assert "node1 from 4 to 5" in alt_text(plot(series("node1", 4.0, 5.0)))
