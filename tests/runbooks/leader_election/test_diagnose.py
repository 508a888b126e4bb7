"""What the leader-election runbook makes of evidence: the right cause, or an honest doubt."""

from typing import Any

import pytest

from runbooks import leader_election
from runbooks.evidence import Evidence, Log, NodeEvidence, Reading, Role, Service
from runbooks.leader_election.causes import RootCause
from runbooks.model import Diagnosis, Verdict
from tests.builders import (
    candidates,
    cut,
    cut_off,
    dead,
    evidence,
    known,
    late,
    missing,
    node,
    remedy_of,
    silent,
)


def verdicts(diagnosis: Diagnosis) -> dict[str, Verdict]:
    return {finding.cause: finding.verdict for finding in diagnosis.findings}


def confirmed(read: Evidence) -> list[str]:
    return [f.cause for f in leader_election.diagnose(read).findings if f.verdict is Verdict.CONFIRMED]


def partitioned() -> Evidence:
    cuts = cut_off("node1", "node2", "node3")
    return evidence(*(node(name, cuts=cuts) for name in ("node1", "node2", "node3")))


def quorum_lost() -> Evidence:
    refused = cut(
        ("node1", "node2"), ("node1", "node3"), ("node2", "node3"), ("node3", "node2"), result="refused"
    )
    return evidence(node("node1", cuts=refused), dead("node2", cuts=refused), dead("node3", cuts=refused))


def skewed() -> Evidence:
    offsets = {"node1": 40.0, "node2": 2400.0, "node3": -1900.0}
    return evidence(
        *(
            node(name, role=Role.CANDIDATE, elections=(5, 8), offset_ms=offset, gossip_failed=2)
            for name, offset in offsets.items()
        )
    )


def storm() -> Evidence:
    return evidence(*candidates(rtt_ms=400.0))


@pytest.mark.parametrize(
    ("read", "cause"),
    [
        (partitioned(), RootCause.NETWORK_PARTITION),
        (quorum_lost(), RootCause.QUORUM_LOSS),
        (skewed(), RootCause.CLOCK_SKEW),
        (storm(), RootCause.AGGRESSIVE_TIMEOUTS),
    ],
    ids=["partition", "quorum loss", "clock skew", "aggressive timeouts"],
)
def test_each_of_the_four_causes_is_confirmed_alone_and_ranks_first(read: Evidence, cause: RootCause) -> None:
    diagnosis = leader_election.diagnose(read)
    assert diagnosis.top.cause == cause
    assert confirmed(read) == [cause]


def test_the_same_evidence_gives_the_same_words() -> None:
    assert leader_election.diagnose(storm()) == leader_election.diagnose(storm())


def test_renaming_the_nodes_does_not_change_the_verdicts() -> None:
    text = storm().model_dump_json().replace("node1", "zeta").replace("node3", "alpha")
    assert verdicts(leader_election.diagnose(Evidence.model_validate_json(text))) == verdicts(
        leader_election.diagnose(storm())
    )


def test_a_living_leader_under_a_false_alarm_is_said_first_and_nothing_is_confirmed_beside_it() -> None:
    diagnosis = leader_election.diagnose(evidence())
    assert diagnosis.top.cause == RootCause.ALERT_STALE
    assert confirmed(evidence()) == [RootCause.ALERT_STALE]
    assert diagnosis.offers == ()


def test_a_leader_that_the_links_contradict_is_no_living_leader() -> None:
    cuts = cut_off("node1", "node2", "node3")
    read = evidence(
        node("node1", role=Role.LEADER, cuts=cuts), node("node2", cuts=cuts), node("node3", cuts=cuts)
    )
    assert confirmed(read) == [RootCause.NETWORK_PARTITION]


def test_a_leader_in_only_one_of_two_readings_is_no_living_leader() -> None:
    leaders = node("node1", role=Role.LEADER)
    flash = leaders.model_copy(update={"metrics": node("node1").metrics})
    diagnosis = leader_election.diagnose(evidence(flash, node("node2"), node("node3")))
    assert diagnosis.top.cause == RootCause.NONE_KNOWN


