"""Which node is behind, why, and what may be done: from evidence in which one thing is wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from runbooks import replication_lag
from runbooks.evidence import Disk, Evidence, Log, Metrics, NodeEvidence, Reading, Role, Service
from runbooks.gaps import MAX_LAG_ENTRIES
from runbooks.model import BY_HAND, Diagnosis, Finding, Verdict
from runbooks.replication_lag.remedies import RESTART_STUCK
from tests.builders import GB, NOON, dead, evidence, known, missing, node, silent

LOG = "/var/log/neumann/tensor_chain.log"
GAP_S = 2.0
HEAD = 100_000
"""The leader's commit index at the second sample."""


def sampled(
    name: str,
    *,
    commit: int,
    applied: int,
    commits_per_s: float = 0,
    applies_per_s: float = 0,
    **changes: Any,
) -> NodeEvidence:
    """A node whose indexes are these at the second sample, and grew at these speeds until then."""
    role = Role.LEADER if name == "node1" else Role.FOLLOWER

    def page(ago_s: float) -> Metrics:
        return Metrics(
            role=role,
            term=7,
            commit_index=round(commit - ago_s * commits_per_s),
            applied_index=round(applied - ago_s * applies_per_s),
            elections_total=3,
        )

    samples: dict[str, Reading[Any]] = {
        "metrics": known(page(GAP_S)),
        "metrics_again": known(page(0), at=NOON + timedelta(seconds=GAP_S)),
        "service": ran_for(86_400),
        "disk": disk(),
    }
    return node(name, **{"role": role, **samples, **changes})


def leader(**changes: Any) -> NodeEvidence:
    return sampled("node1", commit=HEAD, applied=HEAD, commits_per_s=100, applies_per_s=100, **changes)


def level(name: str) -> NodeEvidence:
    return sampled(name, commit=HEAD - 3, applied=HEAD - 3, commits_per_s=100, applies_per_s=100)


def stuck(name: str, **changes: Any) -> NodeEvidence:
    return sampled(name, commit=HEAD, applied=HEAD - 5000, commits_per_s=100, **changes)


def starved(name: str, **changes: Any) -> NodeEvidence:
    """A node that receives nothing more: what it holds is applied, and the alert's own rule sees no lag."""
    return sampled(name, commit=HEAD - 20_000, applied=HEAD - 20_000, **changes)


def ran_for(seconds: float) -> Reading[Any]:
    return known(Service(state="active", pid=4711, boot_id="boot-1", running_s=seconds), by="agent:node3")


def disk(free_gb: float = 50, stalled_percent: float = 0.0) -> Reading[Any]:
    return known(
        Disk(
            path="/var/lib/neumann",
            free_bytes=int(free_gb * GB),
            total_bytes=100 * GB,
            io_stalled_percent=stalled_percent,
        ),
        by="agent:node3",
    )


def log(silent_s: float = 1.0, **counts: int) -> Reading[Any]:
    return known(
        Log(path=LOG, window_s=60, bytes_read=900, counts=counts, silent_s=silent_s), by="agent:node3"
    )


def diagnose(*nodes: NodeEvidence) -> Diagnosis:
    return replication_lag.diagnose(evidence(*nodes))


def of(diagnosis: Diagnosis, cause: str) -> Finding:
    return next(each for each in diagnosis.findings if each.cause == cause)


WELL = (leader(), level("node2"), level("node3"))
CUT = {("node1", "node3"): "timeout", ("node3", "node1"): "timeout"}

FAULTS = {
    "link_to_leader": (leader(cuts=CUT), level("node2"), starved("node3", cuts=CUT)),
    "log_full": (leader(), level("node2"), starved("node3", disk=disk(free_gb=0.05))),
    "disk_too_slow": (
        leader(),
        level("node2"),
        sampled(
            "node3",
            commit=HEAD,
            applied=HEAD - 9000,
            commits_per_s=100,
            applies_per_s=20,
            disk=disk(stalled_percent=64),
            log=log(wal_retrying=40),
        ),
    ),
    "apply_stuck": (leader(), level("node2"), stuck("node3")),
    "replaying": (
        leader(),
        level("node2"),
        sampled(
            "node3",
            commit=HEAD,
            applied=HEAD - 9000,
            commits_per_s=100,
            applies_per_s=800,
            service=ran_for(12),
        ),
    ),
    "writes_too_many": (
        leader(),
        *(
            sampled(name, commit=HEAD, applied=HEAD - 9000, commits_per_s=100, applies_per_s=70)
            for name in ("node2", "node3")
        ),
    ),
    "lag_over": WELL,
}


@pytest.mark.parametrize("cause", FAULTS)
def test_each_cause_is_confirmed_by_two_signs_of_it(cause: str) -> None:
    top = diagnose(*FAULTS[cause]).top
    assert (top.cause, top.verdict) == (cause, Verdict.CONFIRMED)


@pytest.mark.parametrize("cause", [cause for cause in FAULTS if cause != "apply_stuck"])
def test_nothing_but_a_stuck_process_has_a_button(cause: str) -> None:
    assert diagnose(*FAULTS[cause]).offers == ()


