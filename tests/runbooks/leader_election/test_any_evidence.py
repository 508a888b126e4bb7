"""Whatever the fields of evidence hold, it is judged: nothing that a node says makes a judgement raise."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lab.scenarios import generate
from runbooks import leader_election
from runbooks.evidence import Clock, Evidence, Log, Reading, Service
from runbooks.planning import node_check, quorum_gate
from runbooks.plans import Action, ActionType
from tests.any_evidence import any_evidence, disturbed
from tests.builders import NOON, evidence, node, silent

SCENARIOS = tuple(Evidence.model_validate(each.evidence) for each in tuple(generate(11))[:100])
ACTIONS: tuple[ActionType, ...] = ("clock_sync", "set_election_timeouts", "start_service", "restart_service")


def made(seed: int) -> Evidence:
    """Evidence of any kind, or a cluster's with some readings of any kind."""
    chance = Random(seed)
    return any_evidence(chance) if seed % 2 else disturbed(chance.choice(SCENARIOS), chance)


some_evidence = st.integers(0, 1_000_000).map(made)


@given(some_evidence, some_evidence)
def test_row_12_no_value_of_any_field_keeps_the_checks_of_a_run_from_deciding(
    read: Evidence, before: Evidence
) -> None:
    after = read.model_copy(
        update={"nodes": before.nodes and disturbed(before, Random(len(read.names))).nodes}
    )
    for name in before.names:
        quorum_gate.why_not(before, name)
        actions = tuple(Action(type=kind, node=name) for kind in ACTIONS)
        node_check.complaints(before, after, actions, leader_wanted=True)


def test_row_12_a_log_that_claims_thirty_million_years_of_silence_is_judged() -> None:
    def log(name: str, silent_s: float) -> Reading[Log]:
        said = Log(path="/var/log/n", window_s=60, bytes_read=900, counts={}, silent_s=silent_s)
        return Reading[Log](value=said, by=f"agent:{name}", at=NOON)

    service = Reading[Service](value=Service(state="active", pid=1), by="agent:node2", at=NOON)
    hung = silent("node2").model_copy(update={"service": service, "log": log("node2", 1e15)})
    others = (node(name, log=log(name, 1.0)) for name in ("node1", "node3"))
    judged = leader_election.diagnose(evidence(hung, *others))
    assert "nothing in its log for 277777777777 h" in str(judged.findings)


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), float("-inf")])
def test_row_12_a_number_that_is_none_is_no_reading(figure: float) -> None:
    with pytest.raises(ValidationError):
        Clock(offset_ms=figure, error_ms=0.0, synchronised=True, source="ntp")
