"""The quorum gate over every link matrix: no restart that would leave no majority, ever."""

from itertools import permutations, product

import pytest

from runbooks.evidence import NodeEvidence, Role
from runbooks.planning import quorum_gate
from runbooks.raft import Tri
from tests.builders import dead, evidence, known, late, led_by, node

NAMES = ("a", "b", "c", "d", "e")


def survives(names: tuple[str, ...], out: str, open_links: set[tuple[str, str]]) -> bool:
    """By counting: after `out` is gone, can some node hear a majority of the configured size, both ways?"""
    left = [name for name in names if name != out]
    for candidate in left:
        votes = 1
        for voter in left:
            if voter != candidate and {(candidate, voter), (voter, candidate)} <= open_links:
                votes += 1
        if votes > len(names) / 2:
            return True
    return False


def check_every_matrix(size: int) -> int:
    names = NAMES[:size]
    pairs = list(permutations(names, 2))
    well = dict.fromkeys(names, True)
    checked = 0
    for states in product((True, False), repeat=len(pairs)):
        links: dict[tuple[str, str], Tri] = dict(zip(pairs, states, strict=True))
        open_links = {pair for pair, is_open in links.items() if is_open}
        out = names[checked % size]
        allowed = quorum_gate.keeps_majority(names, out, up=well, links=links, caught_up=well)
        assert allowed == survives(names, out, open_links), (out, open_links)
        checked += 1
    return checked


@pytest.mark.parametrize(("size", "matrices"), [(3, 64), (4, 4_096)])
def test_no_restart_leaves_three_or_four_nodes_without_a_majority(size: int, matrices: int) -> None:
    assert check_every_matrix(size) == matrices


@pytest.mark.exhaustive
def test_no_restart_leaves_five_nodes_without_a_majority() -> None:
    assert check_every_matrix(5) == 1_048_576


def test_what_could_not_be_read_counts_as_down_cut_and_behind() -> None:
    names, pairs = NAMES[:3], list(permutations(NAMES[:3], 2))
    well: dict[str, Tri] = dict.fromkeys(names, True)
    links: dict[tuple[str, str], Tri] = dict.fromkeys(pairs, True)
    unknown: dict[str, Tri] = {**well, "b": None}

    def allowed(**changes: object) -> bool:
        asked = {"up": well, "links": links, "caught_up": well, **changes}
        return quorum_gate.keeps_majority(names, "a", **asked)  # type: ignore[arg-type]

    assert allowed()
    assert not allowed(up=unknown)
    assert not allowed(caught_up=unknown)
    assert not allowed(links={**links, ("b", "c"): None})


def test_a_sitting_leader_must_keep_its_own_majority_unless_it_is_the_one_to_go() -> None:
    names, pairs = NAMES, list(permutations(NAMES, 2))
    well = dict.fromkeys(names, True)
    # a leads and reaches b and c only; c, d and e and b reach each other
    links: dict[tuple[str, str], Tri] = {p: not ("a" in p and ({"d", "e"} & set(p))) for p in pairs}
    assert not quorum_gate.keeps_majority(names, "b", up=well, links=links, caught_up=well, leader="a")
    assert quorum_gate.keeps_majority(names, "b", up=well, links=links, caught_up=well)
    assert quorum_gate.keeps_majority(names, "a", up=well, links=links, caught_up=well, leader="a")


def test_a_healthy_cluster_may_lose_any_one_node_for_a_moment() -> None:
    for name in ("node1", "node2", "node3"):
        assert quorum_gate.why_not(evidence(), name) is None


def test_without_a_majority_nothing_running_is_taken_out_and_the_reason_is_named() -> None:
    why = quorum_gate.why_not(evidence(node("node1"), node("node2"), dead("node3")), "node1")
    assert why == (
        "Without node1 no majority of 2 would stay connected and caught up"
        " (not known to run: node3; not known to be linked both ways: node2 → node3)."
    )


def test_a_follower_far_behind_the_leader_is_not_counted_on() -> None:
    nodes = [
        led_by(node(n, commit_index=i), "node1", 7)
        for n, i in zip(("node1", "node2", "node3"), (500, 500, 400), strict=True)
    ]
    why = quorum_gate.why_not(evidence(*nodes), "node2")
    assert why
    assert "not known to have caught up: node3" in why


def in_an_earlier_term(member: NodeEvidence, term: int) -> NodeEvidence:
    """Return the node as it was in another term when it was read first."""
    assert member.metrics.value
    first = member.metrics.value.model_copy(update={"term": term})
    return member.model_copy(update={"metrics": known(first)})


@pytest.mark.parametrize(
    ("were_in", "may_go"),
    [((2, 2, 7), True), ((2, 7, 7), False), ((6, 6, 6), False)],
    ids=["most saw a storm", "one says so", "one election"],
)
def test_a_leader_of_a_moment_brings_nobody_up_so_nobody_is_behind_it(
    were_in: tuple[int, int, int], may_go: bool
) -> None:
    """A node restarted in a storm of elections knows of no committed entry until somebody leads for long."""
    nodes = (
        in_an_earlier_term(led_by(node(name, commit_index=index), "node3", 7), term)
        for name, index, term in zip(("node1", "node2", "node3"), (0, 400, 400), were_in, strict=True)
    )
    why = quorum_gate.why_not(evidence(*nodes), "node2")
    assert (why is None) is may_go
    assert may_go or "not known to have caught up: node1" in str(why)


def test_a_node_whose_agent_is_silent_is_not_counted_on() -> None:
    nodes = (node("node1", role=Role.LEADER), node("node2"), node("node3", connects=late()))
    assert quorum_gate.why_not(evidence(*nodes), "node1")
