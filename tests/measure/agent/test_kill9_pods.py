"""A small helping of the killing that `python -m measure.agent.kill9_pods` does in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from measure.agent.kill9_pods import ACTIONS, PodBench, Point

pytestmark = pytest.mark.process


@pytest.mark.parametrize(
    ("name", "point", "state"),
    [
        ("restart_service", "INTENT", {"UNKNOWN"}),
        ("restart_service", "effect", {"DONE"}),
        ("set_election_timeouts", "INTENT", {"NOT_DONE", "UNKNOWN"}),
    ],
)
async def test_killed_at_a_step_an_action_on_a_pod_has_one_effect_at_most(
    tmp_path: Path, name: str, point: Point, state: set[str]
):
    async with PodBench(tmp_path) as bench:
        assert (await bench.kill_at(ACTIONS[name], point)).state in state
