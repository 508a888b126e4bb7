"""Each remedy is offered or refused, with the reason; an offered one becomes an exact plan."""

from typing import Any, Literal

import pytest

from runbooks import leader_election
from runbooks.evidence import Clock, Evidence, Log, Reading, Role, Service, WallClock
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.facts import Facts
from runbooks.leader_election.timeouts import wanted_timeouts_ms
from runbooks.model import Verdict
from runbooks.node_readings import Pod
from runbooks.plans import Plan
from tests.builders import candidates, dead, evidence, known, late, missing, node, remedy_of


def plan_of(read: Evidence, name: str) -> Plan:
    return leader_election.plan(remedy_of(read, name), read)


@pytest.mark.parametrize(
    ("round_trip_ms", "expected"),
    [(None, (300, 600)), (1.0, (300, 600)), (40.0, (300, 600)), (41.0, (350, 700)), (400.0, (3000, 6000))],
)
def test_the_timeouts_are_the_runbooks_or_wider_where_the_round_trip_asks_for_it(
    round_trip_ms: float | None, expected: tuple[int, int]
) -> None:
    pings = {} if round_trip_ms else {"pings": late()}
    read = evidence(*candidates(rtt_ms=round_trip_ms or 0.0, **pings))
    assert wanted_timeouts_ms(Facts(read)) == expected


def test_the_plan_shows_how_its_timeouts_came_about() -> None:
    lines = plan_of(evidence(*candidates(rtt_ms=400.0)), "config_bump").arithmetic
    assert lines == (
        "10 one-way latencies of the slowest pair, and half as much for its variance: "
        "10 x 400.0 ms / 2 x 1.5 = 3000 ms",
        "6 heartbeats: 6 x 50 ms = 300 ms",
        "the runbook's own: 300 ms",
        "the largest, rounded up to 50 ms: 3000 ms; the maximum is twice that: 6000 ms",
    )


def test_a_plan_binds_the_leader_the_files_and_the_boots_that_it_was_drawn_up_on() -> None:
    read = evidence(*candidates(rtt_ms=400.0))
    bound = plan_of(read, "config_bump").bound
    assert bound.evidence_at == read.started_at
    assert bound.leader is None
    assert bound.config_sha256 == dict.fromkeys(read.names, "ab" * 32)
    assert bound.boot_ids == dict.fromkeys(read.names, "boot-1")


def test_a_half_changed_cluster_is_a_finding_of_its_own() -> None:
    read = evidence(node("node1", timeouts_ms=(300, 600)), node("node2"), node("node3"))
    mixed = [f for f in leader_election.diagnose(read).findings if f.cause == RootCause.MIXED_TIMEOUTS]
    assert [finding.verdict for finding in mixed] == [Verdict.POSSIBLE]
    assert "node1: 300/600 ms" in mixed[0].evidence_for


def test_the_bump_names_each_file_and_its_values_and_restarts_the_leader_last() -> None:
    nodes = list(candidates(rtt_ms=30.0, timeouts_ms=(100, 200)))
    nodes[0] = node(
        "node1", role=Role.LEADER, term=9, elections=(10, 12), rtt_ms=30.0, timeouts_ms=(100, 200)
    )
    plan = plan_of(evidence(*nodes), "config_bump")
    assert [(step.action.node, step.action.type) for step in plan.steps] == [
        (name, action)
        for name in ("node2", "node3", "node1")
        for action in ("set_election_timeouts", "restart_service")
    ]
    assert plan.steps[0].shown == "/etc/neumann/config.toml: election timeouts 300 to 600 ms"


def test_the_bump_is_refused_where_a_restart_would_break_the_quorum() -> None:
    nodes = [*candidates(rtt_ms=400.0)[:2], dead("node3")]
    remedy = remedy_of(evidence(*nodes), "config_bump")
    assert not remedy.offered
    assert remedy.reason == "A restart would leave 1 nodes, 2 are needed."


