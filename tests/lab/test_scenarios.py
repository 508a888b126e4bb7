"""The scenarios: as many as promised, the same for the same seed, and never with a truth that is not so."""

from __future__ import annotations

import json
from collections import Counter
from random import Random

import pytest

from lab.scenarios import CAUSES, COUNTS, NO_FAULT, Scenario, generate
from lab.scenarios.build import WrongTruthError, drawn
from lab.scenarios.election import electable, outcome
from lab.scenarios.fault import Fault
from lab.scenarios.network_faults import asymmetric_partition, even_split
from lab.scenarios.process_faults import quorum_loss
from lab.scenarios.world import new_world
from runbooks.evidence import Evidence, Role


@pytest.fixture(scope="module")
def scenarios() -> list[Scenario]:
    return list(generate(1))


def test_every_family_has_its_number(scenarios: list[Scenario]):
    assert Counter(scenario.family for scenario in scenarios) == COUNTS
    assert len({scenario.name for scenario in scenarios}) == 600


def test_a_seed_gives_the_same_documents_and_another_gives_others(scenarios: list[Scenario]):
    again, other = list(generate(1)), list(generate(2))
    assert again == scenarios
    same = [one for one, two in zip(scenarios, other, strict=True) if one.evidence == two.evidence]
    # Where nothing at all could be read, one silence is like another.
    assert all(_is_silent(scenario) for scenario in same)
    assert len(same) < 5


def test_every_document_is_evidence(scenarios: list[Scenario]):
    for scenario in scenarios:
        evidence = Evidence.model_validate_json(json.dumps(scenario.evidence))
        assert evidence.model_dump(mode="json")["nodes"], scenario.name
        assert all(
            (reading.value is None) != (reading.missing is None)
            for node in evidence.nodes
            for reading in (node.metrics, node.metrics_again, node.local_metrics, node.connects, node.clock)
        ), scenario.name


def test_every_truth_is_in_the_known_words_and_every_cause_occurs(scenarios: list[Scenario]):
    occurring = frozenset[str]().union(*(scenario.truth.causes for scenario in scenarios))
    assert occurring == CAUSES
    for scenario in scenarios:
        assert len(scenario.truth.causes) == (
            2 if scenario.family == "compound" else len(scenario.truth.causes)
        )
        names = {node["node"] for node in scenario.evidence["nodes"]}
        assert {node for _, node in scenario.truth.wanted} <= names, scenario.name


def test_sizes_and_forms_are_crossed(scenarios: list[Scenario]):
    sizes = Counter(len(scenario.evidence["nodes"]) for scenario in scenarios)
    assert set(sizes) == {3, 4, 5, 7}
    assert sizes[3] + sizes[5] > 400
    nodes = [node for s in scenarios for node in Evidence.model_validate(s.evidence).nodes]
    pages = [node.metrics.value for node in nodes if node.metrics.value]
    configs = [node.config.value for node in nodes if node.config.value]
    assert {page.role for page in pages} == {None, *Role}
    assert any(page.gossip_failed is None for page in pages)
    assert any(config.election_timeout_max_ms is None for config in configs)
    assert {config.heartbeat_interval_ms for config in configs} == {50, None}


def test_a_steady_leader_keeps_its_term_and_is_seen_where_it_can_be(scenarios: list[Scenario]):
    steady = [s for s in scenarios if s.family == "negative" and s.truth.causes <= NO_FAULT]
    assert len(steady) == 100
    for scenario in steady:
        nodes = Evidence.model_validate(scenario.evidence).nodes
        pages = [(n.local_metrics.value, n.metrics_again.value) for n in nodes]
        leaders = [page for pair in pages for page in pair if page and page.role is Role.LEADER]
        assert len({page.term for page in leaders}) == (0 if scenario.truth.may_be_undetermined else 1), (
            scenario.name
        )


def test_buttons_are_wanted_only_where_a_cause_asks_for_them(scenarios: list[Scenario]):
    allowed = {
        "clock_sync": {"clock_skew"},
        "start_service": {"quorum_loss", "stale_log"},  # who is down may hold the log that can win
        "set_election_timeouts": {"aggressive_timeouts"},
    }
    for scenario in scenarios:
        for action, _ in scenario.truth.wanted - {("restart_service", n) for n in _names(scenario)}:
            assert allowed[action] & scenario.truth.causes, scenario.name


def test_raft_decides_whether_a_fault_is_one():
    world = new_world(Random(3), 5)
    assert outcome(world) == "steady"
    assert electable(world) == world.names

    two_down = quorum_loss(world, ("node1", "node2"))
    two_down.inject(world)
    assert outcome(world) == "steady"
    with pytest.raises(WrongTruthError):
        drawn(world, Fault("quorum_loss", "two of five are not enough", lambda _: None))


@pytest.mark.parametrize("seed", range(20))
def test_halves_and_one_way_cuts_leave_nobody_electable(seed: int):
    for fault, size in ((even_split, 4), (asymmetric_partition, 5)):
        world = new_world(Random(seed), size)
        fault(world).inject(world)
        assert electable(world) == []


def test_one_that_is_heard_and_does_not_hear_unseats_every_leader_unless_it_asks_first():
    world = new_world(Random(1), 3)
    world.set_mode({("node2", "node1"), ("node3", "node1")}, "drop", ("raft",))
    world.pre_vote = True
    assert outcome(world) == "steady"
    world.pre_vote = False
    assert outcome(world) == "storm"


def _is_silent(scenario: Scenario) -> bool:
    readings = [r for node in scenario.evidence["nodes"] for r in node.values() if isinstance(r, dict)]
    return all(reading["value"] is None for reading in readings)


def _names(scenario: Scenario) -> list[str]:
    return [node["node"] for node in scenario.evidence["nodes"]]
