"""From an empty folder to a thread: the first block of docs/write-a-runbook.md, run as it stands."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/write-a-runbook.md").read_text()
WALK = re.findall(r"^```sh\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)[0]


def run(folder: Path, line: str) -> str:
    """Run a line of the document in a folder; return what it printed."""
    program, *words = shlex.split(line)
    assert program == "neumann-bot"
    ran = subprocess.run(
        (sys.executable, "-m", "bot", *words),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_a_runbook_of_text_goes_from_an_empty_folder_to_a_thread(tmp_path: Path):
    new, lint, demo = WALK.splitlines()
    assert "runbook lint" in run(tmp_path, new), "it says what comes next"
    assert run(tmp_path, lint).startswith("fine: root-disk-full.toml")
    thread = run(tmp_path, demo)
    assert "demo: RootDiskFull" in thread
    assert "The bot cannot judge this alert" in thread
    assert "1. Find what fills the disk." in thread, "the file's own steps"
    assert "Closed after" in thread
