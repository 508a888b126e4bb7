"""A node that does not serve: why, whether it comes back, and what may be done, while the others lead on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from runbooks import node_recovery
from runbooks.evidence import (
    Config,
    Disk,
    Evidence,
    Health,
    Log,
    Metrics,
    NodeEvidence,
    Reading,
    Role,
    Service,
)
from runbooks.missing_kind import MissingKind
from runbooks.model import BY_HAND, Diagnosis, Verdict
from runbooks.node_recovery.remedies import RESTART_HUNG, START_ONE
from tests.builders import GB, NOON, dead, evidence, known, late, missing, node, reaching, silent

FIVE = ("node1", "node2", "node3", "node4", "node5")
GAP_S = 2.0
HEAD = 100_000


def sampled(name: str, behind: int = 0, gains_per_s: int = 0, **changes: Any) -> NodeEvidence:
    """A node of a cluster that commits 100 entries a second; node1 leads it."""
    role = Role.LEADER if name == "node1" else Role.FOLLOWER

    def page(at_s: float) -> Metrics:
        index = HEAD + round(100 * at_s) - behind + round(gains_per_s * (at_s - GAP_S))
        return Metrics(role=role, term=7, commit_index=index, applied_index=index, elections_total=3)

    readings: dict[str, Any] = {
        "metrics": known(page(0.0)),
        "metrics_again": known(page(GAP_S), at=NOON + timedelta(seconds=GAP_S)),
        "local_metrics": known(page(GAP_S), by=f"agent:{name}"),
        "service": service(running_s=86_400.0),
    }
    return node(name, **{"role": role, **readings, **changes})


def service(**shown: Any) -> Reading[Any]:
    runs = {"state": "active", "pid": 4711, "result": "success"}
    return known(Service.model_validate({"boot_id": "boot-1", **runs, **shown}), by="agent:node3")


def ended(result: str = "signal", state: str = "failed", restarts: int = 0, **shown: Any) -> Reading[Any]:
    return service(state=state, pid=None, result=result, restarts=restarts, **shown)


def log(silent_s: float = 1.0, **counts: int) -> Reading[Any]:
    return known(
        Log(path="/l", window_s=60, bytes_read=9, counts=counts, silent_s=silent_s), by="agent:node3"
    )


def disk(free_bytes: int) -> Reading[Any]:
    return known(Disk(path="/var/lib/neumann", free_bytes=free_bytes, total_bytes=100 * GB), by="agent:node3")


def hung(**changes: Any) -> NodeEvidence:
    """node3's process answers nobody, writes nothing, and its peers' gossip holds it failed."""
    mute = {which: late() for which in ("metrics", "metrics_again", "health")}
    own = late("http://127.0.0.1:9090/metrics did not answer within 2 s.", by="agent:node3")
    return sampled("node3", **{**mute, "local_metrics": own, "log": log(silent_s=80.0), **changes})


def misses_one(member: NodeEvidence) -> NodeEvidence:
    """A node whose gossip holds one peer failed."""
    samples = {
        which: reading.model_copy(update={"value": reading.value.model_copy(update={"gossip_failed": 1})})
        for which in ("metrics", "metrics_again", "local_metrics")
        if (reading := getattr(member, which)).value
    }
    return member.model_copy(update=samples)


def diagnose(*nodes: NodeEvidence) -> Diagnosis:
    return node_recovery.diagnose(evidence(*nodes))


LED = (sampled("node1"), sampled("node2"))
UNSEEN: dict[str, Any] = {which: late() for which in ("metrics", "metrics_again", "health")}
REFUSING: dict[str, Any] = dict.fromkeys(UNSEEN, missing("connection refused"))
BROKEN = known(Config(path="/etc/neumann/config.toml", sha256="ab" * 32, malformed=True), by="agent:node3")
CUT = {("node1", "node3"): "timeout", ("node3", "node1"): "timeout"}
HOST_GONE = (
    sampled("node1", cuts={("node1", "node3"): "timeout"}),
    sampled("node2", cuts={("node2", "node3"): "timeout"}),
    silent("node3"),
)


def no_ping_to_node3(member: NodeEvidence) -> NodeEvidence:
    pings = tuple(
        ping.model_copy(update={"received": 0}) if ping.peer == "node3" else ping
        for ping in member.pings.value or ()
    )
    return member.model_copy(update={"pings": member.pings.model_copy(update={"value": pings})})


def refused_everywhere(nodes: tuple[NodeEvidence, ...]) -> tuple[NodeEvidence, ...]:
    """The nodes, whose connects to node3 are refused though its service is not known to have ended."""
    return tuple(reaching(member, "node3", "refused") for member in nodes)


def away(**changes: Any) -> tuple[NodeEvidence, ...]:
    return (*LED, dead("node3", **changes))


def with_node3(behind: int = 0, gains_per_s: int = 0, **changes: Any) -> tuple[NodeEvidence, ...]:
    return (*LED, sampled("node3", behind, gains_per_s, **changes))


STATES: dict[str, tuple[tuple[NodeEvidence, ...], Verdict]] = {
    "node_stopped": (away(service=ended()), Verdict.CONFIRMED),
    "no_room_to_run": (away(service=ended("exit-code"), disk=disk(9_000_000)), Verdict.CONFIRMED),
    "config_broken": (away(service=ended("exit-code"), config=BROKEN), Verdict.CONFIRMED),
    "log_damaged": (away(service=ended("exit-code"), log=log(300.0, wal_damaged=1)), Verdict.CONFIRMED),
    "keeps_crashing": (away(service=ended("exit-code", restarts=5)), Verdict.CONFIRMED),
    "out_of_memory": (away(service=ended("oom-kill", restarts=5)), Verdict.CONFIRMED),
    "not_serving_yet": (
        refused_everywhere((*LED, dead("node3", service=service(running_s=40.0)))),
        Verdict.CONFIRMED,
    ),
    "node_hangs": ((*map(misses_one, LED), hung()), Verdict.CONFIRMED),
    "node_unreachable": (tuple(map(no_ping_to_node3, HOST_GONE)), Verdict.CONFIRMED),
    "not_following": (
        (
            sampled("node1", cuts=CUT),
            sampled("node2"),
            sampled("node3", behind=900, gains_per_s=-100, cuts=CUT),
        ),
        Verdict.CONFIRMED,
    ),
    "snapshot_stuck": (
        with_node3(5000, gains_per_s=-100, log=log(200.0, snapshot_failed=1)),
        Verdict.CONFIRMED,
    ),
    "stays_behind": (with_node3(5000, gains_per_s=-30, log=log()), Verdict.LIKELY),
    "closing_the_gap": (
        with_node3(5000, gains_per_s=100, service=service(running_s=30.0)),
        Verdict.CONFIRMED,
    ),
    "page_unseen": (
        with_node3(**UNSEEN),
        Verdict.CONFIRMED,
    ),
    "all_serve": (with_node3(), Verdict.CONFIRMED),
}


@pytest.mark.parametrize("cause", STATES)
def test_each_state_of_a_node_is_told_apart(cause: str) -> None:
    nodes, verdict = STATES[cause]
    top = diagnose(*nodes).top
    assert (top.cause, top.verdict, top.nodes) == (cause, verdict, () if cause == "all_serve" else ("node3",))


@pytest.mark.parametrize("cause", [each for each in STATES if each not in ("node_stopped", "node_hangs")])
def test_only_a_stopped_and_a_hung_node_have_a_button(cause: str) -> None:
    assert diagnose(*STATES[cause][0]).offers == ()


def test_a_stopped_node_may_be_started_and_the_plan_is_bound_to_it() -> None:
    read = evidence(*away(service=ended()))
    (remedy,) = node_recovery.diagnose(read).offers
    plan = node_recovery.plan(remedy, read)
    assert [(step.action.type, step.action.node, step.shown) for step in plan.steps] == [
        ("start_service", "node3", "systemctl start neumann")
    ]
    assert (remedy.name, plan.bound.leader, plan.bound.boot_ids) == (START_ONE, "node1", {"node3": "boot-1"})


def test_of_two_stopped_nodes_one_is_started_and_the_other_named_as_next() -> None:
    members = [sampled(name, names=FIVE) for name in FIVE[:3]]
    found = diagnose(*members, *(dead(name, names=FIVE, service=ended()) for name in FIVE[3:]))
    (remedy,) = found.offers
    assert (found.top.nodes, [action.node for action in remedy.actions]) == (("node4", "node5"), ["node4"])
    assert "node5 next, once it serves" in remedy.reason


def test_a_hung_node_may_be_restarted_while_a_majority_stays() -> None:
    (remedy,) = diagnose(*STATES["node_hangs"][0]).offers
    assert (remedy.name, [action.type for action in remedy.actions]) == (RESTART_HUNG, ["restart_service"])


REFUSED: dict[str, tuple[NodeEvidence, ...]] = {
    "a unit that is masked": away(service=ended(state="inactive", result="success", load="masked")),
    "a service that nobody read": refused_everywhere(away(service=missing("no answer"))),
    "a crash of which the disk was not read": away(service=ended(), disk=missing("no answer")),
    "a crash of which the log was not read": away(service=ended(), log=missing("no answer")),
    "a hung node beside one that is far behind": (
        misses_one(sampled("node1")),
        misses_one(sampled("node2", behind=5000)),
        hung(),
    ),
    "a hung node without room": (*map(misses_one, LED), hung(disk=disk(9_000_000))),
    "a page that hangs, of a node that gossip holds well": (*LED, hung()),
    "a page that hangs, of a node that writes its log": (*map(misses_one, LED), hung(log=log(0.2))),
}


@pytest.mark.parametrize("what", REFUSED)
def test_no_button_for(what: str) -> None:
    found = diagnose(*REFUSED[what])
    assert found.offers == ()
    assert all(remedy.reason.endswith((".", "`.")) for each in found.findings for remedy in each.remedies)


def test_a_clean_stop_needs_no_log_to_be_one() -> None:
    found = diagnose(*away(service=ended("success", state="inactive"), log=missing("no answer")))
    assert (found.top.verdict, len(found.offers)) == (Verdict.CONFIRMED, 1)
    assert "ask first" in found.offers[0].reason


OPEN: dict[str, tuple[tuple[NodeEvidence, ...], str, str]] = {
    "a process that is gone, without its manager": (
        refused_everywhere(away(service=missing("no answer"))),
        "node_stopped",
        "the service on node3",
    ),
    "a lag that was read once": (
        with_node3(5000, metrics_again=missing("no answer")),
        "stays_behind",
        "a second look at the indexes of node3",
    ),
    "a gap of a process that was just started": (
        with_node3(5000, service=service(running_s=30.0)),
        "stays_behind",
        "it may be at its snapshot",
    ),
    "a gap beside a log that was not read": (
        with_node3(5000, log=missing("no answer")),
        "stays_behind",
        "the log of node3",
    ),
    "a level page whose service was not read": (
        with_node3(service=missing("no answer")),
        "node_not_known",
        "nobody says whether it keeps crashing",
    ),
    "a page that answered and then refused": (
        with_node3(metrics_again=missing("connection refused", kind=MissingKind.REFUSED)),
        "node_not_known",
        "another look at node3",
    ),
    "a node that calls itself unwell": (
        with_node3(health=known(Health(status="degraded"))),
        "node_not_known",
        "why node3 calls itself unwell",
    ),
    "a log that told of damage about when its process was started": (
        with_node3(service=service(running_s=40.0), log=log(2.0, wal_damaged=1)),
        "log_damaged",
        "before its process was started, or since",
    ),
    "a log that told of damage, of a service that nobody read": (
        with_node3(service=missing("no answer"), log=log(2.0, wal_damaged=1)),
        "log_damaged",
        "before its process was started, or since",
    ),
    "a page that refuses the bot, of a process that has just begun": (
        with_node3(
            **REFUSING,
            service=service(running_s=2.0),
        ),
        "page_unseen",
        "it may just have begun",
    ),
    "a level page of a process that has just begun, and is refused to the leader": (
        (
            *LED,
            sampled("node3", 100, -100, service=service(running_s=2.0), cuts={("node3", "node1"): "refused"}),
        ),
        "not_following",
        "it may be crashing",
    ),
    "a silent host that nobody else looked for": (
        (*(sampled(name, connects=missing("no answer")) for name in ("node1", "node2")), silent("node3")),
        "node_not_known",
        "the page of node3",
    ),
}


@pytest.mark.parametrize("what", OPEN)
def test_what_could_not_be_read_is_left_open_and_named(what: str) -> None:
    nodes, cause, lacks = OPEN[what]
    top = diagnose(*nodes).top
    assert (top.cause, top.verdict) == (cause, Verdict.UNDETERMINED)
    assert lacks in (top.would_decide or "")


def test_nodes_of_which_the_same_is_open_share_a_phrase() -> None:
    unread = missing("the agent cannot be reached")
    top = diagnose(*(sampled(name, service=unread) for name in ("node1", "node2", "node3"))).top
    assert top.would_decide == (
        "the service on node1, node2 and node3: its page answers, and nobody says whether it keeps crashing"
    )


def test_an_agent_that_reads_a_page_which_everybody_else_is_refused_is_not_believed() -> None:
    found = diagnose(*refused_everywhere(with_node3(**REFUSING)))
    assert (found.top.cause, found.top.verdict, found.offers) == ("node_not_known", Verdict.UNDETERMINED, ())


def test_a_page_that_answers_counts_for_more_than_a_manager_that_calls_it_failed() -> None:
    assert diagnose(*with_node3(service=ended())).top.cause == "all_serve"


def test_many_restarts_of_long_ago_are_no_crash_loop() -> None:
    assert diagnose(*with_node3(service=service(running_s=9_000.0, restarts=40))).top.cause == "all_serve"


def test_a_process_that_waits_for_its_third_start_is_likely_to_crash_on() -> None:
    found = diagnose(*refused_everywhere(away(service=ended("exit-code", state="unknown", restarts=2))))
    assert (found.top.cause, found.top.verdict, found.offers) == ("keeps_crashing", Verdict.LIKELY, ())


def test_a_node_on_its_way_back_is_told_with_its_speed_and_the_time_it_takes() -> None:
    found = diagnose(*STATES["closing_the_gap"][0])
    assert found.summary == "The gap between node3 and the leader closes, in about 50 s at this speed."
    assert "5000 entries behind node1 and gains 100 a second" in found.top.evidence_for[0]


def test_what_a_busy_leader_commits_in_a_second_is_no_lag() -> None:
    assert diagnose(*with_node3(90)).top.cause == "all_serve"
    assert diagnose(*with_node3(110)).top.cause == "stays_behind"


def test_a_damaged_log_has_a_warning_and_no_button() -> None:
    (remedy,) = diagnose(*STATES["log_damaged"][0]).top.remedies
    assert (remedy.name, remedy.offered) == (BY_HAND, False)
    assert "Never run `neumann-admin wal-repair --skip-corrupted`" in remedy.reason


def test_a_serving_node_whose_log_tells_of_damage_is_not_well() -> None:
    """It was told within the last minute of the log, and the process has run for a day."""
    found = diagnose(*with_node3(log=log(2.0, wal_damaged=1)))
    assert (found.top.cause, found.top.verdict, found.top.nodes) == (
        "log_damaged",
        Verdict.LIKELY,
        ("node3",),
    )
    assert found.summary == "Probably the log of record of node3 is damaged."
    assert found.offers == ()
    assert "Do not restart it" in found.top.remedies[0].reason


def test_a_node_that_serves_and_whose_log_was_not_read_is_not_said_to_be_well() -> None:
    nodes = with_node3(log=missing("permission denied"))
    top = diagnose(*nodes).top
    assert (top.cause, top.verdict, top.would_decide) == (
        "all_serve",
        Verdict.UNDETERMINED,
        "the log of node3",
    )
    assert recovered(*nodes)


def test_damage_is_told_also_of_a_node_that_falls_behind_or_serves_nothing() -> None:
    assert diagnose(*with_node3(5000, -30, log=log(2.0, wal_damaged=1))).top.cause == "log_damaged"
    serves_nothing = dead("node3", service=service(running_s=900.0), log=log(2.0, wal_damaged=1))
    assert diagnose(*refused_everywhere((*LED, serves_nothing))).top.cause == "log_damaged"


def test_a_log_that_was_read_whole_since_it_told_of_damage_is_sound() -> None:
    """Neumann does not start on a damaged log: this process was started after those lines."""
    mended = with_node3(service=service(running_s=120.0), log=log(300.0, wal_damaged=1))
    assert diagnose(*mended).top.cause == "all_serve"


def test_a_hung_node_whose_log_may_be_damaged_is_not_restarted() -> None:
    found = diagnose(
        *map(misses_one, LED), hung(log=log(80.0, wal_damaged=1), service=service(running_s=90.0))
    )
    assert (found.top.cause, found.offers) == ("node_hangs", ())
    assert "may be damaged" in found.top.remedies[0].reason


@pytest.mark.parametrize("restarts", [None, 1, 2, 5])
def test_what_systemd_gave_up_is_not_offered_a_start_as_its_cure(restarts: int | None) -> None:
    limit = service(state="failed", pid=None, result="start-limit-hit", restarts=restarts)
    found = diagnose(*away(service=limit))
    assert (found.top.cause, found.top.verdict, found.offers) == ("keeps_crashing", Verdict.CONFIRMED, ())
    assert "then start it once" in found.top.remedies[0].reason


def test_what_was_started_by_hand_until_systemd_refused_may_be_started() -> None:
    """Its manager restarted it not once, so it did not crash: each start was somebody's."""
    limit = service(state="failed", pid=None, result="start-limit-hit", restarts=0)
    found = diagnose(*away(service=limit))
    assert (found.top.cause, [remedy.name for remedy in found.offers]) == ("node_stopped", [START_ONE])


