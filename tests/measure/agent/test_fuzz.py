"""A small helping of the fuzzing that `python -m measure.agent.fuzz` does in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from measure.agent.fuzz import fuzz
from tests.agent.bed import standing
from tests.agent.plays import PLAYS

pytestmark = pytest.mark.process


async def test_row_14_no_mutated_grant_is_accepted_and_none_breaks_the_agent(tmp_path: Path):
    async with standing(tmp_path) as (node, bot, app):
        tally = await fuzz(node, bot, app, count=1500, seed=14)
    assert (tally.accepted, tally.failed) == ([], [])
    assert tally.statuses[403] > 500
    assert tally.statuses[400] > 300
    assert tally.grew_kib < 20_000
    # The one grant that all were made of, and nothing before it.
    ran = {name: node.calls(run) for name, play in PLAYS.items() if (run := play.runs(play.action))}
    assert ran == dict.fromkeys(ran, 0) | {"restart_service": 1}
