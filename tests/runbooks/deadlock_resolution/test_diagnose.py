"""Why transactions deadlock, from evidence in which one thing is wrong, and what chance leaves open."""

from __future__ import annotations

from typing import Any

import pytest

from runbooks import deadlock_resolution
from runbooks.deadlock_resolution.causes import CAUSES
from runbooks.deadlock_resolution.rates import at_least
from runbooks.evidence import Disk, Evidence, History, Metrics, NodeEvidence, Role
from runbooks.model import BY_HAND, Diagnosis, Verdict
from tests.builders import GB, NOON, SAMPLE_GAP, dead, evidence, known, missing, node, silent

CALM = History(usual_transactions_per_s=100, usual_deadlocks_per_s=0.1, lately_deadlocks_per_s=0.1)
STORM = CALM.model_copy(update={"lately_deadlocks_per_s": 4.0})


def counting(
    name: str = "node3",
    *,
    history: History | None = CALM,
    deadlocks: int = 0,
    victims: int | None = None,
    ended: int = 150,
    stalled_percent: float = 1.0,
    **readings: Any,
) -> NodeEvidence:
    """A node whose counters grew by so much between the two samples."""

    def page(grown: int) -> Metrics:
        return Metrics(
            role=Role.LEADER if name == "node1" else Role.FOLLOWER,
            term=7,
            commit_index=100,
            applied_index=100,
            elections_total=3,
            tx_active=12,
            tx_commits_total=10_000 + grown * (ended - deadlocks),
            tx_aborts_total=500 + grown * deadlocks,
            deadlocks_total=500 + grown * deadlocks,
            deadlock_victims_total=500 + grown * (deadlocks if victims is None else victims),
            wait_graph_size=4,
        )

    disk = Disk(path="/d", free_bytes=50 * GB, total_bytes=100 * GB, io_stalled_percent=stalled_percent)
    default = {
        "metrics": known(page(0), at=NOON),
        "metrics_again": known(page(1), at=NOON + SAMPLE_GAP),
        "local_metrics": known(page(1), by=f"agent:{name}"),
        "disk": known(disk, by=f"agent:{name}"),
    }
    if history:
        default["history"] = known(history)
    return node(name, **{**default, **readings})


NAMES = ("node1", "node2", "node3")


def cluster(*changed: NodeEvidence) -> Evidence:
    names = {each.node for each in changed}
    others = (counting(name) for name in ("node1", "node2", "node3") if name not in names)
    return evidence(*others, *changed)


def diagnose(*changed: NodeEvidence) -> Diagnosis:
    return deadlock_resolution.diagnose(cluster(*changed))


def storm(**changes: Any) -> NodeEvidence:
    return counting(**{"history": STORM, "deadlocks": 6, **changes})


ALWAYS = History(usual_transactions_per_s=100, usual_deadlocks_per_s=3.0, lately_deadlocks_per_s=4.0)

FAULTS: dict[str, NodeEvidence] = {
    "victims_not_aborted": storm(deadlocks=9, victims=0),
    "links_hold_locks": storm(pings=node("node3", rtt_ms=120.0).pings),
    "disk_holds_locks": storm(stalled_percent=60.0),
    "transactions_too_many": storm(
        ended=450, history=STORM.model_copy(update={"lately_deadlocks_per_s": 1.2})
    ),
    "hot_keys": storm(),
    "deadlocks_as_usual": storm(history=ALWAYS),
    "deadlocks_unexplained": storm(history=None),
    "deadlocks_over": counting(),
}


@pytest.mark.parametrize("cause", FAULTS)
def test_each_cause_is_found_on_the_node_that_has_it(cause: str) -> None:
    top = diagnose(FAULTS[cause]).top
    verdict = {"deadlocks_over": Verdict.CONFIRMED, "deadlocks_unexplained": Verdict.UNDETERMINED}
    assert (top.cause, top.verdict) == (cause, verdict.get(cause, Verdict.LIKELY))
    assert top.nodes == (() if cause == "deadlocks_over" else ("node3",))


def test_every_word_has_a_case_here() -> None:
    assert FAULTS.keys() == CAUSES.keys()


@pytest.mark.parametrize("cause", [cause for cause in FAULTS if cause != "deadlocks_over"])
def test_nothing_has_a_button_and_people_are_told_what_never_to_do(cause: str) -> None:
    found = diagnose(FAULTS[cause])
    assert found.offers == ()
    (told,) = found.top.remedies
    assert (told.name, told.offered) == (BY_HAND, False)
    assert "Never run `neumann-admin tx clear-pending`" in told.reason
    assert "never set `auto_abort_victim = false`" in told.reason


