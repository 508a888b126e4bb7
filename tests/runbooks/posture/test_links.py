"""Links of large clusters and of nodes that may be down: what is not watched is not fine, nor is it worse."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from msgspec import structs

from runbooks.evidence import Evidence, Ping
from runbooks.posture import judge
from runbooks.posture.inventory import Inventory
from runbooks.posture.model import Check, Line, Severity
from runbooks.posture.samples import MAX_PAIRS, Sample, sample_of, watched_pairs
from tests.builders import NOON, dead, evidence, known, node, silent
from tests.runbooks.posture.test_lines import QUARTER, with_pair


def names(size: int) -> list[str]:
    return [f"node{number}" for number in range(1, size + 1)]


def cluster(size: int, *, loss: float = 0.0, random: Random | None = None) -> Evidence:
    """A cluster each of whose pings is lost by chance."""
    chance, every = random or Random(1), names(size)
    return evidence(
        *(
            node(
                name,
                names=every,
                pings=known(
                    tuple(
                        Ping(
                            peer=peer,
                            sent=20,
                            received=sum(chance.random() >= loss for _ in range(20)),
                            rtt_avg_ms=0.2,
                        )
                        for peer in every
                        if peer != name
                    )
                ),
            )
            for name in every
        )
    )


def week(sample: Sample, quarters: int = 96) -> list[Sample]:
    return [structs.replace(sample, at=NOON - n * QUARTER) for n in range(quarters, 0, -1)]


def line(check: Check, read: Evidence, samples: list[Sample]) -> Line:
    found = judge(read, Inventory(), tuple(samples)).line(check)
    assert found
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 12, 13, 51])
def test_the_same_pairs_are_kept_each_time_and_every_node_is_at_both_ends(size: int):
    kept = watched_pairs(names(size))
    assert kept == watched_pairs(names(size)[::-1])
    assert len(kept) == size * (size - 1) if size < 13 else size <= len(kept) <= MAX_PAIRS
    for side in (0, 1):
        assert {pair[side] for pair in kept} == (set(names(size)) if size > 1 else set())
    assert len(msgspec.json.encode(sample_of(cluster(size)))) < 20_000


def test_a_little_loss_everywhere_is_not_more_in_a_large_cluster():
    random = Random(7)
    kept = [sample_of(cluster(15, loss=0.006, random=random)) for _ in range(24)]
    samples = [structs.replace(each, at=NOON - n * QUARTER) for n, each in enumerate(kept[::-1], 1)]
    found = line(Check.LINK_LOSS, cluster(15, loss=0.006, random=random), samples[::-1])
    assert found.severity is Severity.UNKNOWN, found.fact
    assert found.fact == "90 pairs not watched; no other one loses more than 1 %"


def test_one_of_twelve_nodes_pairs_that_became_slow_is_seen():
    sample = sample_of(cluster(12))
    samples = week(sample)
    samples[-20:] = [with_pair(each, rtt_ms=60.0) for each in samples[-20:]]
    found = line(Check.LINK_LATENCY, cluster(12), samples)
    assert found.fact == "slower than usual: node1 → node2 60.0 ms, usually 0.2 ms"


def test_a_pair_without_a_baseline_is_not_known_to_be_as_fast_as_usual():
    samples = week(sample_of(cluster(3)))
    assert line(Check.LINK_LATENCY, cluster(3), samples).severity is Severity.FINE
    new = [structs.replace(each, pairs=each.pairs[1:]) for each in samples]
    found = line(Check.LINK_LATENCY, cluster(3), new)
    assert found.severity is Severity.UNKNOWN
    assert found.fact == "1 pair without a baseline; no other one is slower than usual"


def test_a_node_that_may_be_down_leaves_its_links_open_to_doubt():
    read = evidence(*cluster(5).nodes[:4], silent("node5"))
    hidden = [each.model_copy(update={"connects": silent(each.node).connects}) for each in read.nodes]
    found = line(Check.LINKS, evidence(*hidden), [])
    assert found.severity is Severity.UNKNOWN
    assert "whether node5 is up is not known" in found.fact
    assert "node5" in found.nodes


def test_with_nothing_read_it_is_not_said_that_no_two_nodes_are_up():
    found = line(Check.LINKS, evidence(silent("node1"), silent("node2"), silent("node3")), [])
    assert (found.severity, found.fact) == (
        Severity.UNKNOWN,
        "whether node1, node2 and node3 are up is not known",
    )


def test_a_node_that_is_down_has_no_links():
    read = evidence(*cluster(3).nodes[:2], dead("node3"))
    assert line(Check.LINKS, read, []).fact == "all 2 ordered pairs are open"
