"""One fixed command: read as far as is asked, ended when it is over, and nothing of it is left."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path

import pytest

from agent.errors import CommandError, CommandTimedOutError
from agent.run_command import run, run_checked

pytestmark = pytest.mark.process


def descriptors() -> set[str]:
    """Return what this process holds open."""
    return {each.name for each in Path("/proc/self/fd").iterdir()}


def is_running(pid: str) -> bool:
    """Say whether a process runs; of one that nobody reaped the command line is empty."""
    command_line = Path("/proc", pid, "cmdline")
    return command_line.exists() and bool(command_line.read_bytes())


def shell(script: str) -> tuple[str, str, str]:
    return ("/bin/sh", "-c", script)


async def test_both_of_its_pipes_and_its_exit_code_are_returned() -> None:
    said = await run(shell("echo out; echo err >&2; exit 3"), timeout_s=60)
    assert (said.exit_code, said.stdout, said.stderr) == (3, "out\n", "err\n")


@pytest.mark.parametrize("pipe", ["1", "2"])
async def test_who_fills_a_pipe_beyond_the_limit_is_ended_at_once(pipe: str) -> None:
    """More than the limit, asyncio's buffer and the pipe hold, so it stands still in its write."""
    began = time.monotonic()
    said = await run(
        shell(f"head -c 4000000 /dev/zero >&{pipe}; sleep 600"), timeout_s=300, limit_bytes=10_000
    )
    assert len(said.stdout) + len(said.stderr) == 10_000
    assert time.monotonic() - began < 200


async def test_one_that_is_late_is_killed_with_its_children_and_leaves_no_descriptor(tmp_path: Path) -> None:
    before = descriptors()
    script = f"sleep 600 & echo $! > {tmp_path}/child; head -c 4000000 /dev/zero; wait"
    with pytest.raises(CommandTimedOutError, match=r"did not end within 0\.5 s"):
        await run(shell(script), timeout_s=0.5, limit_bytes=8_000_000)
    assert not is_running((tmp_path / "child").read_text().strip())
    assert descriptors() <= before


@pytest.mark.parametrize("pipes", ["", ">/dev/null 2>&1"], ids=["that holds its pipes", "without its pipes"])
async def test_one_that_ends_before_its_child_leaves_none(pipes: str, tmp_path: Path) -> None:
    with suppress(CommandTimedOutError):
        await run(shell(f"sleep 600 {pipes} & echo $! > {tmp_path}/child"), timeout_s=0.5)
    async with asyncio.timeout(60):  # killed at once, and gone when the kernel comes to it
        while is_running((tmp_path / "child").read_text().strip()):
            await asyncio.sleep(0.01)


async def test_one_that_left_its_pipe_to_somebody_outside_its_session_does_not_hold_the_agent(
    tmp_path: Path,
) -> None:
    with pytest.raises(CommandTimedOutError):
        await run(shell(f"setsid sleep 600 & echo $! > {tmp_path}/child"), timeout_s=0.5)
    os.kill(int((tmp_path / "child").read_text()), 9)


async def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(
        CommandError, match=r"/nonexistent/chronyc cannot be run: No such file or directory\."
    ):
        await run(("/nonexistent/chronyc",), timeout_s=60)


async def test_a_failure_is_told_in_the_commands_own_words() -> None:
    with pytest.raises(CommandError, match="exited with 1: 501 Not authorised"):
        await run_checked(shell("echo 501 Not authorised >&2; exit 1"), timeout_s=60)
