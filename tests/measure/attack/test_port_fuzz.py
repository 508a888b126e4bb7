"""A small helping of the callers that `python -m measure.attack.port_fuzz` sends in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from measure.attack.port_fuzz import MAX_GROWTH_MIB, fuzz

pytestmark = pytest.mark.process


async def test_row_19_random_and_half_valid_callers_do_nothing_and_take_little_memory(tmp_path: Path) -> None:
    tally = await fuzz(tmp_path, count=500, seed=19)
    assert tally.done == 0
    assert tally.grew_mib < MAX_GROWTH_MIB
    assert "500" not in tally.answers
    assert tally.answers["400"] > 20
    assert tally.answers.total() == 500
