"""Of `make chaos` what an older Redis may bring back: a run that was stopped and undone, on real agents."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from measure.chaos.remediation import play
from measure.chaos.undone import UNDONE

pytestmark = pytest.mark.process


async def test_row_08_an_older_redis_neither_goes_on_with_a_run_that_was_undone_nor_undoes_it_again(
    tmp_path: Path,
) -> None:
    """Agents and ledgers are real; in one of the two the bot is killed, so nobody remembers more."""
    starting = asyncio.Lock()
    folders = (tmp_path / "one", tmp_path / "other")
    played = await asyncio.gather(*map(play, (UNDONE[0], UNDONE[-1]), folders, (starting, starting)))
    assert [(each.failed, each.violations, each.ended) for each in played] == [("", (), "stopped")] * 2
