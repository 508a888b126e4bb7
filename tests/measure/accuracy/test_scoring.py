"""The marks: what counts as right, as wrong and as honestly left open."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.scenarios import Scenario, Truth, generate
from measure.accuracy.__main__ import OURS, main, measure
from measure.accuracy.answers import Answer, always, claim
from measure.accuracy.goals import goals
from measure.accuracy.scoring import add_up, by_family, mark


def scenario(*causes: str, may_be_undetermined: bool = False, family: str = "single") -> Scenario:
    wanted = frozenset({("start_service", "node1")})
    truth = Truth(frozenset(causes), may_be_undetermined, wanted)
    return Scenario("made", family, {}, truth, "", one_hot=True)  # type: ignore[arg-type]


def test_a_claim_of_the_cause_is_right_and_of_another_a_wrong_confident_one():
    right = mark(scenario("quorum_loss"), claim("quorum_loss"))
    wrong = mark(scenario("quorum_loss"), claim("clock_skew"))
    assert (right.first_right, right.exact, right.correct_or_open) == (True, True, True)
    assert (wrong.first_right, wrong.exact, wrong.correct_or_open) == (False, False, False)
    assert wrong.wrong_confident == wrong.false_causes == {"clock_skew"}


def test_a_possible_cause_is_no_claim():
    answer = Answer((("quorum_loss", "possible"), ("clock_skew", "undetermined")))
    marked = mark(scenario("quorum_loss"), answer)
    assert (marked.first_right, marked.abstained, marked.excused) == (False, True, False)
    assert not marked.correct_or_open


def test_leaving_it_open_is_excused_only_where_the_truth_may_be():
    answer = Answer((("none_known", "undetermined"),))
    marked = mark(scenario("quorum_loss", may_be_undetermined=True), answer)
    assert marked.excused
    assert marked.correct_or_open
    assert add_up([marked]).first_right is None


def test_that_none_is_known_is_right_where_none_is():
    answer = Answer((("none_known", "undetermined"), ("clock_skew", "ruled_out")))
    assert mark(scenario("none_known"), answer).first_right
    assert not mark(scenario("none_known"), claim("clock_skew")).correct_or_open


def test_half_of_a_compound_is_not_exact():
    marked = mark(scenario("quorum_loss", "clock_skew"), claim("clock_skew"))
    assert marked.first_right
    assert not marked.exact


def test_a_button_nobody_wanted_is_counted_on_the_node_it_acts_on():
    offered = frozenset({("start_service", "node1"), ("start_service", "node2")})
    assert mark(scenario("quorum_loss"), claim("quorum_loss", offered)).wrong_buttons == {
        ("start_service", "node2")
    }


def test_no_fault_is_no_false_cause_but_may_be_a_wrong_claim():
    marked = mark(scenario("quorum_loss"), claim("alert_stale"))
    assert marked.false_causes == frozenset()
    assert marked.wrong_confident == {"alert_stale"}


def test_a_stopped_watch_falls_short_of_the_goals():
    marks = [mark(each, always("network_partition")(each)) for each in generate(1)]
    short = {goal.name for goal in goals(marks) if not goal.ok}
    assert {"AC@1, single", "false causes, healthy or flapping"} <= short
    assert by_family(marks)["negative"].false_causes == 100


def test_the_runbook_beats_every_baseline_on_a_seed_of_its_own():
    marks = measure(list(generate(20_261_124)))
    first = {name: add_up(each).first_right or 0.0 for name, each in marks.items()}
    assert len(first) == 4
    assert first[OURS] > 2 * max(share for name, share in first.items() if name != OURS)


def test_the_measurement_prints_and_writes_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    target = tmp_path / "accuracy.json"
    assert main(["--seed", "4", "--json", str(target)]) == 0
    assert "Goals" in capsys.readouterr().out
    assert '"seed": 4' in target.read_text()