def test_nothing_readable_is_undetermined_and_names_what_would_decide() -> None:
    diagnosis = leader_election.diagnose(evidence(silent("node1"), silent("node2"), silent("node3")))
    assert diagnosis.can_elect == "undetermined"
    assert diagnosis.top.cause == RootCause.NONE_KNOWN
    assert diagnosis.top.would_decide
    assert confirmed(evidence(silent("node1"), silent("node2"), silent("node3"))) == []
    assert diagnosis.offers == ()


def test_everything_well_but_no_leader_fits_none_of_the_causes() -> None:
    diagnosis = leader_election.diagnose(evidence(node("node1"), node("node2"), node("node3")))
    assert diagnosis.top.cause == RootCause.NONE_KNOWN
    assert "none of the known causes" in diagnosis.summary


def test_one_dead_node_of_three_is_no_quorum_loss() -> None:
    read = evidence(node("node1"), node("node2"), dead("node3"))
    assert verdicts(leader_election.diagnose(read))[RootCause.QUORUM_LOSS] is Verdict.POSSIBLE


def test_where_running_processes_refuse_everybody_a_firewall_is_likely_and_not_certain() -> None:
    cuts = dict.fromkeys(cut_off("node1", "node2", "node3"), "refused")
    read = evidence(*(node(name, cuts=cuts) for name in ("node1", "node2", "node3")))
    assert confirmed(read) == [], "a listener that is bound to another address looks the same"
    assert leader_election.diagnose(read).top.cause == RootCause.NETWORK_PARTITION
    assert any("REJECT" in line for line in leader_election.diagnose(read).top.evidence_for)


def test_a_one_way_cut_between_two_of_three_leaves_a_majority() -> None:
    cuts = cut(("node1", "node2"))
    diagnosis = leader_election.diagnose(evidence(*(node(n, cuts=cuts) for n in ("node1", "node2", "node3"))))
    assert diagnosis.can_elect == "yes"
    assert not {Verdict.CONFIRMED, Verdict.LIKELY} & set(verdicts(diagnosis).values())


def test_a_skew_of_200_ms_beside_a_quorum_loss_is_not_a_cause() -> None:
    read = evidence(node("node1", offset_ms=200), dead("node2"), dead("node3"))
    assert verdicts(leader_election.diagnose(read))[RootCause.CLOCK_SKEW] is Verdict.RULED_OUT
    assert confirmed(read) == [RootCause.QUORUM_LOSS]


def test_a_skew_whose_error_reaches_below_the_limit_may_deny_votes_that_gossip_shows_denied() -> None:
    read = evidence(
        *(
            node(name, role=Role.CANDIDATE, offset_ms=offset, error_ms=100, gossip_failed=2)
            for name, offset in {"node1": 0.0, "node2": 550.0, "node3": -550.0}.items()
        )
    )
    assert leader_election.diagnose(read).can_elect == "undetermined"
    assert verdicts(leader_election.diagnose(read))[RootCause.CLOCK_SKEW] is Verdict.UNDETERMINED
    assert not remedy_of(read, "clock_sync").offered


def test_one_skewed_node_leaves_two_that_agree_so_the_skew_is_only_possible() -> None:
    read = evidence(node("node1"), node("node2", offset_ms=2400, gossip_failed=2), node("node3"))
    assert verdicts(leader_election.diagnose(read))[RootCause.CLOCK_SKEW] is Verdict.POSSIBLE
    assert not remedy_of(read, "clock_sync").offered


def test_a_storm_on_lossy_links_is_not_blamed_on_the_timeouts() -> None:
    read = evidence(*candidates(rtt_ms=400.0, lost_pings=6))
    assert leader_election.diagnose(read).top.cause == RootCause.PACKET_LOSS
    assert verdicts(leader_election.diagnose(read))[RootCause.AGGRESSIVE_TIMEOUTS] is Verdict.POSSIBLE


@pytest.mark.parametrize("lost", [-1, -20, 21])
def test_pings_of_which_more_came_back_than_went_say_nothing(lost: int) -> None:
    read = evidence(*candidates(rtt_ms=400.0, lost_pings=lost))
    assert RootCause.PACKET_LOSS not in verdicts(leader_election.diagnose(read))


def test_a_round_trip_as_long_as_a_number_can_be_is_judged() -> None:
    assert leader_election.diagnose(evidence(*candidates(rtt_ms=1.7e308))).top


