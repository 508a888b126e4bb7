"""A small helping of the writes that `make fuzz` does in full."""

from __future__ import annotations

import pytest

from measure.attack.redis_fuzz import fuzz

pytestmark = pytest.mark.process


async def test_row_08_random_writes_to_redis_end_no_process_do_nothing_and_call_nothing_false_sound() -> None:
    tally = await fuzz(200, seed=8)
    assert tally.wrongs == []
    assert tally.count == 200
    assert tally.sound > 0, "what nobody has touched is sound"
