"""More than nine nodes as a matrix: who (row) reaches whom (column), those alike together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

from bot.pictures.drawing import glyphs, lettering
from bot.pictures.drawing.palette import CARD, FAILED, FAINT, GOSSIP, INK, OPEN, QUIET, UNKNOWN, UNSEEN
from bot.pictures.drawing.picture import MARGIN, SMALL, WIDTH
from bot.pictures.drawing.shapes import Box, Panel, Point, Shape, Words, around
from bot.pictures.links.cards import emblem, verdict
from bot.pictures.links.groups import Group, alike
from bot.pictures.links.model import LinkMap, NodeMark, Way, WayState

MAX_BANDS = 16
"""As many rows as are named; each is then high enough for its name."""

NARROWEST = 46.0
LABELS = 330
HEADS = 44
FEW = 3
SIDE = WIDTH - 2 * MARGIN - LABELS
SEAM = 5


@dataclass(frozen=True)
class Band:
    """Nodes under one label, and the stretch they take, the same across and down, from the matrix' corner."""

    nodes: tuple[NodeMark, ...]
    start: float
    end: float

    @property
    def label(self) -> str:
        """The node's name, with a few more, or how many there are."""
        first, more = self.nodes[0].name, len(self.nodes) - 1
        if more >= FEW:
            return f"{more + 1} nodes"
        return f"{first} +{more}" if more else first

    def stretches(self) -> Iterator[tuple[NodeMark, float, float]]:
        """Each node's own part of it."""
        step = (self.end - self.start - SEAM) / len(self.nodes)
        for place, node in enumerate(self.nodes):
            yield node, self.start + place * step, self.start + (place + 1) * step


def bands(seen: LinkMap) -> tuple[Band, ...]:
    """Every node on its own where the names fit; else those that behave alike together, troubled ones first.

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
    """How wide each band is: by its nodes, but never too narrow for a label."""
    narrow: set[int] = set()
    while True:
        wide = sum(count for place, count in enumerate(counts) if place not in narrow)
        each = (SIDE - NARROWEST * len(narrow)) / wide if wide else 0
        more = {place for place, count in enumerate(counts) if count * each < NARROWEST} - narrow
        if not more:
            return [NARROWEST if place in narrow else count * each for place, count in enumerate(counts)]
        narrow |= more


def matrix_shapes(seen: LinkMap, top: float) -> tuple[Shape, ...]:
    """Labels and heads with the same numbers, and a cell for every way."""
    placed, corner = bands(seen), (float(MARGIN + LABELS), top + HEADS)
    names = lettering.fitted_names(tuple({band.label: None for band in placed}), SMALL, LABELS - 150)
    return (
        *(shape for number, band in enumerate(placed, 1) for shape in _heads(number, band, corner)),
        *(shape for band in placed for shape in _label(band, names[band.label], seen.quorum, corner)),
        *(shape for row in placed for column in placed for shape in _block(seen, row, column, corner)),
    )


def _heads(number: int, band: Band, corner: Point) -> Iterator[Shape]:
    middle = (band.start + band.end - SEAM) / 2
    yield Words(str(number), (corner[0] + middle, corner[1] - HEADS / 2), SMALL, QUIET, anchor="mm")
    yield Words(str(number), (MARGIN + 34, corner[1] + middle), SMALL, QUIET, anchor="rm")


def _label(band: Band, name: str, quorum: int, corner: Point) -> Iterator[Shape]:
    y = corner[1] + (band.start + band.end - SEAM) / 2
    yield Words(name, (MARGIN + 96, y), SMALL, INK, True)
    if len({node.standing for node in band.nodes}) == 1:
        yield from emblem(band.nodes[0].standing, (MARGIN + 66, y), 18)
    if len({_majority(node, quorum) for node in band.nodes}) == 1:
        yield from verdict(band.nodes[0], quorum, (corner[0] - 34, y))


def _majority(node: NodeMark, quorum: int) -> bool | None:
    sure, at_most = node.reaches
    return True if sure >= quorum else None if at_most >= quorum else False


def _block(seen: LinkMap, row: Band, column: Band, corner: Point) -> Iterator[Shape]:
    for observer, top, bottom in row.stretches():
        for peer, left, right in column.stretches():
            box = Box(corner[0] + left, corner[1] + top, corner[0] + right, corner[1] + bottom)
            if observer is peer:
                yield Panel(box, FAINT)
            else:
                yield from cell(seen.by_pair[observer.name, peer.name], box)


def cell(way: Way, box: Box) -> Iterator[Shape]:
    """One way: a small mark is open, a full cell fails, half a one is gossip, an empty one is not known."""
    (x, y), across, down = box.centre, box.right - box.left, box.bottom - box.top
    side = min(across, down)
    inner = box.grown(-min(1.5, side * 0.06))
    match way.state:
        case WayState.OPEN:
            yield Panel(around((x, y), across * 0.36, down * 0.36), OPEN, side * 0.18)
        case WayState.FAILED:
            yield Panel(inner, FAILED)
            yield from glyphs.strokes_of_a_cross((x, y), side * 0.24, CARD) if side >= 14 else ()
        case WayState.GOSSIP_FAILED:
            yield Panel(Box(inner.left, y, inner.right, inner.bottom), GOSSIP)
            yield Panel(around((x, (inner.top + y) / 2), across * 0.36, down * 0.2), OPEN, side * 0.1)
        case WayState.UNKNOWN:
            yield Panel(inner, None, 0, UNSEEN, 1)
            yield from [Words("?", (x, y), side * 0.6, UNKNOWN, True, "mm")] if side >= 30 else ()
