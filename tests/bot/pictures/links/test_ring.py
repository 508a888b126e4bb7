"""Up to nine nodes stand in a ring: every way is on it, and nothing lies on anything else."""

from __future__ import annotations

from itertools import combinations, cycle

import pytest

from bot.pictures.drawing import lettering
from bot.pictures.drawing.picture import WIDTH
from bot.pictures.drawing.shapes import Box, Words
from bot.pictures.links.card import layout
from bot.pictures.links.cards import card_shapes
from bot.pictures.links.model import LinkMap, WayState
from bot.pictures.links.ring import ring
from runbooks.evidence import Evidence
from tests.bot.pictures.clusters import cluster, instead, islands, names_of, seen, without_gossip
from tests.builders import cut, cut_off, dead, evidence, node, silent

TOP = 200.0


def faults(count: int) -> tuple[Evidence, ...]:
    """A cluster of this size: whole, cut in every way, without gossip, half silent, with clocks off."""
    names = names_of(count)
    half = count // 2 + 1
    return (
        cluster(count),
        cluster(count, cut_off(*names, among=names), leader=None),
        cluster(count, islands(range(1, count), (count,))),
        cluster(count, islands(range(1, half), range(half, count + 1))),
        cluster(count, islands(range(1, count - 1), (count - 1,), (count,))),
        cluster(count, dict.fromkeys(zip(names, (*names[1:], names[0]), strict=True), "refused")),
        cluster(count, {(one, other): "dns" for one in names for other in names if one < other}),
        cluster(count, _every_kind(names)),
        without_gossip(cluster(count)),
        instead(cluster(count), silent("node2"), dead("node3", names=names)),
        cluster(count, term=1_234_567, offset_ms=-12_345.0),
    )


def _every_kind(names: tuple[str, ...]) -> dict[tuple[str, str], str]:
    """Every way of some pairs fails, each pair in its own way, so that every label is wanted."""
    kinds = cycle(("timeout", "refused", "unreachable", "reset"))
    pairs = [pair for pair in combinations(names, 2) if "node1" in pair or "node2" in pair]
    return {way: kind for pair, kind in zip(pairs, kinds, strict=False) for way in (pair, pair[::-1])}


def words_box(words: Words) -> Box:
    """The space that a line of text takes."""
    wide, (x, y) = lettering.width(words.text, words.size, words.bold), words.at
    left = x - {"lm": 0.0, "mm": wide / 2, "rm": wide}[words.anchor]
    return Box(left, y - words.size / 2, left + wide, y + words.size / 2)


@pytest.mark.parametrize("count", range(2, 10))
def test_no_card_no_label_and_no_cross_lies_on_another(count: int):
    for read in faults(count):
        placed = ring(seen(read), TOP)
        cards = [card.box for card in placed.cards]
        labels = [arrow.label for arrow in placed.arrows if arrow.label]
        marks = [arrow.mark for arrow in placed.arrows if arrow.mark]

        assert len(cards) == count
        assert not any(one.grown(5).overlaps(other) for one, other in combinations(cards, 2))
        assert not any(one.overlaps(other) for one, other in combinations([*cards, *labels], 2))
        assert not any(label.overlaps(mark) for label in labels for mark in marks)
        assert all(box.within(Box(0, TOP - 1, WIDTH, placed.bottom + 1)) for box in cards)
        assert all(box.within(Box(0, TOP - 50, WIDTH, placed.bottom + 50)) for box in [*labels, *marks])


@pytest.mark.parametrize("count", range(1, 10))
def test_every_word_stays_on_its_card_and_below_the_line_above(count: int):
    for read in faults(count) if count > 1 else (cluster(1),):
        said = seen(read)
        placed = ring(said, TOP)
        words = [
            words_box(s) for s in card_shapes(placed, said.quorum) if isinstance(s, Words) and s.text != "?"
        ]

        assert all(any(box.within(card.box) for card in placed.cards) for box in words)
        assert not any(one.overlaps(other) for one, other in combinations(words, 2))


