"""What a node says of its memory, its transactions and its deadlocks is what its condition has it say."""

from pathlib import Path

import pytest

from lab.node import condition, strain
from lab.node.condition import Condition, ConditionFile, write_condition
from lab.node.exporter import MEMORY_LIMIT_BYTES


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(strain, "time", clock)
    monkeypatch.setattr(condition, "time", clock)
    return clock


def test_deadlocks_are_counted_while_the_condition_lasts_and_never_taken_back(tmp_path: Path, clock: Clock):
    strained = strain.Strain(ConditionFile(tmp_path))
    clock.now_s += 10
    assert strained.deadlocks_total() == 0
    write_condition(tmp_path, Condition(deadlocks_per_s=12))
    clock.now_s += 5
    assert strained.deadlocks_total() == 60
    write_condition(tmp_path, condition.SOUND)
    clock.now_s += 5
    assert strained.deadlocks_total() == 60


def test_memory_is_the_processs_own_unless_its_condition_says_how_near_the_limit_it_is(
    tmp_path: Path, clock: Clock
):
    strained = strain.Strain(ConditionFile(tmp_path))
    assert strained.memory_bytes() < 0.85 * MEMORY_LIMIT_BYTES
    write_condition(tmp_path, Condition(memory_share=0.93))
    clock.now_s += 1
    assert strained.memory_bytes() == int(0.93 * MEMORY_LIMIT_BYTES)


def test_transactions_run_while_the_condition_lasts(tmp_path: Path, clock: Clock):
    strained = strain.Strain(ConditionFile(tmp_path))
    assert strained.transactions_active() == 0
    write_condition(tmp_path, Condition(transactions=3))
    clock.now_s += 1
    assert strained.transactions_active() == 3
