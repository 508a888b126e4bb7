"""Of `make chaos` what tells the story: a bot killed while it acts, and a remedy that fails and is undone."""

import asyncio

import pytest
import pytest_asyncio

from measure.chaos.remediation import KNOWN, Result, play

pytestmark = pytest.mark.slow

KILLED = "bot-killed/action_started-1"
FAILED = "config_bump/node-1/effect-missing"


@pytest_asyncio.fixture(scope="module")
async def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """Both are mostly waiting, so they are played side by side."""
    starting = asyncio.Lock()
    chosen = [chaos for chaos in KNOWN if chaos.name in (KILLED, FAILED)]
    folders = [tmp_path_factory.mktemp("chaos") for _ in chosen]
    played = await asyncio.gather(*map(play, chosen, folders, [starting] * len(chosen)))
    return {result.name: result for result in played}


def test_a_bot_that_is_killed_while_it_acts_goes_on_and_does_nothing_twice(
    results: dict[str, Result],
) -> None:
    killed = results[KILLED]
    assert (killed.failed, killed.violations, killed.ended) == ("", (), "verified")


def test_a_restart_without_effect_stops_the_run_there_and_the_undo_puts_the_file_back(
    results: dict[str, Result],
) -> None:
    failed = results[FAILED]
    assert (failed.failed, failed.violations, failed.ended) == ("", (), "stopped")
