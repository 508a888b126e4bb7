"""How many nodes, which zone, which host: what a cluster can lose now."""

from __future__ import annotations

from itertools import islice

import pytest

from lab.scenarios import generate
from runbooks import leader_election
from runbooks.evidence import Disk, Evidence, Log, NodeEvidence, Role
from runbooks.posture import judge
from runbooks.posture.inventory import Inventory, Site
from runbooks.posture.model import Check, Line, Severity
from tests.builders import cut, dead, evidence, healthy, known, node, silent

FIVE = tuple(f"node{number}" for number in range(1, 6))


def line(check: Check, *nodes: NodeEvidence, inventory: Inventory | None = None) -> Line:
    found = judge(evidence(*nodes), inventory or Inventory()).line(check)
    assert found
    return found


def placed(**zones: str) -> Inventory:
    return Inventory({name: Site(host=f"host-of-{name}", zone=zone) for name, zone in zones.items()})


def five(*down: str) -> list[NodeEvidence]:
    return [
        dead(name, names=FIVE)
        if name in down
        else node(name, names=FIVE, role=Role.LEADER if name == "node1" else Role.FOLLOWER)
        for name in FIVE
    ]


class TestNodes:
    def test_three_healthy_nodes_may_lose_any_one(self):
        found = line(Check.SPARE_NODES)
        assert (found.severity, found.fact) == (
            Severity.FINE,
            "can lose any 1 node (3 of 3 can vote)",
        )

    @pytest.mark.parametrize(
        ("down", "severity", "says"),
        [
            ((), Severity.FINE, "can lose any 2 nodes"),
            (("node5",), Severity.NOTICE, "can lose any 1 node (4 of 5 can vote; node5 is down)"),
            (("node4", "node5"), Severity.WARNING, "cannot lose any more nodes"),
            (("node3", "node4", "node5"), Severity.CRITICAL, "no quorum: 2 of 5 can vote, 3 needed"),
        ],
    )
    def test_each_lost_node_of_five_is_a_step(self, down: tuple[str, ...], severity: Severity, says: str):
        found = line(Check.SPARE_NODES, *five(*down))
        assert found.severity is severity
        assert says in found.fact
        assert found.nodes == down

    def test_all_run_but_one_is_cut_off_from_another_so_the_third_is_needed(self):
        cuts = cut(("node2", "node3"), ("node3", "node2"))
        first, *others = (node(name, cuts=cuts) for name in ("node1", "node2", "node3"))
        found = line(Check.SPARE_NODES, first, *others)
        assert found.severity is Severity.WARNING
        assert "cannot lose node1: there would be no quorum" in found.fact
        assert found.nodes == ("node1",)

    def test_a_node_that_cannot_be_read_may_or_may_not_count(self):
        found = line(Check.SPARE_NODES, *healthy()[:2], silent("node3"))
        assert found.severity is Severity.UNKNOWN
        assert found.fact == "can lose between 0 and 1 nodes: whether node3 can vote is not known"


def refusing_tls(*pairs: tuple[str, str]) -> list[NodeEvidence]:
    """Three nodes with open links; these pairs log that their handshakes fail."""
    found = []
    for each in healthy():
        partners = [other for pair in pairs for other in pair if each.node in pair and other != each.node]
        log = Log(
            path="/l",
            window_s=60,
            bytes_read=900,
            counts={"tls_failed": 60} if partners else {},
            excerpts=tuple(f"TLS handshake failed: incoming connection from {p}:1: x" for p in partners),
        )
        found.append(each.model_copy(update={"log": known(log, by=each.log.by)}))
    return found


