"""Whom the runbook believes: one agent alone, several, and Neumann's own gossip beside them."""

from typing import Any

import pytest

from runbooks import leader_election
from runbooks.evidence import Config, Disk, Evidence, Log, NodeEvidence, Role, Service
from runbooks.leader_election.causes import RootCause
from runbooks.model import SURE, Verdict
from tests.builders import cut, dead, evidence, known, late, missing, node, remedy_of, silent

FOUR = ("node1", "node2", "node3", "node4")
FIVE = (*FOUR, "node5")
OVER_HTTP = ("metrics", "metrics_again", "health")


def sure_causes(read: Evidence) -> set[str]:
    return {finding.cause for finding in leader_election.diagnose(read).findings if finding.verdict in SURE}


def one_way_beside_a_stopped_node(*, missed: bool) -> Evidence:
    """node1 reaches nobody, node3 is stopped; whether node2's gossip misses node1 too."""
    cuts = cut(("node1", "node2"), ("node1", "node3"))
    return evidence(
        node("node1", cuts=cuts, gossip_failed=1),
        node("node2", cuts=cuts, gossip_failed=2 if missed else 1),
        dead("node3", cuts=cuts),
    )


def test_an_agent_whose_connects_all_fail_is_believed_where_peers_gossip_misses_the_node_too() -> None:
    assert sure_causes(one_way_beside_a_stopped_node(missed=True)) == {
        RootCause.ASYMMETRIC_PARTITION,
        RootCause.QUORUM_LOSS,
    }


def test_the_same_agent_alone_does_not_cut_links_but_the_stopped_node_is_told_and_started() -> None:
    diagnosis = leader_election.diagnose(one_way_beside_a_stopped_node(missed=False))
    assert (diagnosis.top.cause, diagnosis.top.verdict) == (RootCause.QUORUM_LOSS, Verdict.LIKELY)
    assert [remedy.name for remedy in diagnosis.offers] == ["start_nodes"]
    assert diagnosis.can_elect == "undetermined"


@pytest.mark.parametrize(("liar_says", "verdict"), [(None, Verdict.CONFIRMED), ("timeout", Verdict.LIKELY)])
def test_halves_keep_their_name_under_one_liar_but_are_no_longer_certain(
    liar_says: str | None, verdict: Verdict
) -> None:
    halves = [(a, b) for a in ("node1", "node4") for b in ("node2", "node3")]
    cuts = cut(*halves, *((b, a) for a, b in halves))
    if liar_says:
        cuts |= cut(*(("node3", peer) for peer in ("node1", "node2", "node4")), result=liar_says)
    top = leader_election.diagnose(
        evidence(*(node(n, names=FOUR, cuts=cuts, gossip_failed=2) for n in FOUR))
    ).top
    assert (top.cause, top.verdict) == (RootCause.EVEN_SPLIT, verdict)


def with_peers(name: str, addresses: dict[str, str], **more: Any) -> NodeEvidence:
    build = dead if more.pop("stopped", False) else node
    config = Config(
        path="/etc/neumann/config.toml",
        sha256="ab" * 32,
        election_timeout_min_ms=150,
        election_timeout_max_ms=300,
        peers=tuple(f"{peer}={address}" for peer, address in addresses.items()),
    )
    return build(name, names=FIVE, config=known(config, by=f"agent:{name}"), **more)


def test_two_wrong_peer_lists_of_five_accuse_only_themselves() -> None:
    right = {name: f"10.0.0.{number}:7878" for number, name in enumerate(FIVE, start=1)}

    def listed(name: str, turned: int) -> dict[str, str]:
        peers = [peer for peer in FIVE if peer != name]
        return {peer: right[peers[(at + turned) % len(peers)]] for at, peer in enumerate(peers)}

    wrong = ("node3", "node5")
    nodes = [with_peers(n, listed(n, 1 if n in wrong else 0), stopped=n == "node2") for n in FIVE]
    diagnosis = leader_election.diagnose(evidence(*nodes))
    accused = {
        line.split("'s peer list")[0]
        for finding in diagnosis.findings
        if finding.cause == RootCause.PEER_LIST_WRONG
        for line in finding.evidence_for
    }
    assert accused == set(wrong)
    assert {RootCause.PEER_LIST_WRONG, RootCause.QUORUM_LOSS} <= sure_causes(evidence(*nodes))


