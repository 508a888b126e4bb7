"""Clocks that no NTP service speaks for: the bot's own look at each tells how far they are apart."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from agent.readings.clock import KEEPERS
from runbooks import leader_election
from runbooks.clocks_apart import seen_together
from runbooks.evidence import Clock, Evidence, NodeEvidence, Role, WallClock
from runbooks.model import Finding, Verdict
from tests.builders import evidence, known, missing, node

NO_NTP = missing("no NTP service is active on this host", by="agent")


def looked_at(ahead_ms: Mapping[str, float], *, error_ms: float = 6, gossip_failed: int = 2) -> Evidence:
    """Three candidates without any NTP, whose clocks the bot has looked at."""
    nodes = [
        node(f"node{n}", role=Role.CANDIDATE, gossip_failed=gossip_failed, clock=NO_NTP) for n in (1, 2, 3)
    ]
    return evidence(*(with_look(each, ahead_ms.get(each.node), error_ms) for each in nodes))


def with_look(member: NodeEvidence, ahead_ms: float | None, error_ms: float = 6) -> NodeEvidence:
    if ahead_ms is None:
        return member
    look = known(WallClock(ahead_ms=ahead_ms, error_ms=error_ms))
    return member.model_copy(update={"wall_clock": look})


def skew_in(read: Evidence) -> Finding:
    return next(each for each in leader_election.diagnose(read).findings if each.cause == "clock_skew")


APART = {"node1": 2400.0, "node2": 0.0, "node3": -1900.0}


def test_clocks_that_are_seen_apart_are_a_confirmed_skew():
    found = skew_in(looked_at(APART))
    assert found.verdict is Verdict.CONFIRMED
    assert "node1 and node2 are 2400 ms apart (measured from here, ±12 ms)" in found.evidence_for


def test_the_bots_own_clock_does_not_matter():
    hour_off = {name: ms - 3_600_000 for name, ms in APART.items()}
    assert skew_in(looked_at(hour_off)).verdict is Verdict.CONFIRMED


def test_without_a_source_there_is_no_button_but_an_advice():
    (remedy,) = skew_in(looked_at(APART)).remedies
    assert not remedy.offered
    assert remedy.reason == (
        "A step needs a time source, and the clock of node1, node2 and node3 follows none: start NTP there"
        " (`timedatectl set-ntp true`, or install chrony). By this host's clock: node1 +2400 ms,"
        " node2 +0 ms and node3 -1900 ms."
    )


def test_clocks_that_are_seen_together_rule_skew_out():
    found = skew_in(looked_at({"node1": 20_000, "node2": 20_003, "node3": 19_990}))
    assert found.verdict is Verdict.RULED_OUT
    assert found.evidence_against == (
        "the clocks that could be looked at are at most 13 ms apart (measured from here, ±12 ms),"
        " the limit 500 ms",
    )


@pytest.mark.parametrize(
    ("ahead_ms", "error_ms"), [(495.0, 6.0), (505.0, 6.0), (100.0, 300.0), (2400.0, 1000.0)]
)
def test_in_between_it_stays_open(ahead_ms: float, error_ms: float):
    read = looked_at({"node1": ahead_ms, "node2": 0, "node3": 0}, error_ms=error_ms)
    assert skew_in(read).verdict is Verdict.UNDETERMINED


def test_a_clock_that_nobody_could_look_at_is_not_right():
    found = skew_in(looked_at({"node1": 0, "node2": 3}))
    assert (found.verdict, found.would_decide) == (
        Verdict.UNDETERMINED,
        "the true time on node1, node2 and node3",
    )


def test_nodes_that_hold_each_other_well_do_not_mind():
    assert skew_in(looked_at(APART, gossip_failed=0)).verdict is not Verdict.CONFIRMED


def test_the_word_of_a_service_without_a_source_counts_less_than_the_look():
    adrift = Clock(offset_ms=2400, error_ms=5, synchronised=False, source="")
    read = looked_at({"node1": 1, "node2": 0, "node3": 2})
    nodes = (
        tuple(each.model_copy(update={"clock": known(adrift)}) for each in read.nodes[:1]) + read.nodes[1:]
    )
    assert skew_in(read.model_copy(update={"nodes": nodes})).verdict is Verdict.RULED_OUT


@pytest.mark.parametrize(
    ("ahead_ms", "together"),
    [
        ({"node1": 0, "node2": 480, "node3": 960}, ("node1", "node2")),
        ({"node1": 0, "node2": 495, "node3": 0}, ("node1", "node3")),
        ({}, ()),
    ],
)
def test_together_counts_the_bounds(ahead_ms: dict[str, float], together: tuple[str, ...]):
    assert seen_together(looked_at(ahead_ms)) == together


def off_by(keepers: Mapping[str, str]) -> Evidence:
    """Three candidates: node1 is 5 s ahead and node2 5 s behind, by the words of these services."""
    offsets_ms = {"node1": 5000.0, "node2": -5000.0, "node3": 0.0}
    nodes = []
    for name, offset_ms in offsets_ms.items():
        clock = Clock.model_validate(
            {
                "offset_ms": offset_ms,
                "error_ms": 2,
                "synchronised": True,
                "source": "10.0.0.1",
                "kept_by": keepers.get(name, "chrony"),
            }
        )
        read = known(clock, by=f"agent:{name}")
        nodes.append(node(name, role=Role.CANDIDATE, gossip_failed=2, clock=read))
    return evidence(*nodes)


@pytest.mark.parametrize(
    ("keeper", "command"),
    [("timesyncd", "systemctl restart systemd-timesyncd"), ("ntpd", "systemctl restart ntpsec")],
)
def test_only_chrony_takes_an_order_to_step(keeper: str, command: str):
    found = skew_in(off_by({"node1": keeper, "node2": keeper}))
    (remedy,) = found.remedies
    assert found.verdict is Verdict.CONFIRMED
    assert f"{keeper} on agent:node1 and agent:node2" in " ".join(found.evidence_for)
    assert not remedy.offered and f"`{command}`" in (remedy.reason or "")


def test_each_unit_that_ntpd_may_be_is_named():
    """One host calls it ntpsec, another ntp or ntpd, and the reading does not say which."""
    (remedy,) = skew_in(off_by({"node1": "ntpd", "node2": "ntpd"})).remedies
    units = {unit.removesuffix(".service") for unit, keeper in KEEPERS.items() if keeper == "ntpd"}
    assert units - set(re.findall(r"[\w-]+(?=`)", remedy.reason or "")) == set()


def test_where_some_are_kept_by_chrony_those_are_stepped():
    (remedy,) = skew_in(off_by({"node2": "timesyncd"})).remedies
    assert [action.node for action in remedy.actions] == ["node1"]
    assert remedy.offered and "timesyncd on node2 takes no order to step" in (remedy.reason or "")


def test_what_timesyncd_leaves_open_the_look_decides():
    """timesyncd tells what it found at its last poll, and not how much of that it has corrected since."""
    looks = {"node1": (3.0, 4990.0), "node2": (0.0, 0.0), "node3": (-2.0, -4980.0)}
    last_poll = {"node1": (2500.0, 2502.0), "node2": (0.0, 2.0), "node3": (-2500.0, 2502.0)}
    for number, verdict in enumerate((Verdict.RULED_OUT, Verdict.CONFIRMED)):
        read = looked_at({name: ahead_ms[number] for name, ahead_ms in looks.items()})
        nodes = []
        for each in read.nodes:
            offset_ms, error_ms = last_poll[each.node]
            clock = Clock(
                offset_ms=offset_ms, error_ms=error_ms, synchronised=True, source="a", kept_by="timesyncd"
            )
            nodes.append(each.model_copy(update={"clock": known(clock)}))
        found = skew_in(read.model_copy(update={"nodes": tuple(nodes)}))
        assert found.verdict is verdict
        assert verdict is Verdict.RULED_OUT or "timesyncd on node1" in (found.remedies[0].reason or "")
