"""Every live scenario. What a lab cannot make honestly is not here.

Not here: a disk that is merely slow (it would have to be the machine's own).
"""

from __future__ import annotations

from lab.cluster.cluster import NetworkKind
from lab.faults import FAULTS
from lab.live import inside, network, nodes, surroundings
from lab.live.scenario import ANY_NETWORK, LiveScenario, Sight, Step, Wants
from lab.node.condition import Condition
from lab.scenarios.fault import buttons
from lab.scenarios.scenario import Button, Family, Truth

N1, N2, N3, N4, N5 = "node1", "node2", "node3", "node4", "node5"
THREE = (N1, N2, N3)
START_TWO = buttons("start_service", (N1, N2))
WIDEN = buttons("set_election_timeouts", THREE) | buttons("restart_service", THREE)

CUT_S = 5.0
"""The lab's leader notices after three seconds that it lost its majority."""

GOSSIP_S = 8.0
"""Gossip holds a silent peer suspect after three seconds, and failed after six."""

SILENT_S = 13.0
"""... and only a log that has been silent for ten speaks for a hung process."""

DISK_MIB = 256
PROXIES: frozenset[NetworkKind] = frozenset({"proxies"})
NAMESPACES: frozenset[NetworkKind] = frozenset({"namespaces"})


def _fault(
    name: str,
    number: int,
    causes: str,
    inject: Step,
    settle_s: float,
    *,
    wanted: frozenset[Button] = frozenset(),
    open_to_doubt: bool = False,
    family: Family | None = None,
    node_count: int = 3,
    disk_mib: int | None = None,
    is_led: bool = False,
    networks: frozenset[NetworkKind] = ANY_NETWORK,
    wants: Wants | None = None,
) -> LiveScenario:
    truth = Truth(frozenset(causes.split()), open_to_doubt, wanted)
    family = family or ("single" if len(truth.causes) == 1 else "compound")
    return LiveScenario(
        name,
        number,
        family,
        truth,
        inject,
        settle_s,
        node_count,
        is_led=is_led,
        networks=networks,
        disk_mib=disk_mib,
        wants=wants,
    )


def _no_fault(
    name: str,
    number: int,
    inject: Step,
    settle_s: float,
    *,
    sight: Sight = "clear",
    disk_mib: int | None = None,
    wants: Wants | None = None,
) -> LiveScenario:
    cause = "alert_stale" if sight == "clear" else "monitoring_blind"
    truth = Truth(frozenset({cause}))
    return LiveScenario(
        name,
        number,
        "negative",
        truth,
        inject,
        settle_s,
        sight=sight,
        is_led=True,
        disk_mib=disk_mib,
        wants=wants,
    )


