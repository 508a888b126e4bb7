"""The timeline shows who was what, how often they elected, what was done, and where nobody looked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import pytest

from bot.pictures.drawing import lettering
from bot.pictures.drawing.palette import ELECTION, ELECTION_UNSEEN, LEADER, TERM
from bot.pictures.drawing.picture import WIDTH
from bot.pictures.drawing.shapes import Box, Line, Panel, Words
from bot.pictures.elections.alt_text import alt_text
from bot.pictures.elections.card import layout
from bot.pictures.elections.flags import Flag, flags
from bot.pictures.elections.lanes import MAX_LANES, chosen, lane_shapes, lanes
from bot.pictures.elections.series import ElectionSeries, Sample
from bot.pictures.elections.term_chart import term_shapes
from bot.pictures.elections.time_axis import TimeAxis
from runbooks.evidence import Role
from tests.bot.pictures.elections.storms import MARKS, START, calm, mark, storm
from tests.builders import NOON

GAP = {"node3": (300, 400)}


def axis_of(series: ElectionSeries) -> TimeAxis:
    """Where the timeline puts moments: a pixel a second and a half."""
    return TimeAxis(*series.span, 250, 1150)


def shapes_of(series: ElectionSeries):
    """The lanes' shapes."""
    axis = axis_of(series)
    return tuple(lane_shapes(lanes(chosen(series), axis, 100), axis))


def test_a_leader_is_a_solid_band_for_as_long_as_it_led():
    bands = [s.box for s in shapes_of(storm()) if isinstance(s, Panel) and s.fill == LEADER]

    assert [(band.left, band.right) for band in bands] == [
        (250, 250 + 1.5 * 155),  # node1, to the first sample of the storm
        (250 + 1.5 * 430, 1150),  # node2, from the end of the storm
    ]


def test_every_election_is_in_a_bar_and_bars_stand_side_by_side():
    series = storm()
    bars = [s.box for s in shapes_of(series) if isinstance(s, Panel) and s.fill == ELECTION]

    assert bars
    assert not any(one.overlaps(other) for one, other in combinations(bars, 2))
    counted = [s.text for s in shapes_of(series) if isinstance(s, Words) and s.text.startswith("+")]
    assert sum(int(text) for text in counted) == series.elections


def test_nothing_is_drawn_where_nobody_looked():
    series = storm(unread=GAP)
    axis = axis_of(series)
    (lane,) = [lane for lane in lanes(chosen(series), axis, 100) if lane.story.node == "node3"]
    left, right = axis.x(START + timedelta(seconds=301)), axis.x(START + timedelta(seconds=399))
    hole = Box(left, lane.band.top, right, lane.band.bottom)

    drawn = [s for s in lane_shapes((lane,), axis) if isinstance(s, Panel)]
    unseen = [s.box for s in drawn if s.fill == ELECTION_UNSEEN]
    assert [(box.left, box.right) for box in unseen] == [
        (axis.x(start), axis.x(end)) for start, end in lane.story.gaps
    ]
    assert drawn
    assert not any(shape.box.overlaps(hole) for shape in drawn)
    assert "no reading" in layout(series).texts()
    assert "no reading" not in layout(storm()).texts()


def test_the_term_line_breaks_at_a_gap_and_rises_with_the_terms():
    everyone = dict.fromkeys(("node1", "node2", "node3"), (300, 400))
    box = Box(250, 0, 1150, 200)

    def drawn(series: ElectionSeries) -> list[Line]:
        shapes = term_shapes(series, axis_of(series), box)
        return [shape for shape in shapes if isinstance(shape, Line) and shape.colour == TERM]

    whole, broken = drawn(storm()), drawn(storm(unread=everyone))
    assert (len(whole), len(broken)) == (3, 6)
    assert whole[0].points[0] == (250, 200)
    assert whole[0].points[-1] == (1150, 0)


def test_a_node_that_ends_in_another_term_is_named_at_its_line():
    samples = tuple(replace(s, term=(s.term or 0) + 500) if s.node == "node3" else s for s in storm().samples)
    texts = layout(ElectionSeries("demo", samples, (), 5)).texts()

    assert texts.count("node3") == 2
    assert "2 nodes" in texts


def test_flags_stand_in_order_and_no_words_lie_on_words():
    placed = flags(MARKS, axis_of(storm()), 0)

    assert [flag.mark.kind for flag in placed] == [mark.kind for mark in MARKS]
    assert placed[0].words == "12:00:00 alert ElectionStorm"
    assert_apart(placed)