def test_a_common_list_of_seeds_that_the_liar_alone_contradicts_accuses_nobody() -> None:
    """node2 lists the seeds, itself one, and node3 is none; node1 says that its peers are others."""
    nodes = [
        with_peers("node1", {"old1": "old1:7878", "old2": "old2:7878"}),
        with_peers("node2", {"node1": "node1:7878", "node2": "node2:7878"}),
        silent("node3"),
    ]
    found = {f.cause: f for f in leader_election.diagnose(evidence(*nodes)).findings}
    assert not any(line.startswith("node2's") for line in found[RootCause.PEER_LIST_WRONG].evidence_for)
    assert found[RootCause.PEER_LIST_WRONG].verdict != Verdict.CONFIRMED


@pytest.mark.parametrize(
    ("meeting_others", "verdict"),
    [(("node1",), Verdict.CONFIRMED), (("node1", "node2", "node3"), Verdict.LIKELY)],
)
def test_ids_that_right_lists_meet_as_well_bear_no_list_out(
    meeting_others: tuple[str, ...], verdict: Verdict
) -> None:
    """An id that two nodes have is met by everybody, whatever a list says."""

    def member(name: str) -> NodeEvidence:
        peers = FIVE if name != "node1" else ("old1", "old2", "old3", "old4", "old5")
        counts = {"peer_mismatch": 12} if name in meeting_others else {}
        log = Log(path="/var/log/neumann/tensor_chain.log", window_s=60, bytes_read=900, counts=counts)
        listed = {peer: f"{peer}:7878" for peer in peers if peer != name}
        down = name in ("node4", "node5")
        return with_peers(name, listed, log=known(log, by=f"agent:{name}"), stopped=down)

    findings = leader_election.diagnose(evidence(*map(member, FIVE))).findings
    assert {f.cause: f.verdict for f in findings}[RootCause.PEER_LIST_WRONG] == verdict


def hung(name: str) -> NodeEvidence:
    silent: dict[str, Any] = {kind: late() for kind in ("metrics", "metrics_again", "health")}
    log = Log(path="/var/log/neumann/tensor_chain.log", window_s=60, bytes_read=0, counts={}, silent_s=90.0)
    local = late("No answer within 2 s.", by=f"agent:{name}")
    return node(name, log=known(log, by=f"agent:{name}"), local_metrics=local, **silent)


@pytest.mark.parametrize(
    ("ahead_ms", "cause", "verdict"),
    [(0.0, RootCause.PROCESS_HUNG, Verdict.CONFIRMED), (9000.0, RootCause.CLOCK_SKEW, Verdict.LIKELY)],
)
def test_gossip_that_clocks_explain_bears_no_hung_process_out(
    ahead_ms: float, cause: RootCause, verdict: Verdict
) -> None:
    """Pages for which only the bot waited in vain, and logs that are idle, are no second witness."""

    def away(name: str, offset_ms: float) -> NodeEvidence:
        untaken = missing("the agent does not take this reading", by=f"agent:{name}")
        clock = node(name, offset_ms=offset_ms).clock
        return hung(name).model_copy(update={"local_metrics": untaken, "clock": clock})

    log = Log(path="/var/log/neumann/tensor_chain.log", window_s=60, bytes_read=9, counts={}, silent_s=1.0)
    left = node("node3", role=Role.CANDIDATE, gossip_failed=2, log=known(log))
    diagnosis = leader_election.diagnose(evidence(away("node1", ahead_ms), away("node2", -ahead_ms), left))
    assert (diagnosis.top.cause, diagnosis.top.verdict) == (cause, verdict)
    sure = {f.cause for f in diagnosis.findings if f.verdict is Verdict.CONFIRMED}
    assert sure == ({cause} if verdict is Verdict.CONFIRMED else set())


