"""The systemd units are hardened and hold together: unit, polkit rule, clock step, Procfile."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

import agent.cli
import bot.cli.app
from agent.settings import load_settings

ROOT = Path(__file__).parents[2]
SYSTEMD = ROOT / "deploy" / "systemd"
UNITS = sorted(SYSTEMD.glob("*.service"))
MAX_EXPOSED = 2.0


def systemd_analyze(*arguments: str) -> str:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on PATH")
    run = subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    return run.stdout + run.stderr


@pytest.mark.process
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_exposes_little(unit: Path):
    said = systemd_analyze("security", "--offline=true", "--no-pager", str(unit))
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert level, said
    assert float(level[1]) <= MAX_EXPOSED, said


@pytest.mark.process
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_every_line(unit: Path):
    said = systemd_analyze("verify", str(unit))
    about_us = [line for line in said.splitlines() if unit.name in line]
    # The programs are not installed here; anything else is a mistake in the unit.
    assert [line for line in about_us if "is not executable" not in line] == []


def test_the_agent_still_sees_the_boot_id():
    assert not re.search(r"^ProcSubset=pid", (SYSTEMD / "neumann-agent.service").read_text(), re.MULTILINE)


def test_a_reload_makes_the_agent_read_its_trusted_keys_again():
    unit = (SYSTEMD / "neumann-agent.service").read_text()
    assert re.search(r"^ExecReload=/bin/kill -HUP \$MAINPID$", unit, re.MULTILINE)
    # And the keys are out of the agent's own reach: nothing that comes over the network changes them.
    assert not re.search(r"^ReadWritePaths=.*neumann-agent", unit, re.MULTILINE)


def test_the_polkit_rule_is_for_the_agents_user_and_for_units_that_there_are():
    rule = (ROOT / "deploy" / "polkit" / "50-neumann-agent.rules").read_text()
    user = re.search(r"^User=(\S+)", (SYSTEMD / "neumann-agent.service").read_text(), re.MULTILINE)
    assert user
    assert f'subject.user != "{user[1]}"' in rule
    allowed = dict(re.findall(r'"([\w-]+\.service)": \[([^\]]*)\]', rule))
    service = load_settings(ROOT / "deploy" / "neumann-agent.example.toml").service
    assert allowed == {f"{service}.service": '"start", "restart"', "neumann-makestep.service": '"start"'}
    assert (SYSTEMD / "neumann-makestep.service").is_file()


@pytest.mark.process
@pytest.mark.parametrize(
    ("asked", "run"),
    [
        (["makestep"], "systemctl start neumann-makestep.service"),
        (["-c", "tracking"], "chronyc -c tracking"),
        (["makestep", "1"], "chronyc makestep 1"),
    ],
)
def test_a_clock_step_is_handed_to_the_unit_and_all_else_to_chronyc(
    tmp_path: Path, asked: list[str], run: str
):
    for name in ("systemctl", "chronyc"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} "$@"\nexit 7\n')
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        [SYSTEMD / "neumann-chronyc", *asked],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
        env={"PATH": f"{tmp_path}:{os.defpath}"},
    )
    assert done.stdout.strip() == run
    assert done.returncode == 7, "how the program ended is what the agent must hear"


def test_every_line_of_the_procfile_starts_a_part_that_there_is():
    registered = [command.callback for command in bot.cli.app.app.registered_commands]
    commands = {
        "neumann-bot": {callback.__name__ for callback in registered if callback},
        "neumann-agent": set(agent.cli.COMMANDS),
    }
    lines = (ROOT / "Procfile").read_text().splitlines()
    assert [line.split(":")[0] for line in lines] == ["web", "worker", "agent"]
    for line in lines:
        program, command, option, _ = shlex.split(line.split(":", 1)[1])
        assert command in commands[program]
        assert option == "--config"