def test_a_node_that_receives_nothing_is_behind_though_the_alerts_own_rule_sees_no_lag() -> None:
    found = diagnose(*FAULTS["link_to_leader"])
    assert found.summary == "node3 is 20000 entries behind: the link to the leader is cut or loses packets."
    assert "20000 not known as committed, 0 not applied" in found.top.evidence_for[0]


def test_a_stuck_follower_may_be_restarted() -> None:
    (remedy,) = diagnose(*FAULTS["apply_stuck"]).offers
    assert (remedy.name, remedy.nodes) == (RESTART_STUCK, ("node3",))


def test_the_plan_restarts_that_node_alone_and_is_bound_to_its_boot() -> None:
    read = evidence(*FAULTS["apply_stuck"])
    (remedy,) = replication_lag.diagnose(read).offers
    plan = replication_lag.plan(remedy, read)
    assert [(step.action.type, step.action.node) for step in plan.steps] == [("restart_service", "node3")]
    assert (plan.bound.leader, plan.bound.boot_ids) == ("node1", {"node3": "boot-1"})


REFUSED = {
    "nothing new arrived": (leader(), level("node2"), sampled("node3", commit=HEAD, applied=HEAD - 5000)),
    "its disk is too slow": (leader(), level("node2"), stuck("node3", disk=disk(stalled_percent=90))),
    "no majority would be left": (leader(), dead("node2"), stuck("node3")),
    "its service is not read": (leader(), level("node2"), stuck("node3", service=missing("no answer"))),
    "it has no room to start": (leader(), level("node2"), stuck("node3", disk=disk(free_gb=0.01))),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_restart_is_refused_with_the_reason(why: str) -> None:
    found = diagnose(*REFUSED[why])
    assert found.offers == ()
    (refused,) = [r for r in of(found, "apply_stuck").remedies if r.name == RESTART_STUCK]
    assert refused.reason.endswith(".")


def test_a_leader_that_applies_nothing_is_not_restarted_by_a_button() -> None:
    head = sampled("node1", commit=HEAD, applied=HEAD - 5000, commits_per_s=100)
    found = diagnose(head, level("node2"), level("node3"))
    assert (found.top.cause, found.top.nodes) == ("apply_stuck", ("node1",))
    assert "transfer-leadership" in found.top.remedies[0].reason


def test_a_process_that_was_just_started_is_not_called_stuck() -> None:
    """It may be replaying its log; a restart would begin that anew."""
    found = diagnose(leader(), level("node2"), stuck("node3", service=ran_for(28)))
    assert (of(found, "apply_stuck").verdict, found.top.cause) == (Verdict.POSSIBLE, "replaying")
    assert found.offers == ()


def restarted_between(name: str) -> NodeEvidence:
    """Both indexes begin at 0 with a process (Raft, figure 2)."""
    page = Metrics(role=Role.FOLLOWER, term=7, commit_index=HEAD, applied_index=HEAD, elections_total=3)
    return sampled(name, commit=3040, applied=3000, metrics=known(page), service=ran_for(1))


def test_an_index_that_fell_is_a_restart_and_shows_no_speed() -> None:
    found = diagnose(leader(), level("node2"), restarted_between("node3"))
    assert (found.top.cause, found.offers) == ("replaying", ())
    assert of(found, "catching_up").verdict is Verdict.UNDETERMINED


def test_a_snapshot_under_way_is_not_called_stuck() -> None:
    said = Log(path=LOG, window_s=60, bytes_read=9, counts={}, excerpts=("INFO installing snapshot 43 %",))
    found = diagnose(leader(), level("node2"), stuck("node3", log=known(said, by="agent:node3")))
    assert (of(found, "apply_stuck").verdict, found.offers) == (Verdict.POSSIBLE, ())


def test_several_that_stop_at_once_are_not_restarted() -> None:
    found = diagnose(leader(), stuck("node2"), stuck("node3"))
    assert (found.top.cause, found.offers) == ("apply_stuck", ())
    assert "an entry that none of them can apply" in found.top.remedies[0].reason


def test_two_samples_too_close_together_show_no_speed() -> None:
    near = stuck("node3")
    near = near.model_copy(
        update={"metrics_again": near.metrics_again.model_copy(update={"at": NOON + timedelta(seconds=0.01)})}
    )
    assert diagnose(leader(), level("node2"), near).offers == ()


IMPOSSIBLE = {
    "a leader whose index fell": (
        sampled("node1", commit=10, applied=10, metrics=leader().metrics),
        level("node2"),
        level("node3"),
    ),
    "a node beyond the leader": (
        leader(),
        level("node2"),
        sampled("node3", commit=HEAD * 9, applied=HEAD * 9),
    ),
    "more applied than committed": (
        leader(),
        level("node2"),
        sampled("node3", commit=HEAD, applied=HEAD + 1),
    ),
    "a page that is an hour old": (
        leader(),
        level("node2"),
        sampled(
            "node3",
            commit=HEAD,
            applied=HEAD,
            metrics=missing("late"),
            metrics_again=level("node3").metrics_again.model_copy(update={"at": NOON - timedelta(hours=1)}),
        ),
    ),
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_indexes_that_cannot_be_compared_prove_nothing(what: str) -> None:
    top = diagnose(*IMPOSSIBLE[what]).top
    assert (top.cause, top.verdict) == ("lag_over", Verdict.UNDETERMINED)
    assert not replication_lag.is_recovered(evidence(*IMPOSSIBLE[what])).is_recovered


def test_a_leader_of_a_moment_ago_leaves_open_whether_there_is_none() -> None:
    lost = (node(name, role=Role.FOLLOWER) for name in ("node2", "node3"))
    former = node("node1", role=Role.LEADER).model_copy(
        update={each: node("node1").metrics_again for each in ("metrics_again", "local_metrics")}
    )
    top = diagnose(former, *lost).top
    assert (top.cause, top.verdict) == ("no_leader", Verdict.UNDETERMINED)


def test_what_closes_by_itself_is_told_with_the_time_it_takes() -> None:
    closing = sampled("node3", commit=HEAD, applied=HEAD - 6000, commits_per_s=100, applies_per_s=200)
    top = diagnose(leader(), level("node2"), closing).top
    assert (top.cause, top.verdict) == ("catching_up", Verdict.LIKELY)
    assert "the gap closes by 100 a second: 1 min 00 s more" in top.evidence_for[1]


def test_what_nothing_explains_is_said_to_be_so() -> None:
    growing = sampled("node3", commit=HEAD, applied=HEAD - 6000, commits_per_s=100, applies_per_s=50)
    top = diagnose(leader(), level("node2"), growing).top
    assert (top.cause, top.verdict) == ("lag_unexplained", Verdict.UNDETERMINED)
    assert top.remedies[0].name == BY_HAND


def test_what_could_not_be_read_is_named_as_what_would_decide() -> None:
    unread = sampled(
        "node3",
        commit=HEAD,
        applied=HEAD - 6000,
        commits_per_s=100,
        applies_per_s=50,
        disk=missing("no answer"),
        service=missing("no answer"),
    )
    top = diagnose(leader(), level("node2"), unread).top
    assert top.cause == "lag_unexplained"
    assert top.would_decide and "the disk of node3" in top.would_decide


def test_a_node_that_could_not_be_read_is_not_taken_for_one_that_keeps_up() -> None:
    top = diagnose(leader(), level("node2"), silent("node3")).top
    assert (top.cause, top.verdict) == ("lag_over", Verdict.UNDETERMINED)
    assert top.would_decide == "the indexes of node3"


def test_without_a_leader_the_election_comes_first() -> None:
    lost = evidence(*(node(name, role=Role.FOLLOWER) for name in ("node1", "node2", "node3")))
    top = replication_lag.diagnose(lost).top
    assert (top.cause, top.verdict) == ("no_leader", Verdict.CONFIRMED)


def test_one_sample_is_no_speed() -> None:
    late = starved("node3", metrics_again=missing("no answer"))
    found = diagnose(leader(), level("node2"), late)
    assert of(found, "catching_up").verdict is Verdict.UNDETERMINED


def test_what_the_leader_commits_between_two_pages_is_no_lag() -> None:
    fast = sampled("node1", commit=HEAD, applied=HEAD, commits_per_s=4000, applies_per_s=4000)
    earlier = sampled("node3", commit=HEAD - 1600, applied=HEAD - 1600)
    page = earlier.metrics_again.model_copy(update={"at": NOON + timedelta(seconds=GAP_S - 0.4)})
    early = earlier.model_copy(update={"metrics_again": page})
    assert diagnose(fast, level("node2"), early).top.cause == "lag_over"


def read(*nodes: NodeEvidence) -> Evidence:
    return evidence(*nodes)


def test_it_has_recovered_when_every_node_was_read_and_is_within_the_bound() -> None:
    recovery = replication_lag.is_recovered(read(*WELL))
    assert recovery.is_recovered
    assert recovery.sentence == "node1 and all others stand level, to within 3 entries"


@pytest.mark.parametrize(
    "nodes",
    [
        (leader(), level("node2"), silent("node3")),
        (leader(), level("node2"), dead("node3")),
        FAULTS["apply_stuck"],
        tuple(node(name, role=Role.FOLLOWER) for name in ("node1", "node2", "node3")),
    ],
    ids=["a node unread", "a node down", "a node behind", "no leader"],
)
def test_it_has_not_recovered(nodes: tuple[NodeEvidence, ...]) -> None:
    assert not replication_lag.is_recovered(read(*nodes)).is_recovered


def test_the_bound_itself_is_no_lag() -> None:
    edge = sampled("node3", commit=HEAD, applied=HEAD - MAX_LAG_ENTRIES)
    assert diagnose(leader(), level("node2"), edge).top.cause == "lag_over"
