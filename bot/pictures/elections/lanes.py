"""One lane a node: the roles it held as a band, and above it a bar for the elections it started."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.pictures.drawing import lettering
from bot.pictures.drawing.palette import (
    CANDIDATE,
    CARD,
    ELECTION,
    ELECTION_UNSEEN,
    FOLLOWER,
    INK,
    LEADER,
    QUIET,
    UNKNOWN,
)
from bot.pictures.drawing.picture import MARGIN, SMALL
from bot.pictures.drawing.shapes import Box, Line, Panel, Polygon, Shape, Words
from bot.pictures.elections.series import ElectionSeries, Story, Stretch
from bot.pictures.elections.time_axis import TimeAxis
from runbooks.evidence import Role

MAX_LANES = 10
_BAR = 7
BAND = 34
BARS = 34
NAMES = 190
LANE = BAND + BARS + 22


@dataclass(frozen=True)
class Lane:
    """A node's place: the band of its roles, and the bars above it."""

    story: Story
    band: Box
    bars: Box


def chosen(series: ElectionSeries) -> tuple[Story, ...]:
    """Choose the nodes that are drawn: all, or those to which most happened, in their order."""
    eventful = sorted(series.stories, key=_happened, reverse=True)[:MAX_LANES]
    return tuple(story for story in series.stories if story in eventful)


def _happened(story: Story) -> tuple[bool, int]:
    led = any(stretch.role is Role.LEADER for stretch in story.stretches)
    return led, (story.counted or 0) + len(story.stretches) + len(story.gaps)


def lanes(stories: Sequence[Story], axis: TimeAxis, top: float) -> tuple[Lane, ...]:
    """Place the lanes from here downwards."""
    return tuple(
        Lane(
            story,
            band=Box(axis.left, y + BARS, axis.right, y + BARS + BAND),
            bars=Box(axis.left, y, axis.right, y + BARS - 4),
        )
        for story, y in ((story, top + LANE * place) for place, story in enumerate(stories))
    )


def lane_shapes(placed: Sequence[Lane], axis: TimeAxis) -> Iterator[Shape]:
    """Draw every lane, its elections as bars of one scale."""
    binned = {lane.story.node: _binned(lane.story, axis) for lane in placed}
    tallest = max((added for bars in binned.values() for added in bars.values()), default=1)
    names = lettering.fitted_names([lane.story.node for lane in placed], SMALL, NAMES)
    for lane in placed:
        y = lane.band.centre[1]
        yield Words(names[lane.story.node], (MARGIN, y), SMALL, INK, bold=True)
        yield Line(((lane.band.left, y), (lane.band.right, y)), UNKNOWN, 3, (1, 12))
        for stretch in lane.story.stretches:
            yield from _role(stretch, lane.band, axis)
        yield from _unseen(lane, axis, tallest)
        for x, added in binned[lane.story.node].items():
            yield _bar(lane, x, x + _BAR, added / tallest, ELECTION)
        counted = "?" if lane.story.counted is None else f"+{lane.story.counted}"
        yield Words(
            counted, (lane.band.right + 18, y), SMALL, ELECTION if lane.story.counted else QUIET, bold=True
        )


def _binned(story: Story, axis: TimeAxis) -> Counter[float]:
    """Count the elections per bar width, so that bars stand side by side and never overlap."""
    bins: Counter[float] = Counter()
    for started in story.elections:
        if not started.unseen:
            bins[axis.left + (axis.x(started.until) - axis.left) // (_BAR + 2) * (_BAR + 2)] += started.count
    return bins


def _unseen(lane: Lane, axis: TimeAxis, tallest: int) -> Iterator[Shape]:
    """Draw a counter's growth over a gap, spread over the gap: nobody saw when."""
    for started in lane.story.elections:
        if started.unseen:
            left, right = axis.x(started.since), axis.x(started.until)
            mean = started.count * (_BAR + 2) / max(right - left, _BAR + 2)
            yield _bar(lane, left, right, mean / tallest, ELECTION_UNSEEN)


def _bar(lane: Lane, left: float, right: float, share: float, colour: str) -> Panel:
    reach = min(max((lane.bars.bottom - lane.bars.top) * share, 6), lane.bars.bottom - lane.bars.top)
    return Panel(Box(left, lane.bars.bottom - reach, right, lane.bars.bottom), colour)


def _role(stretch: Stretch, band: Box, axis: TimeAxis) -> Iterator[Shape]:
    left = axis.x(stretch.start)
    right = max(axis.x(stretch.end), left + 4)
    box = Box(left, band.top, right, band.bottom)
    match stretch.role:
        case Role.LEADER:
            yield Panel(box, LEADER)
        case Role.CANDIDATE:
            yield Panel(Box(left, band.top + 5, right, band.bottom - 5), CANDIDATE)
            yield from _stripes(Box(left, band.top + 5, right, band.bottom - 5))
        case Role.FOLLOWER:
            y = band.centre[1]
            yield Panel(Box(left, y - 7, right, y + 7), CARD)
            yield Panel(Box(left, y - 5, right, y + 5), FOLLOWER)


def _stripes(box: Box) -> Iterator[Shape]:
    """Draw the slanting strokes that mark a candidate without relying on colour."""
    high, x = box.bottom - box.top, box.left + 5
    while x + high * 0.5 + 5 < box.right:
        slant = high * 0.5
        yield Polygon(
            ((x, box.bottom), (x + 5, box.bottom), (x + 5 + slant, box.top), (x + slant, box.top)), CARD
        )
        x += 16


def role_sample(role: Role, box: Box) -> tuple[Shape, ...]:
    """Draw a piece of band for the legend."""
    axis = TimeAxis(datetime.min, datetime.max, box.left, box.right)
    return tuple(_role(Stretch(role, datetime.min, datetime.max), box, axis))
