"""Who could be elected, and which causes together prevent it, against definitions counted out by hand."""

from itertools import combinations, permutations, product

import pytest

from runbooks.electability import Denial, Known, blocking_causes, can_elect, deciding_readings, electable
from runbooks.leader_election.causes import RootCause

CUT = RootCause.NETWORK_PARTITION
STOPPED = RootCause.QUORUM_LOSS
FULL = RootCause.STORAGE_FULL
ABC = ("a", "b", "c")


def node(name: str, cause: RootCause = STOPPED, known: Known = Known.CORROBORATED, lacks: str | None = None):
    return Denial(cause, known, node=name, lacks=lacks)


def cut(
    one: str, other: str, known: Known = Known.CORROBORATED, lacks: str | None = None
) -> tuple[Denial, ...]:
    return tuple(Denial(CUT, known, pair=pair, lacks=lacks) for pair in ((one, other), (other, one)))


def wins(candidate: int, links: tuple[tuple[bool, ...], ...]) -> bool:
    """Some majority that holds the candidate can all be asked and all be heard."""
    size = len(links)
    others = [voter for voter in range(size) if voter != candidate]
    return any(
        all(links[candidate][voter] and links[voter][candidate] for voter in voters)
        for voters in combinations(others, size // 2)
    )


def check_every_matrix(size: int) -> int:
    names = tuple("abcde"[:size])
    pairs = list(permutations(range(size), 2))
    denials = {(i, j): Denial(CUT, Known.CORROBORATED, pair=(names[i], names[j])) for i, j in pairs}
    checked = 0
    for states in product((True, False), repeat=len(pairs)):
        links = [[True] * size for _ in range(size)]
        for (i, j), state in zip(pairs, states, strict=True):
            links[i][j] = state
        matrix = tuple(map(tuple, links))
        broken = [denials[i, j] for i, j in pairs if not (matrix[i][j] and matrix[j][i])]
        expected = tuple(names[candidate] for candidate in range(size) if wins(candidate, matrix))
        assert electable(names, broken) == expected, matrix
        checked += 1
    return checked


@pytest.mark.parametrize(("size", "matrices"), [(3, 64), (4, 4096)])
def test_on_every_matrix_of_three_and_four_nodes_it_agrees_with_the_definition(
    size: int, matrices: int
) -> None:
    assert check_every_matrix(size) == matrices


@pytest.mark.exhaustive
def test_on_every_matrix_of_five_nodes_it_agrees_with_the_definition() -> None:
    assert check_every_matrix(5) == 1_048_576


def test_a_one_way_ring_is_strongly_connected_and_nobody_is_heard() -> None:
    """a reaches b, b reaches c, c reaches a: one component of all, and no vote comes back."""
    ring = {("a", "b"), ("b", "c"), ("c", "a")}
    two_way = {pair for pair in ring if pair[::-1] in ring}
    denied = [Denial(CUT, Known.BY_ONE, pair=pair) for pair in permutations(ABC, 2) if pair not in two_way]
    assert electable(ABC, denied) == ()


def test_two_faults_that_only_together_lose_the_quorum_are_both_the_cause() -> None:
    denials = (node("b"), *cut("a", "c"))
    assert blocking_causes(ABC, denials, Known.BY_ONE) == {STOPPED, CUT}


def test_two_faults_that_each_suffice_are_both_the_cause() -> None:
    denials = (node("b"), node("c"), node("b", FULL), node("c", FULL))
    assert blocking_causes(ABC, denials, Known.BY_ONE) == {STOPPED, FULL}


def test_a_fault_that_changes_nothing_is_not_a_cause() -> None:
    denials = (node("b"), node("c"), *cut("b", "c"))
    assert blocking_causes(ABC, denials, Known.BY_ONE) == {STOPPED}


def test_one_fault_of_a_minority_blocks_nothing() -> None:
    assert blocking_causes(ABC, (node("b"),), Known.MAYBE) == frozenset()
    assert can_elect(ABC, (node("b"),)) is True


def test_what_is_not_known_leaves_it_open_and_the_reading_that_decides_is_named() -> None:
    denials = (node("b"), node("c", known=Known.MAYBE, lacks="the service on c"))
    assert can_elect(ABC, denials) is None
    assert deciding_readings(ABC, denials) == ("the service on c",)


def test_an_unread_link_that_could_not_change_the_answer_is_not_asked_for() -> None:
    denials = (
        node("b"),
        node("c", known=Known.MAYBE, lacks="the service on c"),
        *cut("b", "c", known=Known.MAYBE, lacks="the connects from b"),
    )
    assert deciding_readings(ABC, denials) == ("the service on c",)


def test_where_only_two_readings_together_decide_both_are_named() -> None:
    denials = (
        node("b", known=Known.MAYBE, lacks="b"),
        node("c", known=Known.MAYBE, lacks="c"),
        *cut("a", "b", known=Known.MAYBE, lacks="links"),
        *cut("a", "c", known=Known.MAYBE, lacks="links"),
    )
    assert deciding_readings(ABC, denials) == ("b", "c", "links")


@pytest.mark.parametrize("known", list(Known))
def test_more_doubt_never_finds_fewer_causes(known: Known) -> None:
    denials = (node("b", known=known), *cut("a", "c", known=Known.CORROBORATED))
    found = [blocking_causes(ABC, denials, level) for level in sorted(Known, reverse=True)]
    assert found[0] <= found[1] <= found[2]
