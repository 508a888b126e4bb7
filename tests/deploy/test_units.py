"""The systemd units are hardened and hold together: unit, polkit rule, clock step, Procfile."""

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

import agent.cli
import bot.cli.app
from agent.actions import service_moves
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


@pytest.mark.parametrize("name", ["neumann-agent", "neumann-bot"])
def test_a_check_that_fails_or_hangs_keeps_nobody_down(name: str):
    unit = (SYSTEMD / f"{name}.service").read_text()
    (before,) = re.findall(r"^ExecStartPre=(.*)$", unit, re.MULTILINE)
    assert re.fullmatch(rf"-/usr/bin/timeout [23]0 /opt/neumann-bot/bin/{name} check --config \S+", before)


def test_a_user_without_an_account_has_a_home_all_the_same():
    """slack_sdk asks for it as it is imported; without libnss-systemd nobody else knows one."""
    unit = (SYSTEMD / "neumann-bot.service").read_text()
    assert "DynamicUser=yes" in unit and re.search("^Environment=HOME=/nonexistent$", unit, re.MULTILINE)


def test_an_action_under_way_is_seen_to_its_end():
    unit = (SYSTEMD / "neumann-agent.service").read_text()
    assert re.search("^KillMode=mixed$", unit, re.MULTILINE), "systemctl under the agent is not hit"
    (stop_s,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(stop_s) > service_moves.ACTION_DEADLINE_S


def test_the_agent_still_sees_the_boot_id():
    assert not re.search(r"^ProcSubset=pid", (SYSTEMD / "neumann-agent.service").read_text(), re.MULTILINE)


def test_the_bot_is_reloaded_watched_and_not_started_again_with_what_cannot_be_used():
    unit = (SYSTEMD / "neumann-bot.service").read_text().splitlines()
    assert {
        "Type=notify",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "WatchdogSec=60",
        "Restart=always",
        "RestartPreventExitStatus=2",
    } <= set(unit)
    (families,) = [line for line in unit if line.startswith("RestrictAddressFamilies=")]
    assert "AF_UNIX" in families, "systemd is told over such a socket"


def test_a_reload_makes_the_agent_read_its_trusted_keys_again():
    unit = (SYSTEMD / "neumann-agent.service").read_text()
    assert re.search(r"^ExecReload=/bin/kill -HUP \$MAINPID$", unit, re.MULTILINE)
    # And the keys are out of the agent's own reach: nothing that comes over the network changes them.
    assert not re.search(r"^ReadWritePaths=.*neumann-agent", unit, re.MULTILINE)


POLKITD = """
var rules = [];
var polkit = {
    Result: {YES: "yes", NO: "no", NOT_HANDLED: "not handled"},
    addRule: function(rule) { rules.push(rule); }
};
%s
JSON.parse(%s).forEach(function(asked) {
    var action = {id: asked.id, lookup: function(key) { return asked.details[key]; }};
    var answer = "not handled";
    for (var i = 0; i < rules.length && answer == "not handled"; i++) {
        answer = rules[i](action, {user: asked.user}) || "not handled";
    }
    print(answer);
});
"""
AGENT_USER = "neumann-agent"
MANAGE_UNITS = "org.freedesktop.systemd1.manage-units"
TRANSIENT = "Authentication is required to start transient unit '$(unit)'."


def answers(questions: list[dict[str, object]]) -> list[str]:
    """What polkitd would say by the shipped rules, read in the order of their names, in its own engine."""
    files = sorted((ROOT / "deploy" / "polkit").glob("*.rules"))
    rules = "\n".join(file.read_text() for file in files)
    script = POLKITD % (rules, json.dumps(json.dumps(questions)))
    done = subprocess.run(
        ["duk", "/dev/stdin"], input=script, capture_output=True, text=True, timeout=20, check=True
    )
    return done.stdout.split("\n")[:-1]


def asked(
    unit: str, verb: str, *, user: str = "", message: str = "", what: str = MANAGE_UNITS
) -> dict[str, object]:
    details = {"unit": unit, "verb": verb, "polkit.message": message}
    return {"id": what, "user": user or AGENT_USER, "details": details}


AGENT_USER = "neumann-agent"
VERBS = ("start", "stop", "restart", "reload", "try-restart", "kill", "set-property", "reset-failed", "clean")


@pytest.mark.process
@pytest.mark.skipif(shutil.which("duk") is None, reason="duktape, which polkitd evaluates rules with")
def test_row_18_the_agents_user_may_start_and_restart_neumann_and_step_the_clock_and_nothing_else():
    service = load_settings(ROOT / "deploy" / "neumann-agent.example.toml").service
    assert f"User={AGENT_USER}\n" in (SYSTEMD / "neumann-agent.service").read_text()
    assert (SYSTEMD / "neumann-makestep.service").is_file()
    allowed = {
        (f"{service}.service", "start"),
        (f"{service}.service", "restart"),
        (f"{service}.service", "reset-failed"),
        ("neumann-makestep.service", "start"),
    }
    units = (f"{service}.service", "neumann-makestep.service", "ssh.service", f"{service}@.service", "")
    cases = [(unit, verb) for unit in units for verb in VERBS]
    said = answers([asked(unit, verb) for unit, verb in cases])
    assert {case for case, answer in zip(cases, said, strict=True) if answer == "yes"} == allowed
    assert set(said) == {"yes", "no"}, "about its own user the rules always decide"


@pytest.mark.process
@pytest.mark.skipif(shutil.which("duk") is None, reason="duktape, which polkitd evaluates rules with")
def test_row_18_a_unit_of_that_name_that_somebody_defines_himself_is_not_started():
    """systemd asks with the same unit and verb, and only its message tells the two apart."""
    units = ("neumann.service", "neumann-makestep.service")
    assert answers([asked(unit, "start", message=TRANSIENT) for unit in units]) == ["no", "no"]
    assert answers([asked("neumann.service", "start", user="www-data")]) == ["not handled"]
    assert answers([asked("neumann.service", "start", what="org.freedesktop.login1.reboot")]) == [
        "not handled"
    ]


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