def test_where_every_process_hangs_their_own_hosts_are_the_second_witness() -> None:
    top = leader_election.diagnose(evidence(*map(hung, ("node1", "node2", "node3")))).top
    assert (top.cause, top.verdict) == (RootCause.PROCESS_HUNG, Verdict.LIKELY)


def test_a_page_that_an_agent_never_read_is_no_witness_of_a_hung_process() -> None:
    untaken = missing("the agent does not take this reading", by="agent:node1")
    nodes = [hung(n).model_copy(update={"local_metrics": untaken}) for n in ("node1", "node2", "node3")]
    assert leader_election.diagnose(evidence(*nodes)).top.cause == RootCause.NONE_KNOWN


def test_clocks_that_gossip_blames_only_for_a_cut_link_stay_a_doubt() -> None:
    # node2 and node3 do not reach each other; node1 reaches both, and its clock is read far off.
    cuts = cut(("node2", "node3"), ("node3", "node2"))
    read = evidence(
        node("node1", cuts=cuts, offset_ms=9000.0),
        node("node2", cuts=cuts, gossip_failed=1),
        node("node3", cuts=cuts, gossip_failed=1),
    )
    found = {finding.cause: finding.verdict for finding in leader_election.diagnose(read).findings}
    assert found[RootCause.CLOCK_SKEW] is not Verdict.CONFIRMED
    assert not remedy_of(read, "clock_sync").offered


def test_a_service_that_was_started_again_and_again_loops_even_while_it_is_up() -> None:
    """systemd says `Result=success` as soon as it has started the process again."""

    def looping(name: str) -> NodeEvidence:
        service = Service(state="active", pid=4711, restarts=9, result="success", running_s=1.5)
        refused: dict[str, Any] = dict.fromkeys(OVER_HTTP, missing("connection refused"))
        local = missing("The metrics page refused the connection.", by=f"agent:{name}")
        return node(name, service=known(service, by=f"agent:{name}"), local_metrics=local, **refused)

    top = leader_election.diagnose(evidence(node("node1"), looping("node2"), looping("node3"))).top
    assert (top.cause, top.verdict) == (RootCause.CRASH_LOOP, Verdict.CONFIRMED)
    assert top.nodes == ("node2", "node3")


def test_a_leader_between_many_elections_may_be_a_lull() -> None:
    log = Log(path="/var/log/neumann/x.log", window_s=60, bytes_read=900, counts={"election_started": 3})
    calm = [node(n, commits=5, log=known(log, by=f"agent:{n}")) for n in ("node1", "node2", "node3")]
    calm[0] = node("node1", role=Role.LEADER, commits=5, log=known(log, by="agent:node1"))
    top = leader_election.diagnose(evidence(*calm)).top
    assert (top.cause, top.verdict) == (RootCause.ALERT_STALE, Verdict.LIKELY)
    assert any("lull" in line for line in top.evidence_against)


def test_a_leader_whose_majority_cannot_write_is_no_leader() -> None:
    full: dict[str, Any] = {
        "disk": known(Disk(path="/var/lib/neumann", free_bytes=10_000_000, total_bytes=10**9), by="agent"),
        "log": known(
            Log(
                path="/var/log/neumann/x.log",
                window_s=60,
                bytes_read=900,
                counts={"disk_space_low": 4, "wal_failed": 4},
            ),
            by="agent",
        ),
    }
    nodes = (node("node1", role=Role.LEADER, **full), node("node2", **full), node("node3"))
    diagnosis = leader_election.diagnose(evidence(*nodes))
    assert diagnosis.top.cause == RootCause.STORAGE_FULL
    assert RootCause.ALERT_STALE not in {finding.cause for finding in diagnosis.findings}