def test_the_bump_is_refused_while_one_configuration_is_unknown() -> None:
    nodes = [*candidates(rtt_ms=400.0)]
    nodes[2] = nodes[2].model_copy(update={"config": missing("the agent gave no answer")})
    remedy = remedy_of(evidence(*nodes), "config_bump")
    assert not remedy.offered
    assert "node3" in remedy.reason


@pytest.mark.parametrize(("round_trip_ms", "offered"), [(4_000.0, True), (4_001.0, False), (1e300, False)])
def test_no_timeout_is_offered_that_is_longer_than_agents_set(round_trip_ms: float, offered: bool) -> None:
    remedy = remedy_of(evidence(*candidates(rtt_ms=round_trip_ms)), "config_bump")
    assert remedy.offered is offered
    assert ("agents set no timeout above 60000 ms" in remedy.reason) is not offered


def test_what_one_end_alone_sees_as_slow_widens_no_timeouts() -> None:
    """A host without time to spare sees long round trips to everybody, and nobody sees them to it."""
    fast, slow = candidates(), candidates(rtt_ms=400.0)
    read = evidence(*fast[:2], slow[2])
    assert Facts(read).round_trip_ms == 1.0
    assert not remedy_of(read, "config_bump").offered
    unseen = evidence(*(each.model_copy(update={"pings": late()}) for each in fast[:2]), slow[2])
    assert Facts(unseen).round_trip_ms == 400.0


def test_the_reason_says_what_the_agent_says_of_a_file_that_is_no_toml() -> None:
    nodes = [*candidates(rtt_ms=400.0)]
    assert nodes[2].config.value
    spoilt = nodes[2].config.value.model_copy(
        update={"malformed": True, "why_not_editable": "A byte order mark stands before it."}
    )
    nodes[2] = nodes[2].model_copy(update={"config": nodes[2].config.model_copy(update={"value": spoilt})})
    assert "could not be read (node3: A byte order mark stands before it); all must get the same" in (
        remedy_of(evidence(*nodes), "config_bump").reason
    )


def test_clocks_are_stepped_only_on_the_skewed_nodes_and_the_step_is_predicted() -> None:
    read = evidence(
        *(
            node(name, role=Role.CANDIDATE, offset_ms=offset, gossip_failed=2)
            for name, offset in {"node1": 40.0, "node2": 2400.0, "node3": -1900.0}.items()
        )
    )
    plan = plan_of(read, "clock_sync")
    assert [(step.action.node, step.shown, step.effect) for step in plan.steps] == [
        (
            "node2",
            "chronyc makestep",
            "steps by -2400 ms (±1 ms); chrony alone would take 28 s or more",
        ),
        (
            "node3",
            "chronyc makestep",
            "steps by +1900 ms (±1 ms); chrony alone would take 22 s or more",
        ),
    ]


def test_clock_sync_says_why_it_is_off() -> None:
    remedy = remedy_of(evidence(node("node1", offset_ms=12), node("node2"), node("node3")), "clock_sync")
    assert not remedy.offered
    assert remedy.reason == "No clock is surely more than 500 ms off: the largest known offset is 12 ms."


def test_a_clock_too_far_to_be_stepped_is_for_people_and_keeps_no_other_from_its_step() -> None:
    offsets = {"node1": 40.0, "node2": 2400.0, "node3": -3_600_000.0}
    nodes = [node(name, role=Role.CANDIDATE, offset_ms=off, gossip_failed=2) for name, off in offsets.items()]
    remedy = remedy_of(evidence(*nodes), "clock_sync")
    assert (remedy.offered, remedy.nodes) == (True, ("node2",))
    assert "more than 16 min 40 s, and that of node3 is 1 h 00 min off" in remedy.reason


