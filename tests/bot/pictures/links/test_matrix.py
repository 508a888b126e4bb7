"""Who reaches whom is a matrix; of many nodes those that behave alike share a label and keep their cells."""

from __future__ import annotations

import random
from itertools import combinations, cycle, pairwise

import pytest

from bot.pictures.drawing import lettering
from bot.pictures.drawing.palette import FAILED
from bot.pictures.drawing.picture import SMALL, WIDTH
from bot.pictures.drawing.shapes import Box, Panel, Words
from bot.pictures.links.card import layout
from bot.pictures.links.matrix import MAX_BANDS, NARROWEST, SIDE, bands, matrix
from bot.pictures.links.model import WayState
from runbooks.evidence import Evidence
from tests.bot.pictures.clusters import cluster, instead, islands, names_of, seen, without_gossip
from tests.builders import cut, cut_off, dead, evidence, node, silent

LONE = islands((7,), [number for number in range(1, 52) if number != 7])


def failed_cells(read: Evidence) -> int:
    """How many cells are filled as failed."""
    return sum(isinstance(shape, Panel) and shape.fill == FAILED for shape in matrix(seen(read), 0).shapes)


def test_ten_nodes_each_have_a_row_with_their_name():
    placed = bands(seen(cluster(10)))

    assert [band.label for band in placed] == list(names_of(10))


def test_of_fifty_one_nodes_the_troubled_ones_come_first_and_the_rest_together():
    read = instead(
        cluster(51, LONE | {("node20", "node21"): "refused"}, leader="node3"),
        silent("node33"),
        silent("node34"),
    )

    labels = [band.label for band in bands(seen(read))]
    assert labels == ["node7", "node20", "node21", "node3", "node33 +1", "45 nodes"]


def test_two_halves_are_two_bands():
    read = cluster(51, islands(range(1, 27), range(27, 52)), leader=None)

    assert sorted(band.label for band in bands(seen(read))) == ["25 nodes", "26 nodes"]
    assert failed_cells(read) == 2 * 26 * 25


@pytest.mark.parametrize("seed", range(3))
def test_every_node_keeps_its_cells_however_different_they_all_are(seed: int):
    draw = random.Random(seed)
    pairs = [(one, other) for one in names_of(51) for other in names_of(51) if one != other]
    read = cluster(51, dict.fromkeys(draw.sample(pairs, 500), "timeout"))
    placed = bands(seen(read))

    assert len(placed) == MAX_BANDS
    assert sorted(node.name for band in placed for node in band.nodes) == sorted(names_of(51))
    assert failed_cells(read) == 500


def test_bands_touch_fill_the_side_and_have_room_for_a_label():
    for read in (cluster(10), cluster(16), cluster(51, LONE), cluster(17)):
        placed = bands(seen(read))

        assert placed[0].start == 0
        assert placed[-1].end == pytest.approx(SIDE)
        assert all(before.end == after.start for before, after in pairwise(placed))
        assert all(band.end - band.start >= NARROWEST - 1e-6 > SMALL for band in placed)


def test_gossip_alone_and_unknown_cells_are_told_apart_from_failures():
    read = instead(without_gossip(cluster(12), ("node1", "node2")), silent("node9"))
    said = seen(read)

    assert said.by_pair["node1", "node2"].state is WayState.GOSSIP_FAILED
    assert failed_cells(read) == 0
    texts = layout(said).texts()
    assert "gossip alone fails: 1 refused" in texts
    assert texts.count("?") >= 11  # node9's row, and one in the legend


def test_a_matrix_names_the_clocks_that_are_off():
    said = seen(cluster(12, offset_ms=900.0))

    # Twelve clocks are too many for the card: the text is cut, and says so.
    written = " ".join(shape.text for shape in layout(said).shapes if isinstance(shape, Words))
    assert "Clocks off: node1 +900 ms" in written


def faults(count: int) -> tuple[Evidence, ...]:
    """A cluster of this size: whole, cut in every way, without gossip, half silent, with clocks off."""
    names = names_of(count)
    half = count // 2 + 1
    return (
        cluster(count),
        cluster(count, cut_off(*names, among=names), leader=None),
        cluster(count, islands(range(1, half), range(half, count + 1))),
        cluster(count, _every_kind(names)),
        without_gossip(cluster(count)),
        without_gossip(cluster(count, dict.fromkeys(combinations(names, 2), "timeout"))),
        instead(cluster(count), silent("node2"), dead("node3", names=names)),
        cluster(count, term=1_234_567, offset_ms=-12_345.0),
    )


def _every_kind(names: tuple[str, ...]) -> dict[tuple[str, str], str]:
    """Every way fails, each pair in its own way."""
    kinds = cycle(("timeout", "refused", "unreachable", "reset", "dns"))
    pairs = zip(combinations(names, 2), kinds, strict=False)
    return {way: kind for pair, kind in pairs for way in (pair, pair[::-1])}


def words_box(words: Words) -> Box:
    """The space that a line of text takes."""
    wide, (x, y) = lettering.width(words.text, words.size, words.bold), words.at
    left = x - {"lm": 0.0, "mm": wide / 2, "rm": wide}[words.anchor]
    return Box(left, y - words.size / 2, left + wide, y + words.size / 2)


@pytest.mark.parametrize("count", range(1, 17))
def test_no_word_lies_on_another_or_leaves_the_picture(count: int):
    for read in faults(count) if count > 1 else (cluster(1),):
        body = matrix(seen(read), 0)
        boxes = [words_box(shape) for shape in body.shapes if isinstance(shape, Words)]

        assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
        assert all(box.left >= 0 and box.right <= WIDTH for box in boxes)
        assert all(box.top >= 0 and box.bottom <= body.bottom for box in boxes)


@pytest.mark.parametrize("count", range(2, 17))
def test_every_way_that_fails_is_a_cell(count: int):
    assert failed_cells(cluster(count, _every_kind(names_of(count)))) == count * (count - 1)


def test_of_three_nodes_each_says_its_term_and_its_clock_and_each_cell_what_failed():
    read = evidence(node("node1", offset_ms=4200, term=12), dead("node2"), node("node3"))
    cells = layout(seen(cluster(3, cut(("node1", "node2")) | {("node2", "node3"): "refused"}))).texts()

    texts = layout(seen(read)).texts()
    assert {"node1", "term 12", "clock +4.2 s", "follower", "down"} <= set(texts)
    assert {"timeout", "refused"} <= set(cells)
    assert texts.count("node2") == 2  # beside its row and above its column


def test_long_names_are_shortened_and_stay_apart():
    names = [f"neumann-prod-eu-{number}.dc1.example.net" for number in (1, 2, 3)]
    alike = [f"{number}-a-rather-long-name-for-a-node" for number in ("01-x", "01-y", "01-z")]

    for those in (names, [f"node{name}" for name in alike], [f"prod-cluster-{n}-eu-west" for n in "abc"]):
        shown = lettering.fitted_names(those, 38, 218)
        assert len(set(shown.values())) == 3
        assert all(lettering.width(text, 38, True) <= 218 for text in shown.values())
