"""What must hold for any evidence: names do not matter, and knowing less never makes anything surer."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lab.scenarios import Scenario, generate
from runbooks import leader_election
from runbooks.evidence import Evidence
from runbooks.model import SURE, Diagnosis, Verdict

READINGS = (
    "metrics",
    "metrics_again",
    "local_metrics",
    "health",
    "clock",
    "service",
    "log",
    "config",
    "disk",
    "connects",
    "pings",
)
LEADER_IS_THERE = {"alert_stale", "monitoring_blind"}


SEED = 11


@cache
def scenarios() -> tuple[Scenario, ...]:
    return tuple(generate(SEED))


some_scenario = st.builds(
    lambda index: scenarios()[index % len(scenarios())], st.integers(min_value=0, max_value=599)
)


def judged(document: dict[str, Any]) -> Diagnosis:
    return leader_election.diagnose(Evidence.model_validate(document))


def said(diagnosis: Diagnosis, *verdicts: Verdict) -> set[str]:
    return {finding.cause for finding in diagnosis.findings if finding.verdict in verdicts}


@given(some_scenario)
def test_the_same_evidence_gives_the_same_words(scenario: Scenario) -> None:
    assert judged(scenario.evidence) == judged(json.loads(json.dumps(scenario.evidence)))


@given(some_scenario, st.randoms(use_true_random=False))
def test_the_order_of_the_nodes_changes_nothing(scenario: Scenario, random: Any) -> None:
    shuffled = {
        **scenario.evidence,
        "nodes": random.sample(scenario.evidence["nodes"], len(scenario.evidence["nodes"])),
    }
    one, other = judged(scenario.evidence), judged(shuffled)
    assert one.can_elect == other.can_elect
    assert {(f.cause, f.verdict, frozenset(f.nodes)) for f in one.findings} == {
        (f.cause, f.verdict, frozenset(f.nodes)) for f in other.findings
    }


@given(some_scenario)
def test_the_names_of_the_nodes_change_nothing(scenario: Scenario) -> None:
    renamed = json.loads(re.sub(r"node(\d)", r"db-eu-\1", json.dumps(scenario.evidence)))
    one, other = judged(scenario.evidence), judged(renamed)
    assert [(f.cause, f.verdict) for f in one.findings] == [(f.cause, f.verdict) for f in other.findings]


@given(
    some_scenario, st.sets(st.tuples(st.integers(0, 6), st.sampled_from(READINGS)), min_size=1, max_size=8)
)
def test_reading_less_confirms_nothing_that_was_not_already_sure(
    scenario: Scenario, lost: set[tuple[int, str]]
) -> None:
    less = json.loads(json.dumps(scenario.evidence))
    for number, reading in lost:
        node = less["nodes"][number % len(less["nodes"])]
        node[reading] = {
            "missing": "no answer within 4 s",
            "kind": "timeout",
            "by": node[reading]["by"],
            "at": node[reading]["at"],
        }
    before, after = judged(scenario.evidence), judged(less)
    new = said(after, Verdict.CONFIRMED) - said(before, *SURE) - scenario.truth.causes
    if said(before, *SURE) & LEADER_IS_THERE:
        new -= LEADER_IS_THERE  # whether monitoring sees the leader is told by which pages were read
    assert not new, (said(before, *SURE), sorted(lost))


@given(some_scenario)
def test_what_is_confirmed_is_true_unless_a_source_lies(scenario: Scenario) -> None:
    if scenario.family != "lying":
        wrong = said(judged(scenario.evidence), Verdict.CONFIRMED) - scenario.truth.causes
        assert wrong == set(), scenario.description
