"""Every command in a narrow and a wide terminal: no line is wider than it, and no word is cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from typer.main import get_command
from typer.testing import CliRunner

from bot.cli.app import app
from runbooks.all_runbooks import RUNBOOKS
from tests.builders import candidates, evidence, missing

WIDTHS = (60, 80, 120)
COLOUR = re.compile("\x1b\\[[0-9;]*m")
WIDE = "東京-一号機は応答しない" * 12
TEXT = """
name = "disk-full"
title = "A disk is full"
url = "https://wiki.example.org/operations/runbooks/disk-full"
text = "A node writes nothing any more, and its queue grows until it leaves the cluster for good."
[match]
alerts = ["DiskFull"]
[[steps]]
do = "Look which folder has grown, on the node, and then in its neighbours' folders as well."
commands = ["du --one-file-system --max-depth 2 /var/lib/neumann | sort --numeric-sort --reverse | head -20"]
"""
COMMAND = "   du --one-file-system --max-depth 2 /var/lib/neumann | sort --numeric-sort --reverse | head -20"


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command and group with the words that name it."""
    yield path, group
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


EVERY = dict(commands(get_command(app)))


def shown(*arguments: str, width: int | None, **environment: str) -> str:
    """What a terminal of that width gets, without its colours; None is a pipe."""
    terminal = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": str(width)} if width else {}
    # The runner says 80 columns to what prints the help, whatever COLUMNS is.
    done = CliRunner().invoke(app, arguments, env=terminal | environment, terminal_width=width)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return COLOUR.sub("", done.output)


def without_breaks(text: str) -> str:
    return "".join(text.split())


@pytest.fixture(autouse=True)
def runbooks_as_they_were() -> Iterator[None]:
    """A runbook that is tried stays known to the process."""
    before = dict(RUNBOOKS)
    yield
    RUNBOOKS.clear()
    RUNBOOKS.update(before)


@pytest.fixture
def asked(tmp_path: Path) -> dict[str, tuple[str, ...]]:
    """Commands that need no bot, on evidence with long words, wide characters and long lists."""
    file, before, text = tmp_path / "evidence.json", tmp_path / "before.json", tmp_path / "disk-full.toml"
    nodes = candidates(rtt_ms=400.0)
    before.write_text(evidence(*nodes).model_dump_json())
    odd = nodes[0].model_copy(update={"disk": missing(WIDE)})
    file.write_text(evidence(odd, *nodes[1:]).model_dump_json())
    text.write_text(TEXT)
    return {
        "show": ("evidence", "show", str(file)),
        "diff": ("evidence", "diff", str(before), str(file)),
        "diagnose": ("diagnose", "--evidence", str(file)),
        "plan": ("plan", "--remedy", "config_bump", "--evidence", str(file)),
        "list": ("runbook", "list"),
        "lint": ("runbook", "lint", "leader-election"),
        "try": ("runbook", "try", "leader-election", "--evidence", str(file)),
        "instructions": ("runbook", "try", str(text), "--evidence", str(file)),
    }


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["show", "diff", "diagnose", "plan", "list", "lint", "try", "instructions"])
def test_no_line_of_an_answer_is_wider_than_the_terminal(
    name: str, width: int, asked: dict[str, tuple[str, ...]]
) -> None:
    for environment in ({}, {"NO_COLOR": "1"}):
        lines = shown(*asked[name], width=width, **environment).splitlines()
        assert [line for line in lines if cell_len(line) > width and line != COMMAND] == []
        assert not any("…" in line for line in lines)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["show", "diff", "plan", "list", "lint"])
def test_a_broken_line_keeps_every_word_of_the_pipes(
    name: str, width: int, asked: dict[str, tuple[str, ...]]
) -> None:
    piped = shown(*asked[name], width=None)
    assert without_breaks(shown(*asked[name], width=width)) == without_breaks(piped)


def test_what_a_line_goes_on_with_stands_deeper_than_its_beginning(
    asked: dict[str, tuple[str, ...]],
) -> None:
    lines = shown(*asked["show"], width=60).splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("  metrics (bot"))
    assert lines[first + 1].startswith("    ")


def test_a_command_to_be_copied_stays_one_line(asked: dict[str, tuple[str, ...]]) -> None:
    assert COMMAND in shown(*asked["instructions"], width=60).splitlines()


@pytest.mark.parametrize("width", [*WIDTHS, None])
@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_help_names_every_option_and_default_whole(path: tuple[str, ...], width: int | None) -> None:
    output = shown(*path, "--help", width=width)
    assert max(map(cell_len, output.splitlines())) <= (width or 80)
    assert not re.search(r"\w\.\.\.$", output, re.MULTILINE), "the words of a command are cut"
    for option in EVERY[path].params:
        assert all(name in output for name in option.opts if name.startswith("-"))
        if isinstance(option.default, (str, Path)) and str(option.default) and option.show_default:
            assert without_breaks(str(option.default)) in without_breaks(output)
