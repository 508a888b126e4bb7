"""The second model: its worlds keep Raft's arithmetic, and the runbook is never sure of what is not there."""

from __future__ import annotations

from lab.second_model import generate
from lab.second_model.faults import stopped
from lab.second_model.world import electable, failed, sound
from measure.accuracy.second import judge, measure, misses, table

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
    assert stopped.__doc__


def test_nothing_that_is_not_there_is_confirmed_and_no_button_is_wrong() -> None:
    verdicts = [judge(case) for case in generate(61, count=150)]
    assert [v.case.story for v in verdicts if v.is_confident] == []
    assert [v.case.story for v in verdicts if v.wrong_buttons] == []
    assert sum(v.wrong_can_elect for v in verdicts) <= 1
    assert sum(v.first_right or v.is_open for v in verdicts) >= 148


def test_the_figures_and_the_misses_are_told() -> None:
    verdicts = measure(3)[:40]
    assert "Second model, 40 documents" in table(verdicts)
    assert all(v.case.name in misses([v]) for v in verdicts if v.false_claims)
