"""What is believed of a clock: chrony's word beside the bot's own look at it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runbooks import leader_election
from runbooks.clocks import MAX_SKEW_MS, believed_clocks, follows_true_time
from runbooks.evidence import Clock, ClockDoubt, Evidence, NodeEvidence, Reading, Role, WallClock
from runbooks.model import Finding, Verdict
from tests.builders import evidence, known, node

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
    for each in read.nodes:
        offset_ms = (chrony or {}).get(each.node, 0.0)
        clock = Clock(offset_ms=offset_ms, error_ms=2, synchronised=True, source="10.0.0.1", doubts=doubts)
        changes: dict[str, object] = {"clock": Reading[Clock](value=clock, by="agent", at=AT)}
        if each.node in looks:
            ahead_ms = looks[each.node] - bot_ahead_ms
            look = WallClock(ahead_ms=ahead_ms, error_ms=round_trip_ms / 2)
            changes["wall_clock"] = Reading[WallClock](value=look, by="bot", at=AT)
        nodes.append(each.model_copy(update=changes))
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
    assert believed_clocks(read) == {each.node: each.clock.value for each in read.nodes}


def skew_in(read: Evidence) -> Finding:
    return next(each for each in leader_election.diagnose(read).findings if each.cause == "clock_skew")


def test_a_jump_that_chrony_has_not_noticed_does_not_rule_skew_out():
    """Gossip holds everybody failed, chrony vouches for all clocks: so it was on real nodes."""
    nodes = [node(f"node{n}", role=Role.CANDIDATE, gossip_failed=2) for n in (1, 2, 3)]
    assert skew_in(with_looks(evidence(*nodes), {})).verdict is Verdict.RULED_OUT
    jumped = skew_in(with_looks(evidence(*nodes), {"node1": -20_400.0}))
    assert (jumped.verdict, jumped.would_decide) == (Verdict.UNDETERMINED, "the true time on node1")
    two = skew_in(with_looks(evidence(*nodes), {"node1": 2400.0, "node3": -1900.0}))
    assert two.verdict is Verdict.UNDETERMINED


def test_the_bots_look_is_the_second_witness_of_a_single_clock():
    """One clock that is read wrong would explain all of it, unless the bot saw the same."""
    offsets_ms = {"node1": 2400.0, "node2": 0.0, "node3": 0.0}
    nodes = [without_gossip(node(name, role=Role.CANDIDATE, offset_ms=ms)) for name, ms in offsets_ms.items()]
    assert skew_in(evidence(*nodes)).evidence_for == ()
    seen_by_both = skew_in(with_looks(evidence(*nodes), offsets_ms))
    assert any("node1 and node2 are 2400 ms apart" in line for line in seen_by_both.evidence_for)


def with_looks(read: Evidence, ahead_ms: dict[str, float]) -> Evidence:
    """The evidence with the bot's look at each clock; one that is not named is right."""
    nodes = (
        each.model_copy(
            update={"wall_clock": known(WallClock(ahead_ms=ahead_ms.get(each.node, 0.0), error_ms=2))}
        )
        for each in read.nodes
    )
    return read.model_copy(update={"nodes": tuple(nodes)})


def without_gossip(member: NodeEvidence) -> NodeEvidence:
    """The node with pages that say nothing of gossip."""
    changes: dict[str, object] = {}
    for name in ("metrics", "metrics_again", "local_metrics"):
        reading = getattr(member, name)
        page = reading.value.model_copy(update={"gossip_failed": None, "gossip_healthy": None})
        changes[name] = reading.model_copy(update={"value": page})
    return member.model_copy(update=changes)


@pytest.mark.parametrize(
    ("source", "is_local"),
    [
        *((name, False) for name in ("local-ntp.acme.corp", "localtime1", "manual.ntp.org", "LOCALNET", "")),
        *((name, True) for name in ("7F7F0101", "127.127.1.0", "LOCAL(0)", ".LOCL.", "4D414E55", "MANU")),
    ],
)
def test_a_server_whose_name_begins_like_a_local_reference_is_none(source: str, is_local: bool):
    clock = Clock(offset_ms=0, error_ms=1, synchronised=True, source=source)
    assert follows_true_time(clock) is not is_local