def test_a_lossy_link_is_one_whichever_end_saw_it() -> None:
    seen_by_node1 = counting("node1", pings=node("node1", lost_pings=8).pings)
    assert diagnose(seen_by_node1, storm()).top.cause == "links_hold_locks"


LEFT_OPEN = {
    "two things at once": (storm(stalled_percent=60.0, pings=node("node3", rtt_ms=120.0).pings), "which of"),
    "the disk was not read": (storm(disk=missing("no answer")), "how long node3 waits for its disk"),
    "what is usual is not known": (
        storm(history=History(lately_deadlocks_per_s=4.0)),
        "how many transactions node3 usually has",
    ),
    "so many more do not explain it": (storm(ended=300), "so many explain only a part"),
    "no victim was seen": (storm(deadlocks=1, victims=0), "whether node3 aborts its victims"),
}


@pytest.mark.parametrize("what", LEFT_OPEN)
def test_a_guess_is_left_open_with_what_would_decide(what: str) -> None:
    changed, lacks = LEFT_OPEN[what]
    found = diagnose(changed)
    assert not [each for each in found.findings if each.verdict in (Verdict.CONFIRMED, Verdict.LIKELY)]
    (open_one,) = [each for each in found.findings if each.cause == "deadlocks_unexplained"]
    assert open_one.would_decide and lacks in open_one.would_decide


def bursting(history: History | None, deadlocks: int) -> NodeEvidence:
    return counting(history=history, deadlocks=deadlocks)


NOT_KNOWN = {
    "two samples alone show too little": bursting(None, deadlocks=1),
    "a burst within calm minutes": bursting(CALM, deadlocks=8),
    "a node that was not read": silent("node3"),
    "no second sample": counting(metrics_again=missing("no answer")),
}


@pytest.mark.parametrize("what", NOT_KNOWN)
def test_where_chance_decides_nothing_is_over(what: str) -> None:
    top = diagnose(NOT_KNOWN[what]).top
    assert (top.cause, top.verdict) == ("deadlocks_over", Verdict.UNDETERMINED)
    assert top.would_decide == "the deadlocks of node3 over five minutes"


def test_many_in_two_samples_are_known_without_the_minutes_before() -> None:
    assert diagnose(bursting(None, deadlocks=8)).top.cause == "deadlocks_unexplained"


def test_the_lower_bound_of_a_count_is_about_that_of_poisson() -> None:
    assert [round(at_least(count), 1) for count in (0, 1, 3, 10, 100)] == [0.0, 0.0, 0.8, 5.5, 84.2]


def test_the_bound_is_the_alerts_over_minutes() -> None:
    at_it = counting(history=CALM.model_copy(update={"lately_deadlocks_per_s": 1.0}), deadlocks=1)
    assert diagnose(at_it).top.cause == "deadlocks_over"


def test_a_page_that_counts_no_deadlocks_leaves_it_open_and_a_stopped_process_has_none() -> None:
    top = diagnose(node("node3")).top
    assert (top.verdict, top.would_decide) == (
        Verdict.UNDETERMINED,
        "the deadlocks of node3 over five minutes",
    )
    assert diagnose(dead("node3")).top.verdict is Verdict.CONFIRMED


@pytest.mark.parametrize("shown", [(node("node1"), node("node2"), node("node3")), tuple(map(dead, NAMES))])
def test_where_no_page_counts_deadlocks_nobody_knows_that_they_are_few(
    shown: tuple[NodeEvidence, ...],
) -> None:
    assert diagnose(*shown).top.verdict is Verdict.UNDETERMINED
    assert not deadlock_resolution.is_recovered(evidence(*shown)).is_recovered


RECOVERED = {
    "few over minutes": (counting(), True),
    "few in two samples, and nothing was kept": (bursting(None, deadlocks=1), True),
    "many over minutes": (storm(), False),
    "a burst": (bursting(CALM, deadlocks=8), False),
    "a node that was not read": (silent("node3"), False),
}


@pytest.mark.parametrize("what", RECOVERED)
def test_it_has_recovered_when_no_node_is_seen_beyond_the_bound(what: str) -> None:
    changed, recovered = RECOVERED[what]
    assert deadlock_resolution.is_recovered(cluster(changed)).is_recovered is recovered