def test_a_snapshot_that_only_the_leader_complains_of_is_likely() -> None:
    leader = sampled("node1", log=log(100.0, snapshot_failed=2))
    top = diagnose(leader, LED[1], sampled("node3", 5000, -100)).top
    assert (top.cause, top.verdict) == ("snapshot_stuck", Verdict.LIKELY)


def test_two_nodes_are_told_in_one_sentence() -> None:
    members = [sampled(name, names=FIVE) for name in FIVE[:3]]
    slow = sampled("node4", 5000, -30, names=FIVE, log=log())
    found = diagnose(*members, slow, dead("node5", names=FIVE, service=ended()))
    assert found.summary == "node5 stopped; probably the gap between node4 and the leader does not close."


def test_without_a_leader_the_election_comes_first_and_nothing_is_offered() -> None:
    found = diagnose(node("node1"), dead("node2", service=ended()), dead("node3", service=ended()))
    assert (found.top.cause, found.top.verdict, found.offers) == ("leader_first", Verdict.CONFIRMED, ())
    assert "down: node2 and node3" in found.top.evidence_for


def test_whether_anybody_leads_is_open_while_a_page_is_missing() -> None:
    top = diagnose(node("node1"), silent("node2"), silent("node3")).top
    assert (top.cause, top.verdict) == ("leader_first", Verdict.UNDETERMINED)


