"""A terminal gets frames and colours, and nobody else does; asked of real terminals and pipes."""

from __future__ import annotations

import asyncio
import os
import pty
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from bot.cli.console import console, is_plain
from tests.bot.cli.test_app import run
from tests.bot.incidents import quorum_loss


@contextmanager
def output(of: int, other: int, **environment: str) -> Iterator[Console]:
    """Standard output as one end of something, in such an environment."""
    with pytest.MonkeyPatch.context() as patch, os.fdopen(of, "w") as stream:
        for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
            patch.delenv(name, raising=False)
        for name, value in ({"TERM": "xterm-256color"} | environment).items():
            patch.setenv(name, value)
        patch.setattr(sys, "stdout", stream)
        yield console()
    os.close(other)


def a_terminal(**environment: str) -> AbstractContextManager[Console]:
    ours, theirs = pty.openpty()
    return output(theirs, ours, **environment)


def a_pipe(**environment: str) -> AbstractContextManager[Console]:
    ours, theirs = os.pipe()
    return output(theirs, ours, **environment)


def test_a_terminal_has_frames_and_colours() -> None:
    with a_terminal(COLUMNS="63") as screen:
        assert not is_plain(screen)
        assert (screen.width, screen.color_system) == (63, "256")


def test_no_color_leaves_the_frames() -> None:
    with a_terminal(NO_COLOR="1") as screen:
        assert not is_plain(screen)
        assert screen.no_color


def test_a_dumb_terminal_gets_plain_lines() -> None:
    with a_terminal(TERM="dumb") as screen:
        assert is_plain(screen)


def test_a_pipe_gets_plain_lines_of_any_length() -> None:
    with a_pipe(COLUMNS="40") as screen:
        assert is_plain(screen)
        assert screen.width > 10_000


@pytest.mark.process
async def test_a_pipe_gets_no_colour_and_no_progress_while_many_files_are_judged(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.json" for number in range(3)]
    for file in files:
        file.write_text(quorum_loss().model_dump_json())
    code, out, err = await run("diagnose", *map(str, files))
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert out.count("\nconfirmed: Quorum loss (node2 and node3)\n  + node2: ") == 3
    assert not any(line.endswith(" ") for line in out.splitlines())


@pytest.mark.process
async def test_progress_is_on_the_terminal_and_the_answers_are_in_the_pipe(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.json" for number in range(3)]
    for file in files:
        file.write_text(quorum_loss().model_dump_json())
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "diagnose", "--json", *map(str, files)),
        env=os.environ | {"TERM": "xterm"},
        stdout=asyncio.subprocess.PIPE,
        stderr=theirs,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    os.close(theirs)
    shown = os.read(ours, 65_536).decode()
    os.close(ours)
    assert out.count(b"\n") == 3
    assert "Judging" in shown
    assert "3/3" in shown
