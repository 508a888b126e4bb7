"""`--help` shows how a command is used and what its exit codes mean; what it shows can be typed."""

from __future__ import annotations

import re
import shlex

import pytest
from typer.testing import CliRunner

from bot.cli.app import PANELS, app
from bot.cli.help import HELP, OWN_RUNBOOKS
from measure.command_pages import CommandPage, pages
from tests.bot.cli.test_app import run
from tests.command_lines import parse

EXAMPLES = [example for each in HELP.values() for example in each.examples]


def test_every_command_has_examples_and_exit_codes() -> None:
    assert [page.name for page in pages() if not page.help.examples or len(page.help.codes) < 2] == []
    assert {page.name for page in pages()} == set(HELP)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_command_line_that_is_taken(example: str) -> None:
    program, *words = shlex.split(example)
    assert program == "neumann-bot"
    parse(words)


@pytest.mark.parametrize("page", list(pages()), ids=lambda page: page.name)
def test_every_option_says_what_it_does(page: CommandPage) -> None:
    assert [each.written for each in page.parameters if not each.says] == []


def test_what_answers_has_json() -> None:
    answers = ("check", "doctor", "status", "diagnose", "replay", "plan", "posture", "incidents month")
    lists = ("agents list", "runbook list", "runbook try", "audit verify", "demo")
    with_json = {page.name for page in pages() if any("--json" in each.written for each in page.parameters)}
    assert with_json == {*answers, *lists}


def test_every_command_is_in_one_panel_of_the_work_and_with_its_own() -> None:
    listed = [name for names in PANELS.values() for name in names]
    assert sorted(listed) == sorted({page.name.split()[0] for page in pages()})
    said = CliRunner().invoke(app, ("--help",), terminal_width=80).output
    assert said.index("Set up") < said.index("init ") < said.index("During an incident") < said.index("plan ")


def test_what_a_command_does_begins_in_one_column_in_every_panel() -> None:
    said = CliRunner().invoke(app, ("--help",), terminal_width=120).output
    rows = [re.match(r"  ([a-z]+ +)[A-Z]", line) for line in said.splitlines()]
    assert {len(row.group(1)) for row in rows if row} == {len("incidents  ")}


@pytest.mark.parametrize("command", ["diagnose", "replay", "runbook try", "runbook lint"])
def test_what_judges_names_every_runbook_there_is(command: str) -> None:
    said = CliRunner().invoke(app, (*command.split(), "--help"), terminal_width=200).output
    assert [name for name in OWN_RUNBOOKS if name not in said] == []
    assert {"leader-election", "replication-lag", "node-recovery"} <= set(OWN_RUNBOOKS)


@pytest.mark.process
async def test_help_ends_with_examples_and_exit_codes() -> None:
    code, out, _ = await run("agents", "list", "--help")
    assert code == 0
    assert "neumann-bot agents list --json" in out
    assert out.index("Examples:") < out.index("Exit codes:") < out.index("every agent answers")
