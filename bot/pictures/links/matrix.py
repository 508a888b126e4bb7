"""A matrix of who (row) reaches whom (column); of many nodes, those that behave alike share a band."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

from bot.pictures.drawing import lettering
from bot.pictures.drawing.frame import Section
from bot.pictures.drawing.palette import FAILED, FAINT, INK, QUIET
from bot.pictures.drawing.picture import MARGIN, SMALL, TEXT, WIDTH
from bot.pictures.drawing.shapes import Box, Panel, Point, Shape, Words
from bot.pictures.links.cells import cell
from bot.pictures.links.emblems import clock, emblem, verdict
from bot.pictures.links.groups import Group, alike
from bot.pictures.links.model import LinkMap, NodeMark, WayState

MAX_BANDS = 16
"""As many rows as are named; each is then high enough for its name."""

MAX_WORDY_NODES = 5
"""Up to so many there is room for names above the columns, and for the term and the clock in the rows."""

NARROWEST = 46.0
TALLEST = 140.0
"""A row, in pixels: three lines of type. Few nodes have columns wider than that."""

LABELS = 330
HEADS = 44
FEW = 3
SIDE = WIDTH - 2 * MARGIN - LABELS
SEAM = 5


@dataclass(frozen=True)
class Band:
    """Nodes under one label, and the span they take from the matrix' corner, the same across and down."""

    nodes: tuple[NodeMark, ...]
    start: float
    end: float

    @property
    def label(self) -> str:
        """Return the node's name, with how many more, or how many there are."""
        first, more = self.nodes[0].name, len(self.nodes) - 1
        if more >= FEW:
            return f"{more + 1} nodes"
        return f"{first} +{more}" if more else first

    def stretches(self) -> Iterator[tuple[NodeMark, float, float]]:
        """Return each node's own part of it."""
        step = (self.end - self.start - SEAM) / len(self.nodes)
        for place, node in enumerate(self.nodes):
            yield node, self.start + place * step, self.start + (place + 1) * step


def bands(seen: LinkMap) -> tuple[Band, ...]:
    """Give every node a band where the names fit; else group those that behave alike, troubled ones first.

    Where even so there are too many, the least troubled share the last band, each still with its own cells.
    """
    nodes = {node.name: node for node in seen.nodes}
    found: list[Group] = [(name,) for name in seen.names]
    if len(found) > MAX_BANDS:
        found = sorted(alike(seen), key=lambda group: (len(group), -_troubles(seen, group[0])))
    if len(found) > MAX_BANDS:
        found.sort(key=lambda group: -_troubles(seen, group[0]))
        rest = tuple(name for group in found[MAX_BANDS - 1 :] for name in group)
        found = [*found[: MAX_BANDS - 1], rest]
    edges = (0.0, *accumulate(_sizes([len(group) for group in found])))
    return tuple(
        Band(tuple(nodes[name] for name in group), start, end)
        for group, (start, end) in zip(found, pairwise(edges), strict=True)
    )


def _troubles(seen: LinkMap, name: str) -> int:
    return sum(name in (way.observer, way.peer) and way.state is not WayState.OPEN for way in seen.ways)


def _sizes(counts: list[int]) -> list[float]:
    """Return the width of each band: by its nodes, but never too narrow for a label."""
    narrow: set[int] = set()
    while True:
        wide = sum(count for place, count in enumerate(counts) if place not in narrow)
        each = (SIDE - NARROWEST * len(narrow)) / wide if wide else 0
        more = {place for place, count in enumerate(counts) if count * each < NARROWEST} - narrow
        if not more:
            return [NARROWEST if place in narrow else count * each for place, count in enumerate(counts)]
        narrow |= more


@dataclass(frozen=True)
class Grid:
    """The position of the matrix: its first cell's corner, and how much flatter its rows are than wide."""

    corner: Point
    flatness: float

    def column(self, along: float) -> float:
        """Return how far from the left of the picture something is, in pixels."""
        return self.corner[0] + along

    def row(self, along: float) -> float:
        """Return how far from the top of the picture something is, in pixels."""
        return self.corner[1] + along * self.flatness


