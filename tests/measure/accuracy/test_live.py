"""Real processes, one real fault, and what `neumann-bot diagnose` says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.cluster.namespaces import why_no_namespaces
from lab.live import LIVE
from lab.scenarios import Scenario
from measure.accuracy.live import play, playable
from measure.accuracy.outcome import judge

BY_NAME = {scenario.name: scenario for scenario in LIVE}
TRIES = 3
"""Beside other tests the lab's leader may fall just as a fault is made; then there is nothing to judge."""


@pytest.mark.process
@pytest.mark.parametrize("name", ["two-killed", "hostile-log", "leader-raft-dead", "certificates-expired"])
async def test_what_a_user_is_told_is_what_was_done_to_the_cluster(name: str, tmp_path: Path):
    for number in range(TRIES):
        outcome = await play(BY_NAME[name], tmp_path / str(number))
        if outcome.grade != "not made":
            break
    assert outcome.grade == "right", outcome.said
    assert outcome.passes
    assert not outcome.withheld
    assert outcome.healed_s is not None


@pytest.mark.process
async def test_what_packet_filters_do_to_hosts_is_told_as_what_it_is(tmp_path: Path):
    if why := why_no_namespaces():
        pytest.skip(why)
    outcome = await play(BY_NAME["full-partition"], tmp_path, network="namespaces")
    assert outcome.grade == "right", outcome.said
    assert outcome.healed_s is not None


def test_what_cannot_be_played_is_left_out_and_told(capsys: pytest.CaptureFixture[str]):
    slow, killed = BY_NAME["aggressive-timeouts"], BY_NAME["two-killed"]
    assert playable([slow, killed], "proxies") == [slow, killed]
    assert playable([slow, killed], "namespaces") == [killed]
    assert "Not played: aggressive-timeouts." in capsys.readouterr().err


def test_every_scenario_has_a_name_of_its_own():
    assert len(BY_NAME) == len(LIVE)


def test_an_offered_button_on_a_node_that_runs_is_a_wrong_one():
    played = BY_NAME["two-killed"]
    told = Scenario(played.name, played.family, {}, played.truth, "", one_hot=True)
    assert not judge(told, _said("quorum_loss", "node1", "node2")).wrong_buttons
    assert judge(told, _said("quorum_loss", "node3")).wrong_buttons == {("start_service", "node3")}
    assert judge(told, _said("clock_skew", "node1")).wrong_confident == {"clock_skew"}


def _said(cause: str, *started: str) -> dict[str, Any]:
    remedy = {"action": "start_nodes", "nodes": list(started), "offered": True, "reason": ""}
    return {"findings": [{"cause": cause, "verdict": "confirmed", "remedies": [remedy]}]}
