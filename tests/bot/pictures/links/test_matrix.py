"""More than nine nodes are a matrix, in which those that behave alike share a label and keep their cells."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from bot.pictures.drawing.palette import FAILED
from bot.pictures.drawing.picture import SMALL
from bot.pictures.drawing.shapes import Panel, Words
from bot.pictures.links.card import layout
from bot.pictures.links.matrix import MAX_BANDS, NARROWEST, SIDE, bands, matrix_shapes
from bot.pictures.links.model import WayState
from runbooks.evidence import Evidence
from tests.bot.pictures.clusters import cluster, instead, islands, names_of, seen, without_gossip
from tests.builders import silent

LONE = islands((7,), [number for number in range(1, 52) if number != 7])


def failed_cells(read: Evidence) -> int:
    """How many cells are filled as failed."""
    return sum(isinstance(shape, Panel) and shape.fill == FAILED for shape in matrix_shapes(seen(read), 0))


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
