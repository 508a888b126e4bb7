"""The second model: its worlds keep Raft's arithmetic, and the runbook is never sure of what is not there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from lab.second_model import generate, has_twin
from lab.second_model.fault import Fault
from lab.second_model.faults import FAULTS
from lab.second_model.readings import read
from lab.second_model.world import electable, failed, sound
from measure.accuracy.second import judge, measure, misses, table
from runbooks.evidence import Evidence

NAMES = ("node1", "node2", "node3")


def test_a_sound_world_elects_anybody_and_a_stopped_majority_nobody() -> None:
    world = sound(NAMES)
    assert electable(world) == NAMES
    assert failed(world, "node1") == 0
    for name in ("node2", "node3"):
        world.members[name].process = "stopped"
    assert electable(world) == ()
    assert failed(world, "node1") == 2


def test_clocks_apart_deny_votes_and_links_that_lose_gossip_do_so_over_no_third() -> None:
    world = sound(NAMES)
    world.members["node2"].offset_ms, world.members["node3"].offset_ms = 2_000.0, -2_000.0
    assert electable(world) == ()
    world = sound(NAMES)
    world.links["node1", "node2"].gossip = "timeout"
    assert failed(world, "node1") == 0, "node3 hears both"


def test_the_same_seed_gives_the_same_documents() -> None:
    first, again = (list(generate(5, count=20)) for _ in range(2))
    assert first == again


def test_nothing_that_is_not_there_is_confirmed_and_no_button_is_wrong() -> None:
    verdicts = [judge(case) for case in generate(61, count=450)]
    assert [v.case.story for v in verdicts if v.is_confident] == []
    assert [v.case.story for v in verdicts if v.wrong_buttons] == []
    told = [v for v in verdicts if v.case.family != "lying"]
    assert [v.case.story for v in told if v.false_claims] == []
    assert sum(v.wrong_can_elect for v in told) <= 1
    assert sum(v.first_right or v.is_open for v in verdicts) >= 447


def test_each_family_has_a_third_of_the_documents_and_says_what_was_done_to_it() -> None:
    cases = list(generate(5, count=30))
    assert Counter(case.family for case in cases) == {"read": 10, "lost": 10, "lying": 10}
    assert all("lost: " in case.story for case in cases if case.family == "lost")
    assert all(" says: " in case.story for case in cases if case.family == "lying")
    assert all(case.blurred for case in cases if case.family != "read")


@pytest.mark.parametrize("make", FAULTS, ids=lambda make: make.__name__)
def test_each_fault_can_be_put_into_a_world_and_read(
    make: Callable[[Random, tuple[str, ...]], Fault],
) -> None:
    world = sound(NAMES)
    fault = make(Random(3), NAMES)
    fault.inject(world)
    assert world != sound(NAMES)
    Evidence.model_validate(read(world, Random(3), led=False))


def test_a_node_with_a_newer_log_gives_no_vote_and_a_host_without_power_reaches_nobody() -> None:
    world = sound(NAMES)
    world.members["node1"].log_index = 100
    assert electable(world) == ("node2", "node3")
    world.members["node2"].process = world.members["node3"].process = "off"
    document = read(world, Random(1), led=False)
    assert {connect["result"] for connect in document["nodes"][0]["connects"]["value"]} == {"timeout"}


def test_another_truth_fits_slow_links_and_none_fits_stopped_processes() -> None:
    alone = (case for case in generate(61) if len(case.faults) == 1 and case.family == "read")
    cases = {case.faults[0].story.split(":")[0]: case for case in alone if len(case.world.names) == 3}
    assert any(has_twin(case) for story, case in cases.items() if story.startswith("round trip"))
    assert not has_twin(cases["stopped"])


def test_the_figures_and_the_misses_are_told() -> None:
    verdicts = measure(3)[:40]
    assert (
        "documents                             14              13              13              40"
        in table(verdicts)
    )
    assert all(v.case.name in misses([v]) for v in verdicts if v.false_claims)
