"""The smaller runbooks on models that know nothing of their rules."""

from __future__ import annotations

from random import Random

import pytest

from lab import capacity_model, deadlock_model, lag_model, recovery_model, split_model
from lab.lag_model.flow import Member, flow
from lab.recovery_model.service import START_LIMIT_BURST, START_LIMIT_INTERVAL_S, crashes
from measure.accuracy import smaller
from measure.accuracy.answers import Answer


@pytest.fixture(scope="module", params=["replication-lag", "split-brain", "node-recovery"])
def verdicts(request: pytest.FixtureRequest) -> list[smaller.Verdict]:
    generate = {
        "replication-lag": lag_model.generate,
        "split-brain": split_model.generate,
        "node-recovery": recovery_model.generate,
    }[request.param]
    return [smaller.judge(request.param, case) for case in generate(seed=11, each=6)]


@pytest.fixture(scope="module", params=["capacity", "deadlock-resolution"])
def by_days(request: pytest.FixtureRequest) -> list[smaller.Verdict]:
    models = {"capacity": capacity_model.generate, "deadlock-resolution": deadlock_model.generate}
    generate = models[request.param]
    return [smaller.judge(request.param, case) for case in generate(seed=11, each=2)]


def test_what_is_found_is_right_or_left_open(by_days: list[smaller.Verdict]) -> None:
    wrong = [v for v in by_days if v.false_claims or not (v.first_right or v.is_open)]
    assert [v.case.name for v in wrong] == []
    assert [v.case.name for v in by_days if v.wrong_buttons] == []
    read = [v for v in by_days if v.case.family == "as_read"]
    assert sum(v.first_right for v in read) > 0.8 * len(read) > 0


def test_a_leadership_is_handed_on_where_writes_would_end_and_nowhere_else() -> None:
    verdicts = [smaller.judge("capacity", case) for case in capacity_model.generate(seed=12, each=4)]
    offered = [v for v in verdicts if v.said.buttons]
    assert offered
    assert [v.case.name for v in offered if v.wrong_buttons] == []
    assert all("whole" in v.case.name for v in offered)


def test_no_false_cause_is_claimed(verdicts: list[smaller.Verdict]) -> None:
    assert [v.case.name for v in verdicts if v.false_claims] == []


def test_the_first_finding_is_right_where_all_was_read(verdicts: list[smaller.Verdict]) -> None:
    read = [v for v in verdicts if v.case.family == "as_read"]
    assert read
    assert [v.case.name for v in read if not v.first_right] == []


def test_no_button_is_wrong_and_none_is_missing(verdicts: list[smaller.Verdict]) -> None:
    assert [v.case.name for v in verdicts if v.wrong_buttons] == []
    assert any(v.wanted for v in verdicts)
    assert [v.case.name for v in verdicts if v.lacks_button] == []


def test_a_wrong_claim_is_counted(verdicts: list[smaller.Verdict]) -> None:
    wrong = smaller.Verdict(verdicts[0].case, Answer((("log_full", "confirmed"),), frozenset()))
    assert wrong.is_confident
    assert "wrong and confirmed" in smaller.table("replication-lag", [wrong, *verdicts])
    assert "log_full" in smaller.misses([wrong])


def test_what_no_majority_holds_is_not_committed() -> None:
    leader = Member("node1", applies=1e4, writes=1e4)
    others = [Member(name, applies=1e4, writes=1e4, cut=True) for name in ("node2", "node3")]
    flow(leader, others, offered=100, seconds=10)
    assert (leader.commit, leader.log > 0) == (0, True)


def test_loss_slows_a_link_down_as_tcp_does() -> None:
    clean, lossy = Member("a", 1, 1, round_trip_s=0.05), Member("b", 1, 1, round_trip_s=0.05, loss=0.06)
    assert lossy.receives == pytest.approx(1448 / 0.05 * 5 / 400)
    assert clean.receives > 100 * lossy.receives


def test_a_manager_gives_a_process_up_that_dies_at_once_and_keeps_on_with_one_that_waits() -> None:
    lives = [crashes(Random(seed), "signal", until_s=90.0) for seed in range(200)]
    given_up, kept = [one for one in lives if one.gave_up], [one for one in lives if not one.gave_up]
    assert given_up and kept
    last = [one.spells[-START_LIMIT_BURST:] for one in given_up]
    assert all(spells[-1].started_s - spells[0].started_s < START_LIMIT_INTERVAL_S for spells in last)
    shown = given_up[0].at(1e6)
    assert (shown.state, shown.restarts, shown.result) == ("failed", len(given_up[0].spells) - 1, "signal")