@pytest.mark.parametrize("apart_s", [0, 1, 7, 30, 80])
def test_flags_stay_on_the_card_however_close_they_come(apart_s: int):
    marks = [mark(10 + apart_s * number, "plan", f"alice confirmed plan {number}") for number in range(7)]

    placed = flags(marks, axis_of(storm()), 0)

    assert all(flag.box and flag.box.left >= 0 and flag.box.right <= WIDTH for flag in placed)
    assert_apart(placed)


def assert_apart(placed: tuple[Flag, ...]) -> None:
    """No words on words, and no words on another's sign."""
    for one, other in combinations(placed, 2):
        assert one.row != other.row or one.right <= other.left or other.right <= one.left


def test_many_steps_share_one_label():
    steps = tuple(mark(20 + 10 * number, "step", f"node{number} done") for number in range(51))
    placed = flags((*steps, *MARKS[:2]), axis_of(storm()), 0)

    assert [flag.words for flag in placed if flag.words] == [
        "11:57:20 to 12:05:40 51 steps",
        "12:00:00 alert ElectionStorm",
        "12:03:00 alice confirmed: wider timeouts",
    ]


def test_of_many_nodes_those_are_drawn_to_which_most_happened():
    series = storm(51)
    drawn = [story.node for story in chosen(series)]

    assert len(drawn) == MAX_LANES
    assert {"node1", "node2"} <= set(drawn)  # they led
    assert any(text.startswith("41 more nodes, with") for text in layout(series).texts())


def test_the_answer_is_green_only_with_one_leader_that_was_verified():
    headless = tuple(sample for sample in storm().samples if sample.at < NOON + timedelta(minutes=2))

    assert [_first_words(series) for series in (storm(), replace(storm(), marks=()), calm())] == [
        f"{storm().elections} elections, then a leader",
        f"{storm().elections} elections in 10 min",
        "No election in 10 min",
    ]
    assert _first_words(ElectionSeries("demo", headless, (), 5)).endswith("elections, no leader")


def _first_words(series: ElectionSeries) -> str:
    """What stands largest."""
    return max((s for s in layout(series).shapes if isinstance(s, Words)), key=lambda words: words.size).text


def test_where_nobody_counted_the_terms_count():
    samples = tuple(replace(sample, elections=None) for sample in storm().samples)
    texts = layout(ElectionSeries("demo", samples, (), 5)).texts()

    assert any(text.endswith("new terms in 10 min") for text in texts)
    assert texts.count("?") >= 3


def test_terms_that_nobody_counted_an_election_for_took_one_each():
    early = NOON + timedelta(minutes=1)
    samples = tuple(replace(each, elections=None) if each.at > early else each for each in storm().samples)
    series = ElectionSeries("demo", samples, storm().marks, 5)
    assert series.elections and series.elections < series.new_terms
    assert _first_words(series) == f"At least {series.new_terms} elections, then a leader"
    counted = f"; one election each new term, of which counters show {series.elections}."
    assert f"at least {series.new_terms} elections in 10 min{counted}" in alt_text(series)
    texts = layout(series).texts()
    assert counted in " ".join(texts), "it stands below the headline, on two lines, whole"
    assert "elections started, + by its own counter" in texts


def test_the_times_below_are_round_and_few():
    for seconds, expected in ((600, "12:02"), (20, "12:00:05"), (7200, "12:30")):
        ticks = TimeAxis(NOON, NOON + timedelta(seconds=seconds), 0, 900).ticks()

        assert 3 <= len(ticks) <= 7
        assert expected in [words for _, words in ticks]


def test_every_word_is_on_the_card():
    for series in (storm(), storm(51), storm(unread=GAP), calm()):
        drawing = layout(series)
        for shape in drawing.shapes:
            if isinstance(shape, Words):
                wide = lettering.width(shape.text, shape.size, shape.bold)
                left = shape.at[0] - {"lm": 0.0, "mm": wide / 2, "rm": wide}[shape.anchor]
                assert left >= 0 and left + wide <= drawing.width
                assert 0 < shape.at[1] < drawing.height


def test_the_alt_text_says_what_happened_when_and_what_nobody_read():
    said = alt_text(storm(unread=GAP))

    assert said.startswith(
        "Elections and terms of demo, 2026-11-24 11:57 to 12:07 UTC: node2 leads at the end"
    )
    assert "12:00:00 alert ElectionStorm; 12:03:00 alice confirmed: wider timeouts" in said
    assert said.endswith("No reading of node3 from 12:02:00 to 12:03:40.")


def test_the_alt_text_of_a_series_that_says_nothing():
    nothing = ElectionSeries("demo", (Sample(NOON, "node1"), Sample(NOON, "node2", Role.FOLLOWER)))

    assert alt_text(nothing).endswith(
        "nobody leads at the end; no term was read; no election counter could be read in 1 s. "
        "Nothing of node1 could be read."
    )
    assert layout(nothing).texts()[0]
