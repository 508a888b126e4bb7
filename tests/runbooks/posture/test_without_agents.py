"""What an agent alone can read is, where it is silent, one thing that is not known and no dozen."""

from __future__ import annotations

from runbooks.posture import judge
from runbooks.posture.inventory import Inventory
from runbooks.posture.model import READ_BY_AGENTS, Check, Severity
from tests.builders import evidence, healthy, missing, node, silent


def test_each_check_that_waits_for_a_silent_agent_is_one_of_them() -> None:
    posture = judge(evidence(*healthy()[:2], silent("node3")), Inventory())
    waiting = posture.for_want_of_agents
    assert {line.check for line in waiting} == READ_BY_AGENTS
    assert {line.severity for line in waiting} == {Severity.UNKNOWN}


def test_where_every_agent_answers_an_unread_clock_has_another_reason() -> None:
    names = ("node1", "node2", "node3")
    posture = judge(evidence(*(node(name, clock=missing("no chronyc")) for name in names)), Inventory())
    line = posture.line(Check.TIME_SERVICE)
    assert line and line.severity is Severity.UNKNOWN
    assert posture.for_want_of_agents == ()


def test_a_fact_that_is_known_of_another_node_is_not_swallowed() -> None:
    one, two = healthy()[:2]
    without_clock = two.model_copy(update={"clock": missing("no chronyc")})
    posture = judge(evidence(one, without_clock, silent("node3")), Inventory())
    assert Check.TIME_SERVICE not in {line.check for line in posture.for_want_of_agents}
    assert Check.DISK in {line.check for line in posture.for_want_of_agents}
