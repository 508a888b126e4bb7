"""Evidence in lines, and two readings side by side."""

from __future__ import annotations

from handlers.domain.evidence.lines import differences, lines
from runbooks.evidence import Log
from tests.builders import dead, evidence, healthy, known, late, node


def test_every_reading_has_a_line_with_who_read_it() -> None:
    said = list(lines(evidence(*healthy())))
    assert (
        "  clock (agent:node1, 0 ms): offset_ms 0.0, error_ms 1.0, synchronised True, source ntp.example"
        in said
    )


def test_what_was_not_read_says_why() -> None:
    assert "  clock (bot, 0 ms): no answer within 2 s" in lines(evidence(node("node1", clock=late())))


def test_counts_of_nothing_are_not_told() -> None:
    log = Log(
        path="/l", window_s=60, bytes_read=9, counts={"tls_failed": 3, "wal_failed": 0, "quorum_lost": 0}
    )
    (said,) = [line for line in lines(evidence(node("node1", log=known(log)))) if "counts." in line]
    assert "counts.tls_failed 3" in said
    assert said.count("counts.") == 1


def test_the_same_reading_does_not_differ_from_itself() -> None:
    assert list(differences(evidence(*healthy()), evidence(*healthy()))) == []


def test_what_differs_is_told_by_node_and_figure() -> None:
    said = list(
        differences(
            evidence(node("node1")),
            evidence(node("node1", offset_ms=700, cuts={("node1", "node2"): "timeout"})),
        )
    )
    assert said == [
        "node1 clock.offset_ms: 0.0 → 700.0",
        "node1 connects.node2/raft.result: open → timeout",
        "node1 connects.node2/raft.latency_ms: 0.4 → -",
        "node1 connects.node2/gossip.result: open → timeout",
        "node1 connects.node2/gossip.latency_ms: 0.4 → -",
    ]


def test_a_reading_that_was_lost_is_told_as_such() -> None:
    said = list(differences(evidence(node("node1")), evidence(node("node1", clock=late()))))
    assert "node1 clock: - → not read (no answer within 2 s)" in said


def test_nodes_of_one_reading_alone_are_named() -> None:
    said = list(differences(evidence(node("node1"), node("node2")), evidence(node("node1"), dead("node3"))))
    assert said[:2] == ["only in the first: node2", "only in the second: node3"]