def two_apart(error_ms: dict[str, float]) -> Evidence:
    """Return clocks of node2 and node3 that are off, each as well known to its chrony as this says."""
    offsets_ms = {"node1": 40.0, "node2": 2400.0, "node3": -1900.0}
    nodes = (node(n, role=Role.CANDIDATE, offset_ms=o, gossip_failed=2) for n, o in offsets_ms.items())
    return evidence(
        *(
            each.model_copy(
                update={"clock": known(clock.model_copy(update={"error_ms": error_ms[each.node]}))}
            )
            if each.node in error_ms and (clock := each.clock.value)
            else each
            for each in nodes
        )
    )


def test_a_clock_that_chrony_is_still_measuring_is_waited_for() -> None:
    remedy = remedy_of(two_apart({"node2": 900.0, "node3": 2.0}), "clock_sync")
    assert (remedy.offered, remedy.nodes) == (True, ("node3",))
    assert "chrony has not settled on node2 (±900 ms)" in remedy.reason
    remedy = remedy_of(two_apart({"node2": 900.0, "node3": 700.0}), "clock_sync")
    assert (remedy.offered, remedy.actions) == (False, ())
    assert remedy.reason.startswith("chrony has not settled on node2 (±900 ms) and node3 (±700 ms)")


def test_a_clock_without_a_source_is_not_stepped() -> None:
    offsets = {"node1": 40.0, "node2": 2400.0, "node3": -1900.0}
    nodes = [node(n, role=Role.CANDIDATE, offset_ms=o, gossip_failed=2) for n, o in offsets.items()]
    clock = nodes[1].clock.value
    assert clock
    nodes[1] = nodes[1].model_copy(update={"clock": known(clock.model_copy(update={"synchronised": False}))})
    remedy = remedy_of(evidence(*nodes), "clock_sync")
    assert not remedy.offered
    assert "node2" in remedy.reason


def test_stopped_nodes_are_started_and_a_node_without_an_agent_is_not() -> None:
    gone = late("the agent gave no answer within 4 s")
    read = evidence(node("node1"), dead("node2"), dead("node3", service=gone, connects=gone))
    assert remedy_of(read, "start_nodes").nodes == ("node2",)


def test_where_nobody_leads_a_stopped_node_is_offered_its_start_though_a_majority_could_vote() -> None:
    nodes = [node(name, role=Role.CANDIDATE, gossip_failed=1) for name in ("node1", "node2")]
    remedy = remedy_of(evidence(*nodes, dead("node3")), "start_nodes")
    assert (remedy.offered, remedy.nodes) == (True, ("node3",))


def test_beside_a_leader_a_stopped_node_that_explains_nothing_is_not_pressed_on_anybody() -> None:
    leader = node("node1", role=Role.LEADER, commits=5)
    assert not remedy_of(evidence(leader, node("node2"), dead("node3")), "start_nodes").offered


def test_a_masked_unit_is_somebodys_decision_and_not_started() -> None:
    masked = known(Service(state="inactive", load="masked"), by="agent:node2")
    read = evidence(node("node1"), dead("node2", service=masked), dead("node3", service=masked))
    remedy = remedy_of(read, "start_nodes")
    assert (remedy.offered, remedy.actions) == (False, ())
    assert "a unit that is masked" in remedy.reason


def damaged_log(name: str) -> Reading[Log]:
    counts = {"wal_damaged": 2}
    return known(Log(path="/l", window_s=60, bytes_read=9, counts=counts, silent_s=300.0), by=f"agent:{name}")


def test_a_node_with_a_damaged_log_is_not_started_and_the_others_are() -> None:
    read = evidence(node("node1"), dead("node2", log=damaged_log("node2")), dead("node3"))
    assert remedy_of(read, "start_nodes").nodes == ("node3",)
    both = (dead(name, log=damaged_log(name)) for name in ("node2", "node3"))
    remedy = remedy_of(evidence(node("node1"), *both), "start_nodes")
    assert (remedy.offered, remedy.actions) == (False, ())
    assert "log of record of node2 and node3 may be damaged" in remedy.reason