def says_clocks(seen: LinkMap) -> bool:
    """Return whether each row has room for its node's term and clock."""
    return len(seen.nodes) <= MAX_WORDY_NODES


def matrix(seen: LinkMap, top: float) -> Section:
    """Draw labels, heads, and a cell for every way.

    Args:
        seen: What to show.
        top: Where it may begin, in pixels.
    """
    placed = bands(seen)
    grid = Grid((float(MARGIN + LABELS), top + HEADS), min(1.0, len(seen.nodes) * TALLEST / SIDE))
    shapes = (
        *_heads(seen, placed, grid),
        *_labels(seen, placed, grid),
        *(shape for row in placed for column in placed for shape in _block(seen, row, column, grid)),
    )
    return Section(shapes, grid.row(SIDE))


def _middle(band: Band) -> float:
    return (band.start + band.end - SEAM) / 2


def _heads(seen: LinkMap, placed: tuple[Band, ...], grid: Grid) -> Iterator[Shape]:
    """Name the columns; where the names do not fit, rows and columns carry the same numbers."""
    if placed and says_clocks(seen):
        room = placed[0].end - placed[0].start - 2 * SEAM
        names = lettering.fitted_names([band.label for band in placed], SMALL, room)
        for band in placed:
            at = (grid.column(_middle(band)), grid.corner[1] - HEADS / 2)
            yield Words(names[band.label], at, SMALL, INK, True, "mm")
        return
    for number, band in enumerate(placed, 1):
        at = (grid.column(_middle(band)), grid.corner[1] - HEADS / 2)
        yield Words(str(number), at, SMALL, QUIET, anchor="mm")
        yield Words(str(number), (MARGIN + 34, grid.row(_middle(band))), SMALL, QUIET, anchor="rm")


def _labels(seen: LinkMap, placed: tuple[Band, ...], grid: Grid) -> Iterator[Shape]:
    wordy = says_clocks(seen)
    emblem_x = MARGIN + (24 if wordy else 66)
    size, room = (TEXT, LABELS - 118) if wordy else (SMALL, LABELS - 154)
    names = lettering.fitted_names(tuple({band.label: None for band in placed}), size, room)
    for band in placed:
        lines = [(names[band.label], INK, True), *(_details(band.nodes[0]) if wordy else ())]
        y = grid.row(_middle(band)) - (len(lines) - 1) * TEXT / 2
        if len({node.standing for node in band.nodes}) == 1:
            yield from emblem(band.nodes[0].standing, (emblem_x, y), 18)
        for text, colour, bold in lines:
            yield Words(text, (emblem_x + 34, y), size if bold else SMALL, colour, bold)
            y += TEXT + 4
        if len({_majority(node, seen.quorum) for node in band.nodes}) == 1:
            yield from verdict(band.nodes[0], seen.quorum, (grid.corner[0] - 34, grid.row(_middle(band))))


def _details(node: NodeMark) -> Iterator[tuple[str, str, bool]]:
    """Yield what stands below a node's name: text, colour, and that it is not bold."""
    if node.term is not None:
        yield f"term {node.term}", QUIET, False
    if node.clock_off_ms is not None:
        yield f"clock {clock(node.clock_off_ms)}", FAILED, False


def _majority(node: NodeMark, quorum: int) -> bool | None:
    sure, at_most = node.reaches
    return True if sure >= quorum else None if at_most >= quorum else False


def _block(seen: LinkMap, row: Band, column: Band, grid: Grid) -> Iterator[Shape]:
    for observer, top, bottom in row.stretches():
        for peer, left, right in column.stretches():
            box = Box(grid.column(left), grid.row(top), grid.column(right), grid.row(bottom))
            if observer is peer:
                yield Panel(box, FAINT)
            else:
                yield from cell(seen.by_pair[observer.name, peer.name], box)
