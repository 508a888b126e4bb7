"""The bot's look at a node's clock: what is true lies within its bound, and the fastest exchange counts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from agent.protocol import WallClock
from bot.nodes import wall_clock
from bot.nodes.wall_clock import bracket

AHEAD_S = 5.0


class Clocks:
    """The bot's two clocks, which only move while the node is asked."""

    def __init__(self) -> None:
        self.now_s, self.stepped_s = 1_700_000_000.0, 0.0

    def time(self) -> float:
        return self.now_s + self.stepped_s

    def monotonic(self) -> float:
        return self.now_s

    def answering(self, *trips_s: tuple[float, float]) -> Callable[[], Awaitable[WallClock]]:
        """A node that is ahead, and whose questions and answers take so long on their ways."""
        trips = iter(trips_s)

        async def ask() -> WallClock:
            there_s, back_s = next(trips)
            self.now_s += there_s
            shown = WallClock(boot_id="b", wall_s=self.now_s + AHEAD_S)
            self.now_s += back_s
            return shown

        return ask


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    made = Clocks()
    monkeypatch.setattr(wall_clock, "time", made)
    return made


@pytest.mark.parametrize("back_s", [0.0, 0.001, 0.010])
async def test_true_time_lies_within_half_the_round_trip(clocks: Clocks, back_s: float):
    look = await bracket(clocks.answering(*[(0.010 - back_s, back_s)] * 3))
    assert look.error_ms == pytest.approx(5, abs=0.01)
    assert abs(look.ahead_ms - AHEAD_S * 1000) <= look.error_ms + 0.01


async def test_the_fastest_exchange_counts(clocks: Clocks):
    look = await bracket(clocks.answering((0.4, 0.0), (0.001, 0.001), (0.0, 0.3)))
    assert look.error_ms == pytest.approx(1, abs=0.01)
    assert look.ahead_ms == pytest.approx(5000, abs=0.01)


async def test_a_step_of_the_bots_own_clock_meanwhile_does_not_count(clocks: Clocks):
    ask = clocks.answering(*[(0.001, 0.001)] * 3)

    async def stepping() -> WallClock:
        clocks.stepped_s = 3600.0
        return await ask()

    assert (await bracket(stepping)).ahead_ms == pytest.approx(5000, abs=0.01)