def test_the_bump_restarts_nothing_while_a_log_is_told_to_be_damaged() -> None:
    nodes = [*candidates(rtt_ms=400.0)]
    nodes[2] = nodes[2].model_copy(update={"log": damaged_log("node3")})
    remedy = remedy_of(evidence(*nodes), "config_bump")
    assert (remedy.offered, remedy.actions) == (False, ())
    assert "log of record of node3 may be damaged" in remedy.reason


def test_what_systemd_gave_up_is_not_started_where_its_restarts_are_not_known() -> None:
    limit = known(Service(state="failed", result="start-limit-hit"), by="agent:node2")
    read = evidence(node("node1"), dead("node2", service=limit), dead("node3", service=limit))
    found = leader_election.diagnose(read)
    assert (found.top.cause, found.offers) == (RootCause.CRASH_LOOP, ())
    by_hand = limit.model_copy(
        update={"value": Service(state="failed", result="start-limit-hit", restarts=0)}
    )
    read = evidence(node("node1"), dead("node2", service=by_hand), dead("node3", service=by_hand))
    assert remedy_of(read, "start_nodes").offered


def test_a_plan_has_one_hash_for_one_wording() -> None:
    read = evidence(node("node1"), dead("node2"), dead("node3"))
    assert plan_of(read, "start_nodes").sha256 == plan_of(read, "start_nodes").sha256
    assert (
        plan_of(read, "start_nodes").sha256
        != plan_of(evidence(*candidates(rtt_ms=400)), "config_bump").sha256
    )


def test_a_leader_must_hold_for_ten_seconds_or_ten_timeouts_whichever_is_longer() -> None:
    assert plan_of(evidence(node("node1"), dead("node2"), dead("node3")), "start_nodes").stable_s == 10
    assert plan_of(evidence(*candidates(rtt_ms=400.0)), "config_bump").stable_s == 30


def test_a_clock_that_the_others_gossip_contradicts_is_not_stepped() -> None:
    offsets = {"node1": 0.0, "node2": 9000.0, "node3": -1300.0, "node4": 4000.0, "node5": 2700.0}
    really_failed = {"node1": 3, "node2": 3, "node3": 4, "node4": 4, "node5": 4}
    read = evidence(
        *(
            node(
                name, names=offsets, role=Role.CANDIDATE, offset_ms=offset, gossip_failed=really_failed[name]
            )
            for name, offset in offsets.items()
        )
    )
    assert remedy_of(read, "clock_sync").nodes == ("node3", "node4", "node5")


def one_kept_out(offsets_ms: dict[str, float], *, terms: tuple[int, int, int] = (15, 15, 106)) -> Evidence:
    """Return what is read while node1 leads node2, and node3 is held failed for its clock and stands."""
    roles = (Role.LEADER, Role.FOLLOWER, Role.CANDIDATE)
    return evidence(
        *(
            node(name, role=role, term=term, offset_ms=offset_ms, gossip_failed=failed)
            for (name, offset_ms), role, term, failed in zip(
                offsets_ms.items(), roles, terms, (1, 1, 2), strict=True
            )
        )
    )


def test_beside_a_leader_the_clock_is_stepped_of_who_stands_in_a_higher_term() -> None:
    read = one_kept_out({"node1": 3.0, "node2": -2.0, "node3": -4775.0})
    assert leader_election.diagnose(read).top.cause == RootCause.ALERT_STALE
    remedy = remedy_of(read, "clock_sync")
    assert (remedy.offered, remedy.nodes) == (True, ("node3",))
    assert [(action.type, action.node) for action in remedy.actions] == [("clock_sync", "node3")]


