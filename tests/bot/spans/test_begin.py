"""Whoever does not ask for traces loads nothing of them; whoever does is told what is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bot.conftest import WriteConfig

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[3]
BUILT = """
import asyncio, sys
from pathlib import Path
from bot import main
from bot.config import load

async def build():
    async with main.build(load(Path(sys.argv[1]))):
        print([each for each in sys.modules if each.startswith(("bot.spans.", "opentelemetry.exporter"))])

asyncio.run(build())
"""


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", program, *arguments]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def test_a_bot_that_does_not_trace_loads_nothing_of_it(write_config: WriteConfig):
    ran = run(BUILT, str(write_config()))
    assert ran.stdout.strip() == "['bot.spans.begin']", ran.stderr


def test_check_says_which_package_is_missing(write_config: WriteConfig):
    config = write_config()
    config.write_text(config.read_text() + '\n[tracing]\nendpoint = "http://localhost:4318/v1/traces"\n')
    hidden = "import sys; sys.modules['opentelemetry.sdk.trace'] = None; import bot.cli.app as a; a.main()"
    ran = run(hidden, "check", "--config", str(config))
    assert ran.returncode == 2
    assert "pip install 'neumann-bot[bot,tracing]'" in " ".join((ran.stdout + ran.stderr).split())


def test_check_says_which_line_of_the_headers_is_none(write_config: WriteConfig, tmp_path: Path):
    config, headers = write_config(), tmp_path / "tracing-headers"
    headers.touch(mode=0o600)
    headers.write_text("S3CR3T")
    section = f'\n[tracing]\nendpoint = "https://localhost/v1/traces"\nheaders = {{ file = "{headers}" }}\n'
    config.write_text(config.read_text() + section)
    ran = run("import bot.cli.app as a; a.main()", "check", "--config", str(config))
    said = " ".join((ran.stdout + ran.stderr).split())
    assert (ran.returncode, "S3CR3T" in said) == (2, False)
    assert "is no header: write Name: value" in said
