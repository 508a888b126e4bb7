"""Handshakes that fail between nodes: which pairs fail, how sure that is, and what is no evidence at all."""

from __future__ import annotations

import pytest

from runbooks import leader_election
from runbooks.evidence import Log, NodeEvidence
from runbooks.leader_election.causes import RootCause
from runbooks.model import Diagnosis, Verdict
from tests.builders import dead, evidence, known, node

NAMES = ("node1", "node2", "node3")
EXPIRED = "invalid peer certificate: Expired"


def complaining(
    name: str, failed: int, *peers: str, why: str = EXPIRED, silent_s: float = 0.4, **more: object
) -> NodeEvidence:
    """A node whose log holds so many failed handshakes, with a line for each peer that dialled."""
    head = "2026-11-24T12:00:00Z WARN tensor_chain::tcp::transport: Failed to handle incoming connection from"
    log = Log(
        path="/var/log/neumann/tensor_chain.log",
        window_s=60,
        bytes_read=4_000,
        counts={"tls_failed": failed},
        excerpts=tuple(f"{head} {peer}: TLS error: TLS handshake failed: {why}" for peer in peers),
        silent_s=silent_s,
    )
    return node(name, log=known(log, by=f"agent:{name}"), **more)  # type: ignore[arg-type]


def verdict(diagnosis: Diagnosis) -> Verdict | None:
    found = {finding.cause: finding.verdict for finding in diagnosis.findings}
    return found.get(RootCause.TLS_FAILURE)


def test_where_only_the_node_that_accepts_logs_it_its_lines_name_the_other_end() -> None:
    read = evidence(
        complaining("node1", 23, "node2", "node3"), complaining("node2", 12, "node3"), node("node3")
    )
    diagnosis = leader_election.diagnose(read)
    assert (verdict(diagnosis), diagnosis.can_elect) == (Verdict.CONFIRMED, "no")


def test_one_bad_certificate_leaves_the_others_a_majority() -> None:
    read = evidence(
        complaining("node1", 40, "node2", "node3", gossip_failed=2),
        complaining("node2", 20, "node1", gossip_failed=1),
        complaining("node3", 20, "node1", gossip_failed=1),
    )
    diagnosis = leader_election.diagnose(read)
    assert diagnosis.can_elect != "no"
    assert any("have node1 at one end" in line for f in diagnosis.findings for line in f.evidence_for)


@pytest.mark.parametrize(
    "read",
    [
        evidence(*(complaining(name, 4, "node9", gossip_failed=0) for name in NAMES)),
        evidence(*(complaining(name, 30, "10.0.0.9:40112", why="tls handshake eof") for name in NAMES)),
        evidence(*(complaining(name, 60, "10.0.0.9:40112", silent_s=90_000.0) for name in NAMES)),
    ],
    ids=["no more than the agents' own connects leave", "closed before the handshake", "days ago"],
)
def test_what_is_no_evidence_of_a_failing_handshake(read: object) -> None:
    diagnosis = leader_election.diagnose(read)  # type: ignore[arg-type]
    assert verdict(diagnosis) in (None, Verdict.RULED_OUT)
    assert diagnosis.can_elect == "yes"


def test_one_log_alone_that_names_nobody_leaves_it_open() -> None:
    diagnosis = leader_election.diagnose(
        evidence(complaining("node1", 60, "10.0.0.9:1"), node("node2"), node("node3"))
    )
    assert verdict(diagnosis) not in (Verdict.CONFIRMED, Verdict.LIKELY)


def test_a_stopped_node_keeps_its_button_beside_a_bad_certificate() -> None:
    read = evidence(complaining("node1", 30, gossip_failed=2), dead("node2"), complaining("node3", 30))
    diagnosis = leader_election.diagnose(read)
    assert [(remedy.name, remedy.nodes) for remedy in diagnosis.offers] == [("start_nodes", ("node2",))]


def test_a_clock_that_is_off_is_told_beside_the_certificates() -> None:
    read = evidence(
        complaining("node1", 30, "node2", offset_ms=-7_200_000.0), complaining("node2", 30), node("node3")
    )
    lines = [line for f in leader_election.diagnose(read).findings for line in f.evidence_for]
    assert any("node1's clock is 2 h 00 min behind: a certificate may look not yet valid" in x for x in lines)


def test_a_node_that_alone_is_left_may_complain_too() -> None:
    diagnosis = leader_election.diagnose(evidence(complaining("node1", 60), dead("node2"), dead("node3")))
    assert diagnosis.top.cause == RootCause.QUORUM_LOSS
