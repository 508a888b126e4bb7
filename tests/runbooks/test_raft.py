"""Raft arithmetic: quorum, who could elect, who leads."""

from itertools import permutations, product

import pytest

from runbooks import raft
from runbooks.evidence import Metrics, Role


@pytest.mark.parametrize(("configured", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (7, 4)])
def test_a_quorum_is_a_majority_of_the_configured_members(configured: int, needed: int) -> None:
    assert raft.quorum(configured) == needed


def electable_by_definition(names: tuple[str, ...], links: dict[raft.Pair, bool]) -> bool:
    """Someone can ask a majority for votes and hear them: counted vote by vote."""
    for candidate in names:
        votes = 1
        for voter in names:
            asked = voter != candidate and links[candidate, voter]
            heard = voter != candidate and links[voter, candidate]
            votes += asked and heard
        if 2 * votes > len(names):
            return True
    return False


@pytest.mark.parametrize("size", [3, 4])
def test_who_is_quorum_connected_agrees_with_the_definition_on_every_matrix(size: int) -> None:
    names = tuple(f"node{number}" for number in range(size))
    pairs = list(permutations(names, 2))
    up = dict.fromkeys(names, True)
    for states in product((True, False), repeat=len(pairs)):
        links = dict(zip(pairs, states, strict=True))
        assert bool(raft.quorum_connected(names, up, links)) == electable_by_definition(names, links)


def test_a_majority_component_without_a_two_way_majority_connects_nobody() -> None:
    """a → b → c → a is strongly connected, and yet nobody can collect a vote."""
    names = ("a", "b", "c")
    links = dict.fromkeys(permutations(names, 2), False)
    links["a", "b"] = links["b", "c"] = links["c", "a"] = True
    assert raft.quorum_connected(names, dict.fromkeys(names, True), links) == ()


def test_a_leader_of_a_lower_term_is_stale_and_does_not_count() -> None:
    lead = raft.leadership(
        {
            "node1": Metrics(role=Role.LEADER, term=4),
            "node2": Metrics(role=Role.LEADER, term=6, commit_index=80),
            "node3": Metrics(role=Role.FOLLOWER, term=6),
        }
    )
    assert (lead.leader, lead.term, lead.majority) == ("node2", 6, True)
    assert lead.acknowledged_by == ("node2", "node3")
    assert lead.claimed_by == ("node1", "node2")


def test_two_leaders_in_one_term_are_no_leader() -> None:
    claim = Metrics(role=Role.LEADER, term=6)
    assert raft.leadership({"node1": claim, "node2": claim, "node3": None}).leader is None


def test_a_leader_that_only_itself_acknowledges_has_no_majority() -> None:
    lead = raft.leadership({"node1": Metrics(role=Role.LEADER, term=6), "node2": None, "node3": None})
    assert lead.leader == "node1"
    assert not lead.majority


def test_a_cluster_of_which_nothing_was_read_has_no_leader_and_no_term() -> None:
    lead = raft.leadership(dict.fromkeys(("node1", "node2", "node3")))
    assert (lead.leader, lead.term) == (None, None)
