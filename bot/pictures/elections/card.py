"""The timeline of elections and terms: each node's role, how often it elected, what was done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from functools import partial

from bot.pictures.drawing import frame
from bot.pictures.drawing.frame import Mood, Sign
from bot.pictures.drawing.painter import png
from bot.pictures.drawing.palette import ELECTION, ELECTION_UNSEEN, FAINT, QUIET, UNKNOWN
from bot.pictures.drawing.picture import MARGIN, SMALL, WIDTH, Picture
from bot.pictures.drawing.shapes import Box, Drawing, Line, Panel, Point, Shape, Words
from bot.pictures.elections.alt_text import alt_text, counted_words, elections_words, leader_words, sentence
from bot.pictures.elections.flags import flag_shapes, flags, height
from bot.pictures.elections.lanes import LANE, NAMES, chosen, lane_shapes, lanes, role_sample
from bot.pictures.elections.series import ElectionSeries
from bot.pictures.elections.term_chart import term_shapes
from bot.pictures.elections.time_axis import TimeAxis
from runbooks.evidence import Role
from runbooks.wording import counted

COUNTS = 150
CHART = 210


def election_timeline(series: ElectionSeries) -> Picture:
    """Draw roles, elections and terms over time; call it through `draw.draw_election_timeline`."""
    drawing = layout(series)
    return Picture(png(drawing), alt_text(series), drawing.width, drawing.height)


def layout(series: ElectionSeries) -> Drawing:
    """Lay out the card: the answer, flags, a lane for each node, terms, times, legend."""
    head = frame.header(*_headline(series))
    axis = TimeAxis(*series.span, MARGIN + NAMES + 12, WIDTH - MARGIN - COUNTS)
    stories = chosen(series)
    flagged = flags(series.marks, axis, head.bottom)
    top = head.bottom + height(flagged) + 16
    chart = Box(axis.left, top + LANE * len(stories) + 40, axis.right, top + LANE * len(stories) + 40 + CHART)
    times = chart.bottom + 46
    foot = frame.legend(tuple(_signs(series)), times + 14, _caption(series))
    shapes = (
        *head.shapes,
        *_grid(axis, top, chart.bottom, times),
        *lane_shapes(lanes(stories, axis, top), axis),
        *term_shapes(series, axis, chart),
        *flag_shapes(flagged, head.bottom, chart.bottom),
        *foot.shapes,
    )
    return Drawing(WIDTH, round(foot.bottom + MARGIN / 2), shapes)


def _headline(series: ElectionSeries) -> tuple[str, Mood, tuple[str, ...]]:
    start, end = (moment.astimezone(UTC) for moment in series.span)
    place = f"{series.cluster} · {start:%Y-%m-%d %H:%M} to {end:%H:%M} UTC"
    mood = _mood(series)
    ending = {"good": ", then a leader", "bad": ", no leader"}.get(mood, "") if series.elections else ""
    answer = f"{elections_words(series).partition(' in ')[0]}{ending}" if ending else elections_words(series)
    return sentence(answer), mood, (sentence(f"{leader_words(series)}{counted_words(series)}."), place)


def _mood(series: ElectionSeries) -> Mood:
    """Return the card's mood; green only for a single leader at the end, verified or never in question."""
    if not series.leaders:
        return "bad"
    sure = series.elections == 0 or any(mark.kind == "verified" for mark in series.marks)
    return "good" if sure and len(series.leaders) == 1 else "warning"


def _grid(axis: TimeAxis, top: float, bottom: float, times: float) -> Iterator[Shape]:
    for x, words in axis.ticks():
        yield Line(((x, top), (x, bottom)), FAINT, 2)
        yield Words(words, (x, times - 18), SMALL, QUIET, anchor="mm")


def _signs(series: ElectionSeries) -> Iterator[Sign]:
    held = {stretch.role for story in series.stories for stretch in story.stretches}
    for role in (Role.LEADER, Role.CANDIDATE, Role.FOLLOWER):
        if role in held:
            yield Sign(partial(_band, role), 70, role.value)
    if series.elections:
        yield Sign(_bars, 30, "elections started, + by its own counter")
    if any(started.unseen for story in series.stories for started in story.elections):
        yield Sign(_unseen, 44, "started while nobody looked")
    if any(story.gaps for story in series.stories) or any(not story.runs for story in series.stories):
        yield Sign(_dots, 70, "no reading")


def _band(role: Role, at: Point) -> tuple[Shape, ...]:
    return role_sample(role, Box(at[0], at[1] - 17, at[0] + 70, at[1] + 17))


def _bars(at: Point) -> tuple[Shape, ...]:
    x, y = at
    heights = enumerate((14, 30, 20))
    return tuple(
        Panel(Box(x + 10 * n, y + 15 - high, x + 10 * n + 7, y + 15), ELECTION) for n, high in heights
    )


def _unseen(at: Point) -> tuple[Shape, ...]:
    return (Panel(Box(at[0], at[1] - 6, at[0] + 44, at[1] + 6), ELECTION_UNSEEN),)


def _dots(at: Point) -> tuple[Shape, ...]:
    return (Line((at, (at[0] + 70, at[1])), UNKNOWN, 3, (1, 12)),)


def _caption(series: ElectionSeries) -> str:
    left = [story for story in series.stories if story not in chosen(series)]
    if not left:
        return ""
    elections = sum(story.counted or 0 for story in left)
    return f"{len(left)} more nodes, with {counted(elections, 'election')} between them, have no lane."
