"""A link map says what was read of every way and every node, and keeps what was not read unknown."""

from __future__ import annotations

import pytest

from bot.pictures.links.groups import alike, clean_cut, groups
from bot.pictures.links.model import NodeRole, Way, WayState
from runbooks.evidence import ConnectResult, Role
from tests.bot.pictures.clusters import cluster, instead, islands, names_of, seen, without_gossip
from tests.builders import cut, cut_off, dead, evidence, node, silent


@pytest.mark.parametrize(
    ("raft", "gossip", "state", "words"),
    [
        ("open", "open", WayState.OPEN, ""),
        ("timeout", "timeout", WayState.FAILED, "timeout"),
        ("refused", "timeout", WayState.FAILED, "raft refused, gossip timeout"),
        ("timeout", "open", WayState.FAILED, "raft timeout"),
        ("open", "refused", WayState.GOSSIP_FAILED, "gossip refused"),
        ("unknown", "refused", WayState.GOSSIP_FAILED, "raft ?, gossip refused"),
        ("timeout", "unknown", WayState.FAILED, "raft timeout, gossip ?"),
        ("open", "unknown", WayState.UNKNOWN, "gossip ?"),
        ("unknown", "unknown", WayState.UNKNOWN, ""),
    ],
)
def test_a_way_says_what_both_its_ports_gave(
    raft: ConnectResult, gossip: ConnectResult, state: WayState, words: str
):
    way = Way("node1", "node2", raft, gossip)

    assert way.state is state
    assert way.words == words


def test_every_ordered_pair_is_a_way_of_its_own():
    said = seen(cluster(3, cut(("node1", "node2"))))

    assert len(said.ways) == 6
    assert said.by_pair["node1", "node2"].state is WayState.FAILED
    assert said.by_pair["node2", "node1"].state is WayState.OPEN


def test_what_a_silent_node_reaches_is_unknown_and_what_reaches_it_is_not():
    said = seen(instead(cluster(3), silent("node3")))

    assert said.by_pair["node3", "node1"].state is WayState.UNKNOWN
    assert said.by_pair["node1", "node3"].state is WayState.OPEN


def test_every_node_has_the_standing_that_was_read():
    said = seen(evidence(node("node1", role=Role.CANDIDATE), dead("node2"), silent("node3")))

    # A peer's connect to node3 is open, so its process runs; what it does is not known.
    assert [mark.standing for mark in said.nodes] == [NodeRole.CANDIDATE, NodeRole.DOWN, NodeRole.RUNNING]


def test_a_host_that_nobody_reaches_is_not_known_to_be_down():
    unreached = cut(("node1", "node3"), ("node2", "node3"))
    said = seen(instead(cluster(3, unreached), silent("node3")))

    assert said.nodes[2].standing is NodeRole.UNKNOWN


def test_a_leader_leads_only_with_a_majority_in_its_term():
    said = seen(cluster(3, cut_off("node1"), leader="node1"))
    alone = evidence(node("node1", role=Role.LEADER), silent("node2"), silent("node3"))

    assert said.nodes[0].standing is NodeRole.LEADER
    assert seen(alone).nodes[0].standing is NodeRole.CLAIMANT


def test_how_many_a_node_reaches_is_a_range_where_something_was_not_read():
    said = seen(instead(cluster(5, cut(("node1", "node2"))), silent("node5")))

    assert said.nodes[0].reaches == (3, 4)  # itself, node3, node4, and perhaps node5
    assert said.nodes[2].reaches == (4, 5)
    assert said.quorum == 3


def test_a_dead_node_reaches_nobody_and_is_not_counted():
    said = seen(evidence(node("node1"), node("node2"), dead("node3")))

    assert [mark.reaches for mark in said.nodes] == [(2, 2), (2, 2), (0, 0)]


def test_only_a_clock_beyond_the_limit_is_told():
    read = evidence(node("node1", offset_ms=620), node("node2", offset_ms=80), node("node3"))

    assert [mark.clock_off_ms for mark in seen(read).nodes] == [620, None, None]


def test_the_groups_of_a_clean_cut_are_found_whatever_their_order():
    said = seen(cluster(5, islands((1, 3), (2, 5), (4,))))

    assert groups(said) == (("node1", "node3"), ("node2", "node5"), ("node4",))
    assert clean_cut(said) == groups(said)


def test_a_cut_is_not_clean_where_a_way_is_left_or_not_known():
    cuts = islands((1, 2), (3, 4, 5))
    leaky = {pair: result for pair, result in cuts.items() if pair != ("node1", "node3")}

    assert clean_cut(seen(cluster(5, leaky))) == ()
    assert clean_cut(seen(instead(cluster(5, cuts), silent("node5")))) == ()
    assert clean_cut(seen(cluster(5))) == ()


def test_nodes_are_alike_that_reach_the_same_others():
    lone = seen(cluster(12, islands((7,), (1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12)), leader="node3"))

    assert alike(lone) == (
        ("node1", "node2", "node4", "node5", "node6", "node8", "node9", "node10", "node11", "node12"),
        ("node3",),
        ("node7",),
    )


def test_gossip_alone_leaves_raft_as_it_is():
    said = seen(without_gossip(cluster(3)))

    assert {way.state for way in said.ways} == {WayState.GOSSIP_FAILED}
    assert [mark.reaches for mark in said.nodes] == [(3, 3)] * 3
    assert said.names == names_of(3)
