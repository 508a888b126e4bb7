"""What each Containerfile copies is enough to build the wheel that it installs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IGNORED = shutil.ignore_patterns("__pycache__")


def copied(containerfile: Path) -> list[str]:
    """Return what the stage that builds takes of the repository."""
    first_stage = re.split(r"^FROM ", containerfile.read_text(), flags=re.MULTILINE)[1]
    return [
        name for line in re.findall(r"^COPY (.+)$", first_stage, re.MULTILINE) for name in line.split()[:-1]
    ]


@pytest.mark.process
@pytest.mark.parametrize(
    ("file", "holds"),
    [
        (
            "deploy/Containerfile",
            {"agent/cli.py", "bot/main.py", "handlers/alerting/intake.py", "shared/version.py"},
        ),
        ("deploy/kubernetes/Containerfile.agent", {"agent/cli.py", "shared/version.py"}),
    ],
)
def test_the_wheel_is_built_from_what_is_copied(tmp_path: Path, file: str, holds: set[str]):
    for name in copied(ROOT / file):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=IGNORED)
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    build = "import setuptools.build_meta as build; print(build.build_wheel('.'))"
    built = subprocess.run(
        [sys.executable, "-c", build], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert built.returncode == 0, built.stderr
    with zipfile.ZipFile(tmp_path / built.stdout.split()[-1]) as wheel:
        assert holds <= set(wheel.namelist())