LIVE: tuple[LiveScenario, ...] = (
    _fault("full-partition", 1, "network_partition", FAULTS["network-partition"].inject, CUT_S),
    _no_fault("leader-isolated", 2, network.isolate_leader, CUT_S),
    _fault(
        "split-2-2-1", 3, "network_partition", network.cut((N1, N2), (N3, N4), (N5,)), CUT_S, node_count=5
    ),
    _fault("two-killed", 4, "quorum_loss", nodes.kill(N1, N2), CUT_S, wanted=START_TWO),
    _fault("hosts-down", 5, "host_down", nodes.lose_hosts(N1, N2), GOSSIP_S, open_to_doubt=True),
    _fault(
        "killed-and-cut",
        6,
        "quorum_loss network_partition",
        nodes.all_of(nodes.kill(N2), network.cut((N1, N2), (N3,))),
        GOSSIP_S,
        wanted=buttons("start_service", (N2,)),
    ),
    _fault("raft-rejected", 7, "network_partition", network.everywhere("refuse", ("raft",)), CUT_S),
    _fault(
        "one-way-ring",
        8,
        "asymmetric_partition",
        network.one_way([(N1, N2), (N2, N3), (N3, N1)]),
        GOSSIP_S,
        networks=PROXIES,
    ),
    # Without the packets of one way no connect or ping succeeds on the other: nobody can tell which it is.
    _fault(
        "one-way-packets",
        8,
        "network_partition",
        network.one_way([(N1, N2), (N2, N3), (N3, N1)]),
        GOSSIP_S,
        networks=NAMESPACES,
    ),
    # In the lab, of each pair the later one dials, and both speak through that connection.
    _fault(
        "one-way-dials",
        8,
        "asymmetric_partition",
        network.one_way([(N2, N1), (N3, N1), (N3, N2)], ports=("raft",)),
        GOSSIP_S,
        networks=NAMESPACES,
    ),
    _no_fault("leader-mute", 8, network.mute_leader, GOSSIP_S),
    _no_fault("gossip-only", 9, network.everywhere("drop", ("gossip",)), GOSSIP_S),
    _no_fault("leader-unseen", 10, nodes.nothing, 1.0, sight="leader_unseen"),
    _no_fault("all-unseen", 11, nodes.nothing, 1.0, sight="all_unseen"),
    _fault(
        "clocks-apart",
        12,
        "clock_skew",
        FAULTS["clock-skew"].inject,
        CUT_S,
        wanted=buttons("clock_sync", (N2, N3)),
    ),
    # Who is held failed for its clock stands in ever higher terms, and unseats the leader once they meet.
    _no_fault("leader-clock-2s", 12, nodes.skew_leader, CUT_S, wants="clock_sync"),
    _fault(
        "killed-200ms-skew",
        13,
        "quorum_loss",
        nodes.all_of(nodes.clocks(node3=200.0), nodes.kill(N1, N2)),
        CUT_S,
        wanted=START_TWO,
    ),
    _no_fault("one-clock-900ms", 14, nodes.clocks(node2=900.0), CUT_S, wants="clock_sync"),
    _fault(
        "aggressive-timeouts",
        15,
        "aggressive_timeouts",
        FAULTS["aggressive-timeouts"].inject,
        4.0,
        wanted=WIDEN,
        networks=PROXIES,
    ),
    _fault("packet-loss", 16, "packet_loss", network.lose_packets, 4.0),
    _fault("wal-retries", 17, "slow_disk", inside.ail(Condition(wal_failures=2), *THREE), CUT_S),
    _fault(
        "two-disks-full",
        18,
        "storage_full",
        nodes.all_of(inside.fill_disks(N1, N2), network.unseat),
        CUT_S,
        disk_mib=DISK_MIB,
    ),
    _no_fault("leader-disk-full", 19, inside.fill_disk_of_leader, 1.0, disk_mib=DISK_MIB),
    _fault("certificates-expired", 20, "tls_failure", inside.expire_certificates(*THREE), CUT_S),
    _fault("two-certificates-expired", 20, "tls_failure", inside.expire_certificates(N1, N2), CUT_S),
    _fault("ids-swapped-on-two", 21, "peer_list_wrong", inside.swap_peer_ids(N2, N3), CUT_S),
    _no_fault("ids-swapped-on-one", 21, inside.swap_peer_ids(N3), CUT_S),
    _fault("even-split", 22, "even_split", network.cut((N1, N2), (N3, N4)), CUT_S, node_count=4),
    _no_fault("leader-killed", 23, nodes.kill_leader, CUT_S),
    _fault("leader-raft-dead", 24, "two_leaders", inside.kill_raft_of_leader, CUT_S, is_led=True),
    _no_fault("log-flood", 25, nodes.flood_logs, 0.5),
    _fault("two-hung", 26, "process_hung", nodes.freeze_leader_and_one, SILENT_S),
    _fault("crash-loop", 27, "crash_loop", inside.crash_loop(N1, N2, up_s=0.0), 0.5),
    _fault("crash-loop-up", 27, "crash_loop", inside.crash_loop(N1, N2, up_s=1.0), 0.5),
    _fault("laggard-stands", 28, "stale_log", inside.leave_a_laggard_standing, CUT_S, wants="start_service"),
    _no_fault("blip", 29, network.blip, CUT_S),
    _no_fault("hostile-log", 30, nodes.write_hostile_logs, 0.5),
    _fault(
        "hostile-log-two-killed",
        30,
        "quorum_loss",
        nodes.all_of(nodes.write_hostile_logs, nodes.kill(N1, N2)),
        CUT_S,
        wanted=START_TWO,
    ),
    _fault("raft-dead", 31, "none_known", inside.kill_every_raft, CUT_S),
    _fault("raft-dead-on-two", 31, "none_known", inside.kill_raft_of_followers, CUT_S),
    _fault(
        "killed-agent-dead",
        0,
        "quorum_loss",
        nodes.all_of(nodes.kill(N1, N2), nodes.kill_agent(N1)),
        CUT_S,
        wanted=START_TWO,
        open_to_doubt=True,
        family="missing",
    ),
    _fault(
        "two-hung-no-systemd",
        26,
        "process_hung",
        nodes.all_of(surroundings.take_managers_away, nodes.freeze_leader_and_one),
        SILENT_S,
        open_to_doubt=True,
        family="missing",
    ),
    _fault(
        "clocks-apart-no-ntp",
        12,
        "clock_skew",
        nodes.all_of(FAULTS["clock-skew"].inject, surroundings.take_time_sources_away),
        CUT_S,
        family="missing",
    ),
    # Two of three lists have another port than the documented one: which is right, no reading says.
    _fault(
        "ports-mistaken",
        21,
        "peer_list_wrong",
        inside.mistake_ports(N2, N3),
        CUT_S,
        open_to_doubt=True,
    ),
    _fault("two-replaying", 0, "quorum_loss", surroundings.replay(N1, N2), CUT_S),
    _no_fault("agents-starved", 0, surroundings.starve_agents, 1.0),
    _no_fault("healthy", 0, nodes.nothing, 1.0),
)
