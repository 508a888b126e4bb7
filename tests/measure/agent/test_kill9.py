"""A small helping of the killing that `python -m measure.agent.kill9` does in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.actions.kinds import ACTIONS
from measure.agent.kill9 import POINTS, Bench, Point
from tests.agent.plays import PLAYS

pytestmark = pytest.mark.process


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", PLAYS)
async def test_killed_at_any_step_an_action_has_one_effect_at_most(tmp_path: Path, name: str, point: Point):
    async with Bench(tmp_path) as bench:
        death = await bench.kill_at(name, point)
    if point == "INTENT" and not ACTIONS[name].edits_file:
        assert (death.state, death.effects) == ("UNKNOWN", 0)
