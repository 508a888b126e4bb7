"""The table of nodes and the lines below it: what could not be read is shown, and told once for all nodes."""

from __future__ import annotations

import pytest

from bot.evidence_tables import node_table, not_read
from runbooks.evidence import WallClock
from tests.builders import evidence, known, missing, node


@pytest.mark.parametrize(
    ("look", "cell"),
    [({"wall_clock": known(WallClock(ahead_ms=2400, error_ms=6))}, "seen +2400 ms"), ({}, "?")],
    ids=["looked at", "not even that"],
)
def test_a_clock_that_no_service_tells_of_is_shown_as_the_bot_sees_it(look: dict[str, object], cell: str):
    member = node("node1", clock=missing("No NTP service is active")).model_copy(update=look)
    (row,) = [line for line in node_table(evidence(member)).splitlines() if line.startswith("node1")]
    assert row.endswith(f"active   {cell}")


def test_nodes_whose_readings_failed_alike_share_a_line() -> None:
    silent = missing("the agent cannot be reached")
    nodes = [node(name, clock=silent, log=silent) for name in ("node1", "node2")]
    alone = node("node3", clock=missing("no NTP service is active"))
    assert not_read(evidence(*nodes, alone)) == (
        "not read: clock, log of node1 and node2: the agent cannot be reached",
        "not read: clock of node3: no NTP service is active",
    )


def test_long_names_leave_room_for_the_reason() -> None:
    names = [f"neumann-production-eu-central-{number}.neumann.svc" for number in range(9)]
    (line,) = not_read(evidence(*(node(name, clock=missing("refused")) for name in names)))
    assert line == f"not read: clock of {names[0]}, {names[1]} and 7 more: refused"
    longest = "n" * 200
    assert not_read(evidence(node(longest, clock=missing("refused")))) == (
        f"not read: clock of {longest}: refused",
    )


def test_beyond_the_limit_the_nodes_are_counted_and_the_whole_has_every_name() -> None:
    names = [f"node{number}" for number in range(1, 10)]
    alike = [node(name, clock=missing("refused")) for name in names]
    odd = [node(f"odd{number}", clock=missing(f"error {number}")) for number in (1, 2)]
    assert not_read(evidence(*alike, *odd), limit=1) == (
        "not read: clock of node1, node2, node3, node4, node5, node6 and 3 more: refused",
        "not read: something more of 2 nodes",
    )
    assert not_read(evidence(*alike), limit=None) == (
        f"not read: clock of {', '.join(names[:-1])} and node9: refused",
    )
