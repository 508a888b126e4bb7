"""Readings that are not taken at face value: unread, contradicting themselves, not borne out by others."""

from __future__ import annotations

from typing import Any

from runbooks import leader_election
from runbooks.evidence import Config, Connect, Evidence, Log, NodeEvidence, Ping, Reading, Role, Service
from runbooks.leader_election.causes import RootCause
from runbooks.model import SURE, Verdict
from tests.builders import NOON, cut, dead, evidence, known, late, missing, node

THREE = ("node1", "node2", "node3")
FIVE = (*THREE, "node4", "node5")


def sure(read: Evidence) -> dict[str, Verdict]:
    findings = leader_election.diagnose(read).findings
    return {finding.cause: finding.verdict for finding in findings if finding.verdict in SURE}


def mute(name: str, names: tuple[str, ...] = THREE, **more: Any) -> NodeEvidence:
    """A node whose page answers nobody in time, and whose log is idle."""
    pages: dict[str, Any] = {kind: late() for kind in ("metrics", "metrics_again", "health")}
    log = Log(path="/var/log/n.log", window_s=60, bytes_read=0, counts={}, silent_s=4000.0)
    local = late("No answer within 2 s.", by=f"agent:{name}")
    given = {"log": known(log, by=f"agent:{name}"), "local_metrics": local, **pages, **more}
    return node(name, names=names, **given)


def test_a_page_that_hangs_beside_gossip_that_is_well_is_no_hung_process() -> None:
    read = evidence(*(mute(n, FIVE) for n in FIVE[:3]), *(node(n, names=FIVE) for n in FIVE[3:]))
    assert RootCause.PROCESS_HUNG not in sure(read)


def test_where_no_gossip_was_read_a_page_that_hangs_at_home_too_is_a_hung_process() -> None:
    silent_gossip = [without_gossip(node(n, names=FIVE)) for n in FIVE[3:]]
    read = evidence(*(mute(n, FIVE) for n in FIVE[:3]), *silent_gossip)
    assert sure(read) == {RootCause.PROCESS_HUNG: Verdict.LIKELY}


def without_gossip(read: NodeEvidence) -> NodeEvidence:
    page = read.metrics.value
    assert page
    bare = known(page.model_copy(update={"gossip_failed": None, "gossip_healthy": None}))
    return read.model_copy(update=dict.fromkeys(("metrics", "metrics_again", "local_metrics"), bare))


def test_a_process_that_has_run_for_days_is_in_no_crash_loop_whatever_was_counted() -> None:
    old = Service(state="active", restarts=99, result="exit-code", running_s=500_000.0)
    read = evidence(node("node1", service=known(old)), dead("node2"), node("node3"))
    assert RootCause.CRASH_LOOP not in sure(read)


def test_pings_that_one_agent_alone_sees_answered_do_not_make_a_dead_host_live() -> None:
    gone: dict[str, Any] = {kind: late() for kind in NodeEvidence.model_fields if kind != "node"}
    cuts = cut(*((one, dead_one) for one in FIVE[:2] for dead_one in FIVE[2:]))
    nodes = [node(n, names=FIVE, cuts=cuts, gossip_failed=3) for n in FIVE[:2]]
    nodes = [
        n.model_copy(update={"pings": pings(n.node, lost=FIVE[2:] if n.node != "node1" else ())})
        for n in nodes
    ]
    dead_hosts = [node(n, names=FIVE, **gone) for n in FIVE[2:]]
    read = evidence(*nodes, *dead_hosts)
    assert RootCause.NETWORK_PARTITION not in sure(read)
    assert RootCause.PARTIAL_PARTITION not in sure(read)


def pings(name: str, lost: tuple[str, ...]) -> Reading[Any]:
    told = tuple(
        Ping(peer=peer, sent=20, received=0 if peer in lost else 20) for peer in FIVE if peer != name
    )
    return Reading[tuple[Ping, ...]](value=told, by=f"agent:{name}", at=NOON)


def test_late_connects_say_nothing_of_the_links_where_no_ping_was_read() -> None:
    starved = evidence(*(starving(n) for n in THREE))
    assert sure(starved) == {}
    assert leader_election.diagnose(starved).can_elect == "undetermined"


def starving(name: str) -> NodeEvidence:
    told = tuple(
        Connect(peer=peer, port=port, result="timeout")
        for peer in THREE
        if peer != name
        for port in ("raft", "gossip")
    )
    connects = Reading[tuple[Connect, ...]](value=told, by=f"agent:{name}", at=NOON, took_ms=1_600.0)
    return node(name, connects=connects, pings=missing("not read"))


def test_a_node_that_takes_over_terms_writes_its_log_whatever_its_own_says() -> None:
    failing = Log(path="/var/log/n.log", window_s=60, bytes_read=9, counts={"wal_failed": 90}, silent_s=1.0)
    stands = node("node1", log=known(failing), elections=(3, 6))
    again = stands.metrics_again.value
    assert again
    risen = stands.model_copy(
        update={"metrics_again": known(again.model_copy(update={"term": 10}), at=stands.metrics_again.at)}
    )
    still = evidence(stands, dead("node2"), node("node3"))
    assert RootCause.STORAGE_FULL in sure(still)
    assert RootCause.STORAGE_FULL not in sure(evidence(risen, dead("node2"), node("node3")))


