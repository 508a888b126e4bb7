"""The faults of the catalogue over real nodes cut what they say, and no more."""

from __future__ import annotations

from measure.real_nodes.catalogue.faults import FAULTS, RAFT, REFUSE, rules_of
from measure.real_nodes.cluster import HOSTS


def test_one_way_is_dropped_where_it_arrives_and_nowhere_else() -> None:
    assert rules_of([("node1", "node2")]) == {"node2": [f"ip saddr {HOSTS['node1']} drop"]}


def test_a_port_alone_is_refused_to_each_sender() -> None:
    assert rules_of([("node1", "node3"), ("node2", "node3")], RAFT, verdict=REFUSE) == {
        "node3": [
            f"ip saddr {HOSTS[name]} tcp dport 7878 reject with tcp reset" for name in ("node1", "node2")
        ]
    }


def test_each_fault_says_what_it_does() -> None:
    assert len({fault.__doc__ for fault in FAULTS} - {None}) == len(FAULTS) >= 14
