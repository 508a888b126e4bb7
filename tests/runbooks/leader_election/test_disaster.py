"""The hand-off: when a majority may not come back, what is left, and what each choice would lose."""

from __future__ import annotations

import re
from typing import Any

from runbooks import leader_election
from runbooks.evidence import Disk, Metrics, Reading, Role
from runbooks.hand_off import HandOff, HandOffStep
from tests.builders import NOON, cut, dead, evidence, node, silent

FIVE = tuple(f"node{number}" for number in range(1, 6))
CUTS = cut(*((one, other) for one in FIVE for other in ("node3", "node4", "node5") if one != other))


def read(value: Any) -> Reading[Any]:
    return Reading(value=value, by="bot", at=NOON)


def three_of_five_gone() -> HandOff:
    """node1 is four entries behind node2; the hosts of the others answer nobody."""
    left = [
        node("node1", names=FIVE, commit_index=96, term=9, cuts=CUTS),
        node("node2", names=FIVE, cuts=CUTS),
    ]
    return leader_election.hand_off(evidence(*left, *map(silent, FIVE[2:])))


def test_hosts_that_answer_nobody_are_lost_where_too_few_others_are_left() -> None:
    left = [node(name, names=FIVE, cuts=CUTS) for name in FIVE[:2]]
    gone = leader_election.diagnose(evidence(*left, *map(silent, FIVE[2:])))
    assert gone.lost == FIVE[2:]
    assert leader_election.diagnose(evidence(node("node1"), node("node2"), silent("node3"))).lost == ()


def test_what_is_stopped_and_what_nobody_could_read_at_all_is_not_given_up() -> None:
    stopped = evidence(node("node1"), dead("node2"), dead("node3"))
    assert leader_election.diagnose(stopped).lost == ()
    assert leader_election.diagnose(evidence(*map(silent, ("node1", "node2", "node3")))).lost == ()


def test_the_log_that_was_committed_furthest_comes_first_whatever_term_another_has_reached() -> None:
    standings = three_of_five_gone().standings
    assert [(each.node, each.condition, each.commit_index, each.term) for each in standings[:2]] == [
        ("node2", "runs", 100, 7),
        ("node1", "runs", 96, 9),
    ]
    assert {each.condition for each in standings[2:]} == {"answers nobody"}


def test_each_choice_says_what_it_would_lose_and_what_is_not_known() -> None:
    assert three_of_five_gone().losses == (
        "node2 has committed furthest of those read: index 100, in term 7 at present.",
        "From node1 instead: up to 4 committed entries would be lost.",
        "node3, node4 and node5 could not be read, and may hold newer entries than all of these.",
    )


def test_what_may_return_and_what_must_not_be_done_is_said_before_the_commands() -> None:
    given = three_of_five_gone()
    assert [line.split(":")[0] for line in given.may_return] == list(FIVE[2:])
    assert any("wipe" in line for line in given.never)
    keys = ["give-up", "fence", "collect", "copy", "backup", "choose", "apply", "verify"]
    assert [step.key for step in given.steps] == keys
    assert "neumann start --join node2:7878" in given.steps[6].commands


def test_where_nothing_is_left_it_says_so_and_names_nobody_to_go_on_from() -> None:
    given = leader_election.hand_off(evidence(*map(silent, ("node1", "node2", "node3"))))
    assert given.losses == ("No node's log could be read, so nobody knows yet what any choice would lose.",)
    assert _named(given) == []
    assert "after comparing the logs" in _step(given, "choose").text


def _step(given: HandOff, key: str) -> HandOffStep:
    (step,) = (each for each in given.steps if each.key == key)
    return step


def _named(given: HandOff) -> list[str]:
    """Return what the steps that choose and bootstrap say of a certain node, or of one that stands for it."""
    said = [_step(given, key) for key in ("choose", "apply")]
    words = " ".join(" ".join((step.text, *step.commands)) for step in said)
    return re.findall(r"node\d|NODE|\S*:7878", words)


def test_a_node_whose_log_was_not_read_is_never_named_to_go_on_from() -> None:
    stopped = [dead(name, names=FIVE) for name in FIVE[:2]]
    for left in (stopped, [node("node1", names=FIVE, cuts=CUTS), stopped[1]]):
        given = leader_election.hand_off(evidence(*left, *map(silent, FIVE[2:])))
        assert _named(given) == []
        assert "after comparing the logs" in _step(given, "choose").text
        assert "neumann-admin init-cluster --bootstrap" in _step(given, "apply").commands


def test_a_page_that_says_the_index_without_the_term_is_no_log_that_was_read() -> None:
    half = read(Metrics(role=Role.FOLLOWER, commit_index=100))
    left = [
        node(name, names=FIVE, cuts=CUTS, metrics=half, metrics_again=half, local_metrics=half)
        for name in FIVE[:2]
    ]
    given = leader_election.hand_off(evidence(*left, *map(silent, FIVE[2:])))
    assert _named(given) == []
    assert given.losses[0].startswith("No node's log could be read")


def test_the_newest_log_is_told_by_rafts_own_order() -> None:
    text = _step(three_of_five_gone(), "collect").text
    assert "highest term of the last entry" in text
    assert text.index("highest term of the last entry") < text.index("highest index")


def test_what_stands_in_a_command_is_one_word_of_the_shell() -> None:
    odd = read(Disk(path="/srv/neu mann;x", free_bytes=1, total_bytes=2))
    left = [node("node1", names=FIVE, cuts=CUTS, disk=odd), node("node2", names=FIVE, cuts=CUTS)]
    commands = _step(leader_election.hand_off(evidence(*left, *map(silent, FIVE[2:]))), "copy").commands
    assert commands[1:] == (
        "cp -a '/srv/neu mann;x' '/srv/neu mann;x.before-recovery'  # node1",
        "cp -a /var/lib/neumann /var/lib/neumann.before-recovery  # node2",
    )