@pytest.mark.parametrize("count", range(2, 10))
def test_every_way_is_on_an_arrow_and_on_no_other(count: int):
    for read in faults(count):
        said = seen(read)
        drawn = [way for arrow in ring(said, TOP).arrows for way in arrow.ways]

        assert sorted(drawn, key=str) == sorted(said.ways, key=str)
        assert all(len({way.state for way in arrow.ways}) == 1 for arrow in ring(said, TOP).arrows)


def arrows_between(said: LinkMap, one: str, other: str):
    """The arrows that stand for ways between two nodes."""
    return [
        arrow
        for arrow in ring(said, TOP).arrows
        if {one, other} == {arrow.ways[0].observer, arrow.ways[0].peer}
    ]


def test_two_ways_that_gave_the_same_are_one_arrow_and_else_two():
    said = seen(cluster(3, cut(("node1", "node2"))))

    assert [len(arrow.ways) for arrow in arrows_between(said, "node1", "node3")] == [2]
    there, back = arrows_between(said, "node1", "node2")
    assert (there.state, back.state) == (WayState.FAILED, WayState.OPEN)
    assert there.mark and there.label and there.words == "timeout"
    assert back.mark is None and back.label is None


def test_an_unknown_way_is_drawn_as_such_and_claims_no_failure():
    said = seen(instead(cluster(3), silent("node3")))

    there, back = arrows_between(said, "node1", "node3")
    assert {there.state, back.state} == {WayState.OPEN, WayState.UNKNOWN}
    assert there.mark is None and back.mark is None


def test_nodes_that_reach_each_other_stand_side_by_side_on_an_island():
    placed = ring(seen(cluster(5, islands((1, 4), (2, 5), (3,)))), TOP)

    assert [card.node.name for card in placed.cards] == ["node1", "node4", "node2", "node5", "node3"]
    assert len(placed.islands) == 2
    assert ring(seen(cluster(5)), TOP).islands == ()


def test_a_clean_cut_of_many_nodes_is_one_arrow_with_its_count():
    placed = ring(seen(cluster(9, islands((1, 2, 3, 5, 8), (4, 6, 7, 9)))), TOP)

    bundles = [arrow for arrow in placed.arrows if arrow.is_bundle]
    assert [(arrow.words, arrow.state) for arrow in bundles] == [("40 timeout", WayState.FAILED)]
    assert len(placed.arrows) == 10 + 6 + 1


def test_equal_labels_are_left_to_the_legend_and_different_ones_are_not():
    many = ring(seen(cluster(5, islands((1, 2), (3, 5), (4,)))), TOP)
    few = ring(seen(cluster(3, cut_off("node1"))), TOP)

    assert not any(arrow.label for arrow in many.arrows)
    assert "both ports fail: 16 timeout" in layout(seen(cluster(5, islands((1, 2), (3, 5), (4,))))).texts()
    assert sum(arrow.label is not None for arrow in few.arrows) == 2


def test_a_card_says_role_term_reach_and_a_clock_that_is_off():
    texts = layout(
        seen(evidence(node("node1", offset_ms=4200, term=12), dead("node2"), node("node3")))
    ).texts()

    assert {"node1", "follower", "term 12", "reaches 2 of 3", "clock +4.2 s"} <= set(texts)
    assert "down" in texts


def test_long_names_are_shortened_and_stay_apart():
    names = [f"neumann-prod-eu-{number}.dc1.example.net" for number in (1, 2, 3)]
    alike = [f"{number}-a-rather-long-name-for-a-node" for number in ("01-x", "01-y", "01-z")]

    for those in (names, [f"node{name}" for name in alike], [f"prod-cluster-{n}-eu-west" for n in "abc"]):
        shown = lettering.fitted_names(those, 38, 218)
        assert len(set(shown.values())) == 3
        assert all(lettering.width(text, 38, True) <= 218 for text in shown.values())
