"""Who does not see the link map hears the same: one to three sentences."""

from __future__ import annotations

from bot.pictures.links.alt_text import alt_text
from runbooks.evidence import Evidence, Role
from tests.bot import incidents
from tests.bot.pictures.clusters import cluster, instead, islands, names_of, seen, without_gossip
from tests.builders import cut, cut_off, dead, evidence, node, silent

HEAD = "Link map of demo at 2026-11-24 12:00:00 UTC"
MAX_CHARS = 600
"""Characters: what a screen reader can be asked to read in one go."""


def said(read: Evidence) -> str:
    """The alt text of an evidence's map."""
    return alt_text(seen(read))


def test_a_healthy_cluster():
    assert said(cluster(3)) == (
        f"{HEAD}: can elect; node1 leads term 7. Every node reaches every other on both ports."
    )


def test_a_full_partition():
    assert said(incidents.partition()) == (
        f"{HEAD}: cannot elect; no leader is seen. No node reaches another (timeout)."
    )


def test_one_node_cut_off():
    assert said(cluster(3, cut_off("node1"), leader="node2")).endswith(
        "node2 and node3 reach each other; node1 reaches nobody; what is between them fails (timeout)."
    )


def test_two_two_and_one():
    assert said(cluster(5, islands((1, 2), (3, 5), (4,)), leader=None)).endswith(
        "node1 and node2 reach each other; node3 and node5 reach each other; node4 reaches nobody; "
        "what is between them fails (timeout)."
    )


def test_one_way_links_are_told_by_their_observer():
    ring = cut(("node1", "node2"), ("node2", "node3"), ("node3", "node1"))

    assert said(cluster(3, ring, leader=None)).endswith(
        "node1 does not reach node2 (timeout); node2 does not reach node3 (timeout); "
        "node3 does not reach node1 (timeout)."
    )


def test_gossip_alone():
    assert said(without_gossip(cluster(3))).endswith(
        "Every Raft port that was tried is open; gossip alone fails on every link (refused)."
    )
    assert said(without_gossip(cluster(3), ("node1", "node2"))).endswith(
        "gossip alone fails from node1 to node2 (refused)."
    )


def test_a_host_that_is_gone_is_not_called_down():
    gone = instead(cluster(3, cut(("node1", "node3"), ("node2", "node3"))), silent("node3"))

    assert said(gone).endswith(
        "node1 and node2 do not reach node3 (timeout); what node3 reaches is not known. "
        "node3 is not known to run."
    )


def test_stopped_processes_and_clocks_have_a_sentence_of_their_own():
    assert said(incidents.quorum_loss()).endswith("no leader is seen. node2 and node3 are down.")
    assert said(incidents.skew()).endswith("The clock of node3 is +4200 ms off.")
    assert said(evidence(node("node1", role=Role.CANDIDATE), node("node2"), dead("node3"))).endswith(
        "Every node that runs reaches every other on both ports. node3 is down."
    )


def test_nothing_read_is_said_to_be_so():
    assert said(incidents.unknown()).endswith(
        "not known whether it can elect; no leader is seen. What node1, node2 and node3 reach is not known. "
        "node1, node2 and node3 are not known to run."
    )


def test_a_claim_without_a_majority_is_a_claim():
    alone = evidence(node("node1", role=Role.LEADER), silent("node2"), silent("node3"))

    assert "node1 claims to lead term 7, without a majority in sight" in said(alone)


def test_many_nodes_are_counted_and_the_text_stays_short():
    names = names_of(51)
    lone = said(cluster(51, islands((7,), [n for n in range(1, 52) if n != 7])))
    mixed = said(cluster(51, {(one, names[-place]): "reset" for place, one in enumerate(names, 1)}))

    assert (
        "node1, node2, node3, node4, node5, node6 and 44 more reach each other; node7 reaches nobody" in lone
    )
    assert "more like that" in mixed
    assert max(len(lone), len(mixed)) < MAX_CHARS