@pytest.mark.parametrize(
    ("offsets_ms", "terms"),
    [
        ({"node1": 3.0, "node2": -2.0, "node3": -4775.0}, (15, 15, 15)),
        ({"node1": 4775.0, "node2": 4771.0, "node3": -2.0}, (15, 15, 106)),
    ],
    ids=["it unseats nobody", "it is the majority that is off"],
)
def test_beside_a_leader_no_other_clock_is_stepped(
    offsets_ms: dict[str, float], terms: tuple[int, int, int]
) -> None:
    remedy = remedy_of(one_kept_out(offsets_ms, terms=terms), "clock_sync")
    assert (remedy.offered, remedy.actions) == (False, ())
    assert remedy.reason.startswith("The skew does not explain this for certain")


def test_a_clock_of_which_the_bot_sees_another_offset_than_its_chrony_says_is_not_stepped() -> None:
    """The clocks are apart for certain, and by how much node3's is off, nobody bears out."""
    ahead_ms = {"node1": 2.0, "node2": 1400.0, "node3": 6200.0}
    unknown = Clock(offset_ms=0.0, error_ms=1500.0, synchronised=False, source="")
    told = {"node3": Clock(offset_ms=38_700.0, error_ms=15.0, synchronised=True, source="ntp.example")}
    nodes = [
        node(
            name,
            role=Role.CANDIDATE,
            gossip_failed=2,
            clock=known(told.get(name, unknown), by=f"agent:{name}"),
            wall_clock=known(WallClock(ahead_ms=ahead, error_ms=8.0)),
        )
        for name, ahead in ahead_ms.items()
    ]
    remedy = remedy_of(evidence(*nodes), "clock_sync")
    assert (remedy.offered, remedy.actions) == (False, ())
    assert remedy.reason.startswith("This host's clock contradicts what chrony on node3 says")


def test_no_button_where_an_agent_could_not_change_its_file() -> None:
    nodes = candidates(rtt_ms=400.0)
    reading = nodes[1].config
    assert reading.value
    locked = reading.value.model_copy(update={"why_not_editable": "/etc/neumann cannot be written to."})
    nodes = (
        nodes[0],
        nodes[1].model_copy(update={"config": reading.model_copy(update={"value": locked})}),
        *nodes[2:],
    )
    remedy = remedy_of(evidence(*nodes), "config_bump")
    assert (remedy.offered, remedy.reason) == (False, "node2: /etc/neumann cannot be written to.")


def in_a_pod(name: str, state: Literal["active", "failed"] = "active", **fields: Any) -> Reading[Any]:
    pod = Pod(name=f"pod-{name}", uid=f"uid-{name}", ready=state == "active")
    return known(Service(state=state, pod=pod, **fields), by=f"agent:{name}")


def test_a_pod_is_started_by_being_made_anew_and_the_plan_is_bound_to_this_very_one() -> None:
    crashed = {name: dead(name, service=in_a_pod(name, "failed")) for name in ("node2", "node3")}
    plan = plan_of(evidence(node("node1"), *crashed.values()), "start_nodes")
    assert [step.shown for step in plan.steps] == [
        "kubectl delete pod pod-node2",
        "kubectl delete pod pod-node3",
    ]
    assert plan.bound.pods == {"node2": "uid-node2", "node3": "uid-node3"}


def test_a_pod_without_an_image_is_not_offered_to_be_started() -> None:
    held = [
        dead(name, service=in_a_pod(name, "failed", load="ImagePullBackOff")) for name in ("node2", "node3")
    ]
    remedy = remedy_of(evidence(node("node1"), *held), "start_nodes")
    assert (remedy.offered, remedy.actions) == (False, ())
    assert "Kubernetes does not start what is in ImagePullBackOff" in (remedy.reason or "")


def test_a_plan_on_hosts_has_no_pods_and_keeps_its_hash() -> None:
    plan = plan_of(evidence(node("node1"), dead("node2"), dead("node3")), "start_nodes")
    assert "pods" not in plan.bound.model_dump()
