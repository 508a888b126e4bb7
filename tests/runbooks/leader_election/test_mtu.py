"""Paths that lose large packets: the size is said, small pings are the control, other causes go first."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from runbooks import leader_election
from runbooks.evidence import FullPing, NodeEvidence, Reading
from runbooks.leader_election.causes import RootCause
from runbooks.leader_election.mtu import black_holes
from runbooks.model import Finding, Verdict
from runbooks.posture.links import link_lines
from runbooks.posture.model import Severity
from runbooks.posture.samples import sample_of
from runbooks.posture.trends import Trends
from tests.builders import NOON, candidates, dead, evidence, healthy, node

THREE = ("node1", "node2", "node3")


def losing(
    read: NodeEvidence, *peers: str, told_mtu_bytes: int | None = None, size: int = 1500
) -> NodeEvidence:
    """The same node, whose full-size pings to these peers are lost."""
    pings = tuple(
        FullPing(
            peer=peer,
            packet_bytes=size,
            sent=3,
            received=0 if peer in peers else 3,
            told_mtu_bytes=told_mtu_bytes if peer in peers else None,
        )
        for peer in THREE
        if peer != read.node
    )
    shown = Reading[tuple[FullPing, ...]](value=pings, by=f"agent:{read.node}", at=NOON)
    return read.model_copy(update={"full_pings": shown})


def everywhere(nodes: Iterable[NodeEvidence]) -> tuple[NodeEvidence, ...]:
    return tuple(losing(each, *THREE) for each in nodes)


def finding(*nodes: NodeEvidence) -> Finding | None:
    found = leader_election.diagnose(evidence(*nodes)).findings
    return next((each for each in found if each.cause == RootCause.MTU), None)


def test_where_leaders_do_not_last_and_large_packets_are_lost_everywhere_it_is_likely_and_says_the_size() -> (
    None
):
    found = finding(*everywhere(candidates()))
    assert found
    assert found.verdict is Verdict.LIKELY
    assert found.evidence_for == (
        "pings of 1500 bytes are lost, node1 ↔ node2, node1 ↔ node3 and node2 ↔ node3, while 120 of 120 small"
        " ones came back (agents of node1, node2 and node3)",
    )
    said = leader_election.diagnose(evidence(*everywhere(candidates()))).summary
    assert "large packets between node1, node2 and node3 are lost, small ones pass" in said


def test_a_leader_whose_followers_stand_still_is_told_with_it() -> None:
    nodes = (node.model_copy(update={"metrics_again": node.metrics}) for node in healthy())
    found = finding(*everywhere(nodes))
    assert found
    assert found.verdict is Verdict.POSSIBLE
    assert "node1 leads throughout, and none of its 2 followers commits anything (bot)" in found.evidence_for


def test_one_node_behind_such_a_path_leaves_the_others_a_majority() -> None:
    first, second, third = candidates()
    found = finding(losing(first, "node3"), losing(second, "node3"), losing(third, "node1", "node2"))
    assert found
    assert found.verdict is Verdict.POSSIBLE


@pytest.mark.parametrize(
    "nodes",
    [
        candidates(),
        tuple(losing(each, *THREE, told_mtu_bytes=1400) for each in candidates()),
        tuple(losing(each, *THREE) for each in candidates(lost_pings=5)),
        tuple(each.model_copy(update={"full_pings": None}) for each in candidates()),
        (losing(candidates()[0], "node2"), *candidates()[1:]),
    ],
    ids=[
        "answered",
        "the network told its MTU",
        "small ones lost as well",
        "not asked",
        "the peer's come back",
    ],
)
def test_what_is_no_such_path(nodes: tuple[NodeEvidence, ...]) -> None:
    assert finding(*nodes) is None


def test_beside_what_keeps_everybody_from_being_elected_it_is_no_cause() -> None:
    found = finding(*everywhere((node("node1"), dead("node2"), dead("node3"))))
    assert found
    assert found.verdict is Verdict.POSSIBLE
    assert found.evidence_against == ("nobody could be elected over sound paths either",)


def test_before_an_incident_the_posture_notes_it_with_the_size() -> None:
    read = evidence(*(losing(each, *THREE, size=9000) for each in healthy()))
    assert len(black_holes(read)) == 6
    line = next(iter(link_lines(read, Trends((sample_of(read),)))))
    assert (line.severity, line.nodes) == (Severity.NOTICE, THREE)
    assert line.fact.startswith("open, but pings of 9000 bytes are lost, node1 ↔ node2")
