"""Peer lists in every form that the leader-election runbook takes for right: no warning of them."""

from __future__ import annotations

import pytest

from runbooks.evidence import Evidence
from runbooks.posture.model import Check, Severity
from tests.builders import evidence, node
from tests.runbooks.posture.test_lines import config, line

NAMES = ("node1", "node2", "node3")


def listing(*lists: tuple[str, ...]) -> Evidence:
    return evidence(
        *(node(name, config=config(peers=peers)) for name, peers in zip(NAMES, lists, strict=True))
    )


PLAIN = (("node2:7878", "node3:7878"), ("node1:7878", "node3:7878"), ("node1:7878", "node2:7878"))


@pytest.mark.parametrize(
    "first",
    [
        ("NODE2:7878", "Node3:7878"),
        ("node2.example.net:7878", "node3.example.net.:7878"),
        ("node2=node2:7878", "node3=node3:7878"),
        ("node1:7878", "node2:7878", "node3:7878"),
    ],
)
def test_the_same_members_in_another_form_are_the_same(first: tuple[str, ...]):
    assert line(Check.CONFIGURATION, listing(first, *PLAIN[1:])).severity is Severity.FINE


@pytest.mark.parametrize(
    "lists",
    [
        (("node1:7878",), ("node1:7878",), ("node1:7878",)),
        (("10.0.0.1:1",), ("10.0.0.1:1",), ("10.0.0.1:1",)),
        (("10.0.0.2:1", "10.0.0.3:1"), ("10.0.0.1:1", "10.0.0.3:1"), ("10.0.0.1:1", "10.0.0.2:1")),
    ],
)
def test_seeds_need_not_name_everybody_nor_a_list_its_own_node(lists: tuple[tuple[str, ...], ...]):
    assert line(Check.CONFIGURATION, listing(*lists)).severity is Severity.FINE


@pytest.mark.parametrize(
    ("first", "says"),
    [
        (("node2:7878",), "node1 does not lead to node3"),
        (("node2:7979", "node3:7979"), "node1 does not lead to node2 and node3"),
        (("strange:7878", "node3:7878"), "node1 does not lead to node2"),
    ],
)
def test_a_list_that_leads_elsewhere_is_a_warning(first: tuple[str, ...], says: str):
    found = line(Check.CONFIGURATION, listing(first, *PLAIN[1:]))
    assert (found.severity, found.fact) == (Severity.WARNING, f"the files differ: {says}")
    assert found.nodes == ("node1",)


def test_addresses_beside_names_are_not_known_to_be_the_same():
    found = line(Check.CONFIGURATION, listing(("10.0.0.2:7878", "10.0.0.3:7878"), *PLAIN[1:]))
    assert (found.severity, found.nodes) == (Severity.UNKNOWN, ("node1",))