def test_a_storm_with_wide_enough_timeouts_is_not_blamed_on_them() -> None:
    read = evidence(*candidates(rtt_ms=20.0, timeouts_ms=(300, 600)))
    assert verdicts(leader_election.diagnose(read))[RootCause.AGGRESSIVE_TIMEOUTS] is Verdict.POSSIBLE
    assert not remedy_of(read, "config_bump").offered


def test_a_counter_that_was_reset_is_not_a_negative_number_of_elections() -> None:
    read = evidence(
        node("node1", elections=(90, 1)), node("node2", elections=(50, 50)), node("node3", elections=(50, 50))
    )
    assert verdicts(leader_election.diagnose(read))[RootCause.AGGRESSIVE_TIMEOUTS] is Verdict.RULED_OUT


def test_without_any_round_trip_it_is_undetermined_and_the_round_trip_would_decide() -> None:
    blind = [each.model_copy(update={"connects": _untimed(each)}) for each in candidates(pings=late())]
    top, second, *_ = leader_election.diagnose(evidence(*blind)).findings
    assert top.cause == RootCause.NONE_KNOWN
    assert (second.cause, second.verdict) == (RootCause.AGGRESSIVE_TIMEOUTS, Verdict.UNDETERMINED)
    assert top.would_decide == second.would_decide == "the round trip between the nodes, by ping"


def test_where_nobody_could_ping_the_connects_tell_the_round_trip() -> None:
    slow = [
        each.model_copy(update={"connects": _untimed(each, latency_ms=400.0)})
        for each in candidates(pings=late())
    ]
    diagnosis = leader_election.diagnose(evidence(*slow))
    assert (diagnosis.top.cause, diagnosis.top.verdict) == (RootCause.AGGRESSIVE_TIMEOUTS, Verdict.LIKELY)
    assert diagnosis.offers == ()


def _untimed(each: NodeEvidence, latency_ms: float | None = None) -> Reading[Any]:
    tried = tuple(c.model_copy(update={"latency_ms": latency_ms}) for c in each.connects.value or ())
    return known(tried, by=each.connects.by)


def test_a_leader_that_is_there_while_elections_climb_leaves_the_timeouts_only_possible() -> None:
    nodes = list(candidates(rtt_ms=400.0, role=Role.FOLLOWER))
    nodes[0] = node("node1", role=Role.LEADER, elections=(10, 12), rtt_ms=400.0)
    diagnosis = leader_election.diagnose(evidence(*nodes))
    assert diagnosis.top.cause == RootCause.ALERT_STALE
    assert verdicts(diagnosis)[RootCause.AGGRESSIVE_TIMEOUTS] is Verdict.POSSIBLE


def test_a_leader_under_a_node_that_stands_in_a_higher_term_may_not_last() -> None:
    leads, follows = (
        node(name, role=role) for name, role in (("node1", Role.LEADER), ("node2", Role.FOLLOWER))
    )
    top = leader_election.diagnose(evidence(leads, follows, node("node3", role=Role.CANDIDATE, term=9))).top
    assert (top.cause, top.nodes, top.verdict) == (RootCause.ALERT_STALE, ("node1",), Verdict.LIKELY)
    assert "node3 is in a higher term, and unseats node1 once they meet" in top.evidence_against


def test_where_entries_are_committed_nobody_says_that_the_cluster_cannot_elect() -> None:
    five = ("node1", "node2", "node3", "node4", "node5")
    stopped = [dead(name, names=five) for name in five[2:]]
    diagnosis = leader_election.diagnose(
        evidence(*(node(n, names=five, commits=9) for n in five[:2]), *stopped)
    )
    assert (diagnosis.top.cause, diagnosis.can_elect) == (RootCause.ALERT_STALE, "undetermined")


def test_log_counts_stand_in_where_the_counters_cannot_be_read_twice() -> None:
    log = node().log.value
    assert log
    busy = known(log.model_copy(update={"counts": {"election_started": 15}}), by="agent")
    read = evidence(*candidates(rtt_ms=400.0, metrics_again=late(), log=busy))
    assert confirmed(read) == [RootCause.AGGRESSIVE_TIMEOUTS]
    said = leader_election.diagnose(read).top.evidence_for
    assert f"45 elections a minute in the last {log.window_s:.0f} s of the nodes' logs (agents)" in said