def test_a_log_whose_newest_lines_do_not_bear_out_its_counts_is_no_witness() -> None:
    counted_only = Log(
        path="/var/log/n.log",
        window_s=60,
        bytes_read=9,
        counts={"wal_failed": 90},
        excerpts=("2026-11-24T12:00:00Z INFO tensor_chain: Starting election new_term=9",),
        silent_s=1.0,
    )
    read = evidence(node("node1", log=known(counted_only)), dead("node2"), node("node3"))
    assert RootCause.STORAGE_FULL not in sure(read)


def test_without_a_leader_or_a_cause_a_log_that_was_not_read_leaves_it_open_whether_it_can_elect() -> None:
    unread = evidence(*(node(n, log=missing("the agent does not take this reading")) for n in THREE))
    assert leader_election.diagnose(unread).can_elect == "undetermined"
    assert leader_election.diagnose(evidence(*map(node, THREE))).can_elect == "yes"
    one = evidence(node("node1", log=missing("not read")), node("node2"), node("node3"))
    assert leader_election.diagnose(one).can_elect == "yes", "the other two are enough"


def test_what_is_committed_shows_a_leader_that_no_page_names() -> None:
    unseen: dict[str, Any] = {
        kind: late() for kind in ("metrics", "metrics_again", "health", "local_metrics")
    }
    read = evidence(node("node1", commits=30), dead("node2"), node("node3", **unseen))
    assert leader_election.diagnose(read).top.cause in (RootCause.ALERT_STALE, RootCause.MONITORING_BLIND)
    committing = evidence(*(node(n, commits=30) for n in THREE[:2]), node("node3", **unseen))
    assert leader_election.diagnose(committing).can_elect == "yes"


def test_timeouts_at_both_ends_are_a_cut_for_certain_only_where_pings_tell_it_from_loss() -> None:
    pairs = [(one, other) for one in THREE for other in THREE if one != other]
    nodes = [node(n, cuts=cut(*pairs)) for n in THREE]
    assert sure(evidence(*nodes)) == {RootCause.NETWORK_PARTITION: Verdict.CONFIRMED}
    unpinged = [n.model_copy(update={"pings": missing("not read")}) for n in nodes]
    assert sure(evidence(*unpinged)) == {RootCause.NETWORK_PARTITION: Verdict.LIKELY}


def test_of_two_ports_that_whole_lists_disagree_on_the_documented_one_is_right() -> None:
    lists = {"node1": 7878, "node2": 7878, "node3": 7979, "node4": 7979}
    nodes = [
        node(
            n,
            names=tuple(lists),
            config=known(Config(path="/etc/n.toml", sha256="ab" * 32, peers=addressed(n, port))),
        )
        for n, port in lists.items()
    ]
    diagnosis = leader_election.diagnose(evidence(*nodes))
    assert (diagnosis.top.cause, diagnosis.top.nodes[-2:]) == (RootCause.PEER_LIST_WRONG, ("node3", "node4"))
    assert diagnosis.can_elect == "no"


def addressed(name: str, port: int) -> tuple[str, ...]:
    """Return three peers, by name in the lists of one port and by address in those of the other."""
    peers = [peer for peer in (*THREE, "node4") if peer != name]
    return tuple(
        f"10.0.0.{peer[-1]}:{port}" if name in ("node3", "node4") else f"{peer}:{port}" for peer in peers
    )


def test_clocks_of_stopped_nodes_are_stepped_where_two_of_them_are_off() -> None:
    read = evidence(
        dead("node1", offset_ms=1900.0), dead("node2", offset_ms=-2400.0), node("node3", gossip_failed=2)
    )
    assert {remedy.name for remedy in leader_election.diagnose(read).offers} == {"start_nodes", "clock_sync"}


def test_a_heartbeat_above_the_timeout_is_named_even_where_no_election_was_seen() -> None:
    slow = Config(
        path="/etc/n.toml",
        sha256="ab" * 32,
        election_timeout_min_ms=150,
        election_timeout_max_ms=300,
        heartbeat_interval_ms=200,
    )
    read = evidence(*(node(n, config=known(slow), role=Role.FOLLOWER) for n in THREE))
    assert sure(read) == {RootCause.AGGRESSIVE_TIMEOUTS: Verdict.LIKELY}


def test_a_port_that_most_lists_have_may_be_the_mistake_where_another_has_the_documented_one() -> None:
    lists = {"node1": 7878, "node2": 7979, "node3": 7979}
    nodes = [
        node(n, config=known(Config(path="/etc/n.toml", sha256="ab" * 32, peers=named(n, port))))
        for n, port in lists.items()
    ]
    assert leader_election.diagnose(evidence(*nodes)).can_elect == "undetermined"
    one = [
        node(n, config=known(Config(path="/etc/n.toml", sha256="ab" * 32, peers=named(n, port))))
        for n, port in {**lists, "node2": 7878}.items()
    ]
    assert leader_election.diagnose(evidence(*one)).can_elect == "yes"


def named(name: str, port: int) -> tuple[str, ...]:
    return tuple(f"{peer}:{port}" for peer in THREE if peer != name)
