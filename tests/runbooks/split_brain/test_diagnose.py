"""Two nodes call themselves leader: a stale one and a new one, or two histories."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from runbooks import split_brain
from runbooks.evidence import Log, NodeEvidence, Reading, Role
from runbooks.model import BY_HAND, Diagnosis, Verdict
from runbooks.split_brain.remedies import RESTART_STALE
from tests.builders import NOON, cut, dead, evidence, known, missing, node, silent

FIVE = ("node1", "node2", "node3", "node4", "node5")


def member(name: str, term: int, commits: int = 40, **changes: Any) -> NodeEvidence:
    return node(name, names=FIVE, term=term, commits=commits, **changes)


def leader(name: str, term: int, commits: int = 40, **changes: Any) -> NodeEvidence:
    return member(name, term, commits, role=Role.LEADER, **changes)


def logged(**counts: int) -> Reading[Any]:
    return known(Log(path="/var/log/n.log", window_s=60, bytes_read=9, counts=counts), by="agent:node1")


def diagnose(*nodes: NodeEvidence) -> Diagnosis:
    return split_brain.diagnose(evidence(*nodes))


def majority(term: int = 9, **changes: Any) -> tuple[NodeEvidence, ...]:
    """node2 leads with three of the five behind it."""
    others = [member(name, term, **changes) for name in ("node3", "node4", "node5")]
    return (leader("node2", term, **changes), *others)


STUCK = (leader("node1", 7, commits=0), *majority())
CUT = cut(*((one, other) for one in FIVE for other in FIVE if "node1" in (one, other) and one != other))
CUT_OFF = (leader("node1", 7, commits=0, cuts=CUT), *majority(cuts=CUT))
TWICE = (leader("node1", 9, log=logged(became_leader=1)), *majority(log=logged(became_leader=1)))
BOTH = (
    leader("node1", 7, log=logged(election_won=1), commit_index=900),
    leader("node2", 9, log=logged(election_won=1)),
    *(member(name, 9) for name in ("node3", "node4", "node5")),
)


@pytest.mark.parametrize(
    ("nodes", "cause", "verdict", "about"),
    [
        (STUCK, "stale_leader_stuck", Verdict.CONFIRMED, ("node1",)),
        (CUT_OFF, "stale_leader_cut_off", Verdict.CONFIRMED, ("node1",)),
        (TWICE, "one_term_twice", Verdict.CONFIRMED, ("node1", "node2")),
        (BOTH, "both_sides_commit", Verdict.CONFIRMED, ("node2", "node1")),
        ((member("node1", 9), *majority()), "one_leader", Verdict.CONFIRMED, ("node2",)),
    ],
)
def test_each_cause_is_told_apart(
    nodes: tuple[NodeEvidence, ...], cause: str, verdict: Verdict, about: tuple[str, ...]
) -> None:
    top = diagnose(*nodes).top
    assert (top.cause, top.verdict, top.nodes) == (cause, verdict, about)


def test_a_stale_leader_that_could_hear_the_new_term_may_be_restarted() -> None:
    (remedy,) = diagnose(*STUCK).offers
    assert (remedy.name, [action.node for action in remedy.actions]) == (RESTART_STALE, ["node1"])


@pytest.mark.parametrize("nodes", [CUT_OFF, TWICE, BOTH], ids=["cut off", "one term twice", "both commit"])
def test_nothing_else_has_a_button(nodes: tuple[NodeEvidence, ...]) -> None:
    found = diagnose(*nodes)
    assert found.offers == ()
    assert [remedy.name for remedy in found.top.remedies] == [BY_HAND]


def test_two_histories_say_what_must_never_be_done() -> None:
    (by_hand,) = diagnose(*TWICE).top.remedies
    assert "Stop all writers now" in by_hand.reason
    assert "Never delete anything under raft/" in by_hand.reason


@pytest.mark.parametrize("cause", ["one_term_twice", "both_sides_commit"])
def test_a_page_alone_makes_no_second_history_certain(cause: str) -> None:
    nodes = [
        n.model_copy(update={"log": missing("no log")})
        for n in (TWICE if cause == "one_term_twice" else BOTH)
    ]
    top = diagnose(*nodes).top
    assert (top.cause, top.verdict) == (cause, Verdict.UNDETERMINED)
    assert top.would_decide and "log" in top.would_decide


def at(member_read: NodeEvidence, first_s: float, second_s: float) -> NodeEvidence:
    """The same node, its page read at these seconds."""
    pages = {"metrics": first_s, "metrics_again": second_s, "local_metrics": second_s}
    return member_read.model_copy(
        update={
            name: getattr(member_read, name).model_copy(update={"at": NOON + timedelta(seconds=seconds)})
            for name, seconds in pages.items()
        }
    )


def test_an_old_leader_that_was_read_before_the_new_one_led_is_not_called_stuck() -> None:
    old = at(leader("node1", 7, commits=0), 0.0, 1.6)
    new, *others = majority()
    found = diagnose(old, at(new, 2.0, 3.6), *others)
    assert (found.top.cause, found.offers) == ("too_few_read", ())


def test_a_new_leader_of_a_moment_has_not_been_heard_yet() -> None:
    new, *others = majority()
    fresh = new.model_copy(update={"metrics": member("node2", 8, role=Role.CANDIDATE).metrics})
    found = diagnose(leader("node1", 7, commits=0), fresh, *others)
    assert (found.top.cause, found.offers) == ("handover", ())


def test_an_old_leader_that_counts_what_was_under_way_is_no_second_history() -> None:
    late = leader("node1", 7, commits=1, log=logged(election_won=1))
    top = diagnose(late, *majority(log=logged(election_won=1))).top
    assert (top.cause, top.verdict) == ("stale_leader", Verdict.UNDETERMINED)


def test_an_old_leader_that_goes_on_below_the_new_one_leaves_it_open() -> None:
    below = leader("node1", 7, commits=40, commit_index=50, log=logged(election_won=1))
    top = diagnose(below, *majority(log=logged(election_won=1))).top
    assert (top.cause, top.verdict) == ("both_sides_commit", Verdict.UNDETERMINED)


def test_a_log_of_an_older_term_bears_no_claim_out() -> None:
    said = Log(path="/l", window_s=60, bytes_read=9, counts={"became_leader": 1}, highest_term=3)
    old_log = known(said, by="agent:node1")
    top = diagnose(leader("node1", 9, log=old_log), *majority(log=logged(became_leader=1))).top
    assert (top.cause, top.verdict) == ("one_term_twice", Verdict.UNDETERMINED)


def test_a_node_that_refuses_everybody_may_lead_behind_a_firewall() -> None:
    refused = cut(*((one, "node1") for one in FIVE if one != "node1"), result="refused")
    hidden = silent("node1")
    top = diagnose(hidden, *majority(cuts=refused)).top
    assert (top.cause, top.would_decide) == ("too_few_read", "the pages of node1")


def test_the_restart_waits_for_a_majority_without_the_node() -> None:
    lonely = cut(*((one, other) for one in ("node2",) for other in ("node4", "node5")))
    found = diagnose(leader("node1", 7, commits=0, cuts=lonely), *majority(cuts=lonely))
    assert (found.top.cause, found.offers) == ("stale_leader_stuck", ())
    assert found.top.remedies[0].reason.startswith("Without node1 no majority of 3")


def test_where_no_majority_is_in_the_newest_term_nothing_is_restarted() -> None:
    few = (
        leader("node1", 7, commits=0),
        leader("node2", 9),
        member("node3", 9),
        dead("node4"),
        dead("node5"),
    )
    found = diagnose(*few)
    assert (found.top.cause, found.top.verdict, found.offers) == ("stale_leader", Verdict.UNDETERMINED, ())


def test_a_node_that_stands_in_vain_does_not_make_the_leader_a_stale_one() -> None:
    alone = cut(*((one, other) for one in FIVE for other in FIVE if "node1" in (one, other) and one != other))
    standing = member("node1", 40, commits=0, role=Role.CANDIDATE, cuts=alone)
    top = diagnose(standing, *majority(cuts=alone)).top
    assert (top.cause, top.verdict, top.nodes) == ("one_leader", Verdict.CONFIRMED, ("node2",))


def test_links_that_were_not_tried_leave_open_why_it_does_not_step_down() -> None:
    untried = [n.model_copy(update={"connects": missing("no agent")}) for n in STUCK]
    top = diagnose(*untried).top
    assert (top.cause, top.would_decide) == ("stale_leader", "the connects between node1 and node2")
    assert diagnose(*untried).offers == ()


def test_a_claim_that_was_read_once_is_not_taken_for_one_that_passed() -> None:
    once = leader("node1", 7, metrics_again=missing("late"))
    top = diagnose(once, *majority()).top
    assert (top.cause, top.would_decide) == ("too_few_read", "a second look at node2 and node1")


def test_a_claim_in_one_sample_alone_is_a_change_of_leader() -> None:
    first, second = leader("node1", 8), member("node1", 9)
    passing = second.model_copy(update={"metrics": first.metrics})
    fresh = leader("node2", 9)
    fresh = fresh.model_copy(update={"metrics": member("node2", 8).metrics})
    top = diagnose(passing, fresh, *majority()[1:]).top
    assert (top.cause, top.verdict) == ("handover", Verdict.LIKELY)


def test_a_node_that_was_not_read_may_lead_as_well() -> None:
    top = diagnose(silent("node1"), *majority()).top
    assert (top.cause, top.verdict, top.would_decide) == (
        "too_few_read",
        Verdict.UNDETERMINED,
        "the pages of node1",
    )


def test_it_has_recovered_with_one_leader_whom_every_node_shows() -> None:
    recovery = split_brain.is_recovered(evidence(member("node1", 9), *majority()))
    assert (recovery.is_recovered, recovery.sign) == (True, "node2 leads term 9")


@pytest.mark.parametrize(
    "nodes", [STUCK, TWICE, (silent("node1"), *majority())], ids=["stale", "twice", "unread"]
)
def test_it_has_not_recovered(nodes: tuple[NodeEvidence, ...]) -> None:
    assert not split_brain.is_recovered(evidence(*nodes)).is_recovered