def a_laggard() -> NodeEvidence:
    denials = Log(path="/var/log/neumann.log", window_s=60, bytes_read=900, counts={"vote_denied_log": 4})
    return node("node3", role=Role.CANDIDATE, elections=(5, 8), commit_index=40, log=known(denials))


def test_where_only_a_laggard_stands_its_older_log_is_the_cause() -> None:
    read = evidence(dead("node1"), node("node2"), a_laggard())
    assert confirmed(read) == [RootCause.STALE_LOG]


def test_a_laggard_is_not_alone_beside_a_candidate_whose_counter_rests() -> None:
    """With timeouts of seconds the newest log stood through both samples; seen on virtual machines."""
    read = evidence(dead("node1"), node("node2", role=Role.CANDIDATE, elections=(7, 7)), a_laggard())
    assert RootCause.STALE_LOG not in verdicts(leader_election.diagnose(read))


def test_a_laggard_may_not_be_alone_where_a_node_is_still_being_read() -> None:
    read = evidence(silent("node1"), node("node2"), a_laggard())
    assert verdicts(leader_election.diagnose(read))[RootCause.STALE_LOG] is not Verdict.CONFIRMED


def test_an_older_log_is_no_cause_where_not_even_the_newest_could_win() -> None:
    read = evidence(dead("node1"), dead("node2"), a_laggard())
    found = verdicts(leader_election.diagnose(read))
    assert found[RootCause.QUORUM_LOSS] is Verdict.CONFIRMED
    assert RootCause.STALE_LOG not in found or found[RootCause.STALE_LOG] is Verdict.POSSIBLE


def test_two_that_crash_again_and_again_leave_the_laggards_log_out_of_it() -> None:
    """While they live for a second each they elect one another, and the third falls behind."""
    crashing = Service(state="active", pid=7, boot_id="boot-1", restarts=9, running_s=0.4)
    loop = [node(name, service=known(crashing, by=f"agent:{name}")) for name in ("node1", "node2")]
    found = verdicts(leader_election.diagnose(evidence(*loop, a_laggard())))
    assert found[RootCause.CRASH_LOOP] in (Verdict.CONFIRMED, Verdict.LIKELY)
    assert found[RootCause.STALE_LOG] is Verdict.POSSIBLE


def test_two_hung_processes_are_told_where_no_service_manager_can_be_read() -> None:
    page: dict[str, Any] = dict.fromkeys(("metrics", "metrics_again", "health", "local_metrics"), late())
    no_manager = missing("systemctl could not be run", by="agent:node1")
    hung = [node(name, service=no_manager, **page) for name in ("node1", "node2")]
    diagnosis = leader_election.diagnose(evidence(*hung, node("node3", gossip_failed=2)))
    assert diagnosis.can_elect != "yes"
    assert verdicts(diagnosis)[RootCause.PROCESS_HUNG] is not Verdict.RULED_OUT


def test_a_leader_that_was_looked_at_once_is_not_one_of_both_readings() -> None:
    once: dict[str, Any] = {"metrics_again": late(), "local_metrics": missing("not asked for")}
    led = evidence(node("node1", role=Role.LEADER, **once), node("node2", **once), node("node3", **once))
    top = leader_election.diagnose(led).top
    assert (top.cause, top.verdict) == (RootCause.ALERT_STALE, Verdict.LIKELY)
    assert "node1 leads term 7 in the one reading there is" in top.evidence_for


def test_a_cluster_of_99_that_is_cut_everywhere_is_told_on_one_screen() -> None:
    names = [f"node{number}" for number in range(1, 100)]
    cuts = {(one, other): "timeout" for one in names for other in names if one != other}
    nodes = (node(name, names=names, cuts=cuts, gossip_failed=98, lost_pings=20) for name in names)
    diagnosis = leader_election.diagnose(evidence(*nodes))
    assert diagnosis.top.cause == RootCause.NETWORK_PARTITION
    assert sum(len(f.evidence_for) + len(f.evidence_against) for f in diagnosis.findings) < 30
    assert len(diagnosis.summary) < 150
