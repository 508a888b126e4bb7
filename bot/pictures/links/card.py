"""The link map: who reaches whom on both ports, who leads, and whether this cluster can elect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial

from bot.pictures.drawing import frame
from bot.pictures.drawing.frame import Mood, Sign
from bot.pictures.drawing.painter import png
from bot.pictures.drawing.picture import MARGIN, WIDTH, Picture
from bot.pictures.drawing.shapes import Box, Drawing, Point, Shape
from bot.pictures.links.alt_text import alt_text, leader_words
from bot.pictures.links.cells import cell
from bot.pictures.links.emblems import clock, emblem
from bot.pictures.links.matrix import matrix, says_clocks
from bot.pictures.links.model import LinkMap, NodeRole, Way, WayState, link_facts
from runbooks.evidence import Evidence
from runbooks.model import Diagnosis

MEANINGS = {
    WayState.OPEN: "both ports open",
    WayState.FAILED: "Raft fails",
    WayState.GOSSIP_FAILED: "gossip alone fails",
    WayState.UNKNOWN: "not known",
}


def link_map(evidence: Evidence, diagnosis: Diagnosis) -> Picture:
    """Draw who reaches whom; takes some 100 ms, so call it through `draw.draw_link_map`.

    Args:
        evidence: One reading of the cluster; a node may be dead, silent or half read.
        diagnosis: Its judgement, so that picture and thread give the same answer.
    """
    seen = link_facts(evidence, diagnosis)
    drawing = layout(seen)
    return Picture(png(drawing), alt_text(seen), drawing.width, drawing.height)


def layout(seen: LinkMap) -> Drawing:
    """Lay the whole card out: the answer, the matrix, the legend."""
    head = frame.header(*_headline(seen))
    body = matrix(seen, head.bottom + 12)
    foot = frame.legend(tuple(_signs(seen)), body.bottom + 20, _caption(seen))
    return Drawing(WIDTH, round(foot.bottom + MARGIN / 2), (*head.shapes, *body.shapes, *foot.shapes))


def _headline(seen: LinkMap) -> tuple[str, Mood, tuple[str, ...]]:
    place = f"{seen.cluster} · {frame.when(seen.at)}{'' if seen.complete else ' · still reading'}"
    answer, mood = _answer(seen)
    return answer, mood, (f"{leader_words(seen.leadership)}; {seen.reason}.", place)


def _answer(seen: LinkMap) -> tuple[str, Mood]:
    """Return the large words; green is only a cluster that can elect and has a leader."""
    if seen.can_elect == "no":
        return "Cannot elect", "bad"
    if seen.can_elect == "undetermined":
        return "Not known if it can elect", "unknown"
    leads = seen.leadership.leader and seen.leadership.majority
    return ("Can elect, and has a leader", "good") if leads else ("Can elect, but nobody leads", "warning")


def _signs(seen: LinkMap) -> Iterator[Sign]:
    examples = {way.state: way for way in seen.ways}
    for state in WayState:
        if state in examples:
            yield Sign(partial(_cell, examples[state]), 38, _meaning(seen, state))
    for standing in (s for s in NodeRole if any(node.standing is s for node in seen.nodes)):
        yield Sign(partial(_emblem, standing), 44, standing.value)


def _meaning(seen: LinkMap, state: WayState) -> str:
    ways = [way for way in seen.ways if way.state is state]
    if state in (WayState.OPEN, WayState.UNKNOWN):
        return MEANINGS[state]
    kinds = Counter(way.raft if state is WayState.FAILED else way.gossip for way in ways)
    told = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    both = state is WayState.FAILED and all(way.raft == way.gossip for way in ways)
    return f"{'both ports fail' if both else MEANINGS[state]}: {told}"


def _cell(way: Way, at: Point) -> tuple[Shape, ...]:
    return tuple(cell(way, Box(at[0], at[1] - 19, at[0] + 38, at[1] + 19)))


def _emblem(standing: NodeRole, at: Point) -> tuple[Shape, ...]:
    return emblem(standing, (at[0] + 22, at[1]), 19)


def _caption(seen: LinkMap) -> str:
    """Say how to read what is drawn, and which clocks are off where their rows have no room to say so."""
    counted = f"over Raft there and back, itself counted; {seen.quorum} are a majority."
    clocks = [
        f"{node.name} {clock(node.clock_off_ms)}" for node in seen.nodes if node.clock_off_ms is not None
    ]
    off = f" Clocks off: {', '.join(clocks)}." if clocks and not says_clocks(seen) else ""
    return f"Row reaches column. Tick or cross: {counted}{off}"