def test_a_leader_that_only_refuses_may_be_behind_a_firewall() -> None:
    """One node's word that all others refuse it is not known to be the end of all others."""
    alone = node("node3", cuts={("node3", "node1"): "refused", ("node3", "node2"): "refused"})
    top = diagnose(silent("node1"), silent("node2"), alone).top
    assert (top.cause, top.verdict) == ("leader_first", Verdict.UNDETERMINED)


def recovered(*nodes: NodeEvidence) -> bool:
    return node_recovery.is_recovered(evidence(*nodes)).is_recovered


def test_it_has_recovered_when_every_node_serves_and_is_level() -> None:
    recovery = node_recovery.is_recovered(evidence(*with_node3()))
    assert (recovery.is_recovered, recovery.sentence) == (
        True,
        "All 3 nodes serve, level to within 0 entries",
    )


@pytest.mark.parametrize("cause", [cause for cause in STATES if cause != "all_serve"])
def test_it_has_not_recovered_in_any_other_state(cause: str) -> None:
    assert not recovered(*STATES[cause][0])


@pytest.mark.parametrize("what", OPEN)
def test_it_has_not_recovered_while_something_is_open(what: str) -> None:
    assert not recovered(*OPEN[what][0])


def test_an_empty_cluster_is_judged() -> None:
    read = Evidence(cluster="demo", started_at=NOON, nodes=())
    assert node_recovery.diagnose(read).top.cause == "leader_first"
