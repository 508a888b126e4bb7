"""From nothing to a runbook of text that was tried, on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.app import app
from runbooks.all_runbooks import RUNBOOKS

EVIDENCE = sorted((Path(__file__).parents[3] / "data" / "evidence").glob("*.json"))[0]


@pytest.fixture(autouse=True)
def only_the_bots_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test adds is taken away again."""
    own = dict(RUNBOOKS)
    for where in (
        "runbooks.all_runbooks",
        "bot.add_ons",
        "bot.cli.runbook",
        "bot.cli.runbook.skeleton_files",
    ):
        monkeypatch.setattr(f"{where}.RUNBOOKS", own)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["runbook", *arguments])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = run("new", "disk-full", "--alert", "RootDiskFull", "--toml", "--into", str(tmp_path))
    assert made.exit_code == 0, made.output
    return tmp_path / "disk-full.toml"


def test_what_new_writes_keeps_to_the_contract(file: Path) -> None:
    assert run("lint", str(file)).output == f"fine: {file}, 2 steps, 1 plot\n"


def test_lint_tells_everything_that_is_wrong(file: Path) -> None:
    file.write_text(file.read_text().replace("people = 2", "people = 3").replace('"disk"', '"dsk"'))
    linted = run("lint", str(file))
    assert linted.exit_code == 1
    assert [line.partition(".toml:")[0] for line in linted.stderr.splitlines()] == [f"wrong: {file}"[:-5]] * 2


def test_try_shows_what_the_thread_would(file: Path) -> None:
    tried = run("try", str(file), "--evidence", str(EVIDENCE))
    assert tried.exit_code == 0, tried.output
    assert tried.output.startswith("The bot cannot judge this alert.")
    for part in (
        "undetermined: What was read; this runbook is text and judges nothing",
        "node1: disk: ",
        "Never\n- Do not delete",
        "   df -h /var/lib/neumann",
    ):
        assert part in tried.output
    assert 'plot: Free on disk, bytes: tensor_chain_disk_free_bytes{cluster="demo"}' in tried.output


def test_those_that_ship_with_the_bot_are_listed_with_their_alerts() -> None:
    listed = run("list").output
    assert "backup-restore: " in listed
    assert "cluster-upgrade: " in listed
