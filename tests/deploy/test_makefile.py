"""`make demo` on a machine where something is missing: one sentence, and which command mends it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[2] / "Makefile"

pytestmark = pytest.mark.process


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with what `make demo` reads before it installs anything, and a venv left half-made."""
    shutil.copy(MAKEFILE, tmp_path)
    for locked in ("requirements-agent.txt", "requirements-demo.txt", "pyproject.toml"):
        (tmp_path / locked).touch()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    return tmp_path


def python(folder: Path, script: str) -> str:
    """Return the path of a Python that behaves as the shell script says."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def make(checkout: Path, **variables: str) -> tuple[int, list[str]]:
    assigned = [f"{name}={value}" for name, value in variables.items()]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ("make", "--no-print-directory", "demo", *assigned),
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    *said, failed = done.stderr.splitlines()
    assert failed.startswith("make: ***"), done.stderr
    return done.returncode, said


def test_no_python_that_is_new_enough(checkout: Path) -> None:
    assert make(checkout, PYTHON="") == (
        2,
        ["Python 3.11 or newer is missing: install it, or name it: make PYTHON=/path/to/python3"],
    )


def test_a_named_python_that_is_too_old(checkout: Path) -> None:
    _, said = make(checkout, PYTHON=python(checkout, "exit 1"))
    assert said == [
        f"{checkout}/python is no Python 3.11 or newer: name another one: make PYTHON=/path/to/python3",
    ]


def test_a_debian_without_python3_venv(checkout: Path) -> None:
    bare = python(checkout, 'case "$*" in *ensurepip*) exit 1 ;; esac')
    _, said = make(checkout, PYTHON=bare)
    assert said == [f"{bare} has no venv module: install it (Debian: apt install python3-venv)"]


def test_a_venv_that_was_left_half_made_is_made_anew(checkout: Path) -> None:
    ends_there = 'case "$*" in "-m venv"*) test ! -e .venv && echo "made anew" >&2; exit 1 ;; esac'
    _, said = make(checkout, PYTHON=python(checkout, ends_there))
    assert said == ["making the virtual environment", "made anew"]