class TestAdvice:
    """What to do is worded by what denies the votes."""

    def test_links_that_are_open_need_no_mending_where_certificates_fail(self):
        found = line(Check.SPARE_NODES, *refusing_tls(("node1", "node2"), ("node2", "node3")))
        assert "TLS failure" in found.fact
        assert found.advice.startswith("Check the certificates'")
        assert "links" not in found.advice

    def test_cut_links_are_to_be_mended(self):
        cuts = cut(("node2", "node3"), ("node3", "node2"))
        found = line(Check.SPARE_NODES, *(node(name, cuts=cuts) for name in ("node1", "node2", "node3")))
        assert found.advice.startswith("Check the firewall rules")

    def test_a_node_that_is_down_is_to_be_brought_back_and_a_full_disk_is_no_node_that_is_down(self):
        assert line(Check.SPARE_NODES, *five("node5")).advice == "Bring node5 back."
        full = known(Disk(path="/d", free_bytes=1, total_bytes=10))
        found = line(Check.SPARE_NODES, *healthy()[:2], node("node3", commits=0, disk=full))
        assert found.advice.startswith("Make room")

    def test_a_pair_of_members_needs_a_third(self):
        pair = [node(name, names=("node1", "node2")) for name in ("node1", "node2")]
        assert line(Check.SPARE_NODES, *pair).advice == "run three members or more"


class TestZones:
    def test_without_zones_in_the_configuration_nothing_is_claimed(self):
        found = line(Check.ZONES)
        assert found.severity is Severity.UNKNOWN
        assert "set `zone`" in found.advice

    def test_two_of_three_in_one_zone_go_together(self):
        found = line(Check.ZONES, inventory=placed(node1="a", node2="a", node3="b"))
        assert found.severity is Severity.WARNING
        assert found.fact == "losing one zone loses the quorum: a holds node1 and node2"

    def test_one_in_each_zone_is_fine(self):
        found = line(Check.ZONES, inventory=placed(node1="a", node2="b", node3="c"))
        assert (found.severity, found.fact) == (Severity.FINE, "can lose any one of 3 zones")

    def test_a_zone_that_was_harmless_is_fatal_while_a_node_elsewhere_is_down(self):
        inventory = placed(node1="a", node2="a", node3="b", node4="b", node5="c")
        assert line(Check.ZONES, *five(), inventory=inventory).severity is Severity.FINE
        found = line(Check.ZONES, *five("node5"), inventory=inventory)
        assert found.severity is Severity.WARNING
        assert "a holds node1 and node2; b holds node3 and node4" in found.fact

    def test_where_not_one_node_can_be_lost_the_zones_repeat_no_warning(self):
        spread = placed(node1="a", node2="b", node3="c")
        found = line(Check.ZONES, *healthy()[:2], dead("node3"), inventory=spread)
        assert found.severity is Severity.FINE

    def test_a_node_without_a_zone_may_stand_in_any(self):
        found = line(Check.ZONES, inventory=placed(node1="a", node2="b"))
        assert found.severity is Severity.UNKNOWN
        assert found.fact == "the zone of node3 is not configured"

    def test_hosts_are_told_apart_from_zones(self):
        inventory = Inventory({name: Site(host="h1", zone=name) for name in ("node1", "node2", "node3")})
        assert line(Check.ZONES, inventory=inventory).severity is Severity.FINE
        assert "h1 holds node1, node2 and node3" in line(Check.HOSTS, inventory=inventory).fact


@pytest.mark.parametrize(("size", "severity"), [(1, "fine"), (2, "notice"), (3, "fine"), (4, "notice")])
def test_an_even_number_of_voters_is_noticed(size: int, severity: str):
    names = [f"node{number}" for number in range(size)]
    assert line(Check.VOTERS, *(node(name, names=names) for name in names)).severity == severity


def test_whatever_keeps_the_runbooks_votes_from_being_given_is_no_fault_tolerance():
    """Over generated scenarios of every kind: what cannot elect is never fine here, what can is not lost."""
    for scenario in islice(generate(78), 0, None, 7):
        read = Evidence.model_validate(scenario.evidence)
        found = judge(read, Inventory()).line(Check.SPARE_NODES)
        assert found
        match leader_election.diagnose(read).can_elect:
            case "no":
                assert found.severity is Severity.CRITICAL, scenario.name
            case "undetermined":
                assert found.severity is not Severity.FINE, scenario.name
            case "yes":
                assert found.severity is not Severity.CRITICAL, scenario.name
