"""The table of nodes: what could not be read is a question mark, and a look is told as what it is."""

from __future__ import annotations

import pytest

from bot.evidence_tables import node_table
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
