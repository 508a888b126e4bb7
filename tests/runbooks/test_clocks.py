"""What is believed of a clock: chrony's word beside the bot's own look at it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runbooks.clocks import MAX_SKEW_MS, believed_clocks
from runbooks.evidence import Clock, ClockDoubt, Evidence, Reading, WallClock
from tests.builders import evidence

AT = datetime(2026, 1, 1, tzinfo=UTC)


def seen(
    looks: dict[str, float],
    chrony: dict[str, float] | None = None,
    *,
    doubts: tuple[ClockDoubt, ...] = (),
    round_trip_ms: float = 4.0,
    bot_ahead_ms: float = 0.0,
) -> Evidence:
    """Evidence in which the clocks are truly ahead by `looks`, and chrony says `chrony`."""
    read = evidence()
    nodes = []
    for node in read.nodes:
        offset_ms = (chrony or {}).get(node.node, 0.0)
        clock = Clock(offset_ms=offset_ms, error_ms=2, synchronised=True, source="10.0.0.1", doubts=doubts)
        changes: dict[str, object] = {"clock": Reading[Clock](value=clock, by="agent", at=AT)}
        if node.node in looks:
            ahead_ms = looks[node.node] - bot_ahead_ms
            look = WallClock(ahead_ms=ahead_ms, error_ms=round_trip_ms / 2)
            changes["wall_clock"] = Reading[WallClock](value=look, by="bot", at=AT)
        nodes.append(node.model_copy(update=changes))
    return read.model_copy(update={"nodes": tuple(nodes)})


def right(read: Evidence) -> dict[str, bool]:
    """Which of the clocks that are believed are surely within the limit."""
    clocks = believed_clocks(read).items()
    return {name: abs(clock.offset_ms) + clock.error_ms <= MAX_SKEW_MS for name, clock in clocks}


def test_a_clock_that_jumped_unnoticed_is_not_right():
    """A VM that was paused for 20 s: chrony says 0 until its next poll, as it did on a real one."""
    clocks = believed_clocks(seen({"node1": -20_400, "node2": 3, "node3": -1}))
    jumped = clocks["node1"]
    assert jumped.offset_ms - jumped.error_ms <= -20_400 and jumped.offset_ms + jumped.error_ms >= 0
    assert {name: clock.error_ms for name, clock in clocks.items() if name != "node1"} == {
        "node2": 2,
        "node3": 2,
    }


def test_two_of_three_that_jumped_are_not_right_either():
    read = seen({"node1": 2400, "node2": 0, "node3": -1900})
    assert right(read) == {"node1": False, "node2": True, "node3": False}


@pytest.mark.parametrize("bot_ahead_ms", [0, 5000, -3_600_000])
def test_a_bot_whose_own_clock_is_wrong_finds_no_fault_with_nodes_that_agree(bot_ahead_ms: float):
    read = seen({"node1": 1, "node2": -1, "node3": 2}, bot_ahead_ms=bot_ahead_ms)
    assert right(read) == {"node1": True, "node2": True, "node3": True}


def test_a_skew_that_both_see_is_left_as_chrony_says():
    read = seen({"node1": 2400, "node2": 0, "node3": 0}, {"node1": 2401})
    assert believed_clocks(read)["node1"] == read.node("node1").clock.value


def test_a_slow_link_proves_nothing_against_chrony():
    read = seen({"node1": 300, "node2": 0, "node3": 0}, round_trip_ms=600)
    assert all(right(read).values())


def test_one_node_and_the_bot_that_differ_are_both_doubted():
    assert right(seen({"node1": 5000})) == {"node1": False, "node2": True, "node3": True}


@pytest.mark.parametrize("doubt", ["kernel_unsynchronised", "set_back", "stale"])
def test_a_doubtful_word_counts_only_with_a_witness(doubt: ClockDoubt):
    assert right(seen({}, doubts=(doubt,))) == {}
    assert all(right(seen({"node1": 0, "node2": 0, "node3": 0}, doubts=(doubt,))).values())


def test_a_doubtful_word_that_it_is_off_is_kept():
    assert believed_clocks(seen({}, {"node1": 2400}, doubts=("stale",)))["node1"].offset_ms == 2400


def test_an_old_document_without_looks_is_believed_as_it_was():
    read = evidence()
    assert believed_clocks(read) == {node.node: node.clock.value for node in read.nodes}
