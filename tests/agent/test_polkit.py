"""Whether polkit lets the agent start services is found out by starting nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from agent import polkit
from agent.polkit import missing_rule, rule_without_unit
from agent.settings import Commands, Settings
from tests.agent.bed import Node, settings_from


@pytest.mark.process
@pytest.mark.parametrize(
    ("said", "code", "missing"),
    [
        ("Access denied", 4, False),
        ("Interactive authentication required.", 1, True),
        ("Unit polkit.service is masked.", 1, True),
        ("Unit neumann-agent-no-such.service not found.", 5, False),
    ],
)
def test_a_missing_polkit_rule_is_found_by_a_start_of_nothing(
    node: Node, settings: Settings, monkeypatch: pytest.MonkeyPatch, said: str, code: int, missing: bool
):
    """As systemd 252 answers, on a host where nobody but polkitd may look into the folder of the rules."""
    (node.folder / "systemctl").write_text(
        f'#!/bin/sh\n[ "$*" = "start --no-ask-password neumann-agent-no-such.service" ] || exit 9\n'
        f"echo 'Failed to start neumann-agent-no-such.service: {said}' >&2\nexit {code}\n"
    )
    monkeypatch.setattr(polkit, "Commands", lambda: settings.commands)
    monkeypatch.setattr(polkit, "POLKIT_BUS_NAME", node.folder / "systemctl")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert ["50-neumann-agent.rules is not in" in line for line in missing_rule(settings)] == [True] * missing
    monkeypatch.setattr(polkit, "POLKIT_BUS_NAME", node.folder / "nowhere")
    assert ["polkit is not installed" in line for line in missing_rule(settings)] == [True]


def test_root_looks_for_the_polkit_rule(
    settings_document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    folders = (tmp_path / "etc", tmp_path / "usr")
    systemd = settings_from(
        settings_document
        | {"commands": settings_document["commands"] | {"systemctl": str(Commands().systemctl)}}
    )
    assert ["50-neumann-agent.rules is not in" in line for line in missing_rule(systemd, folders)] == [True]
    folders[1].mkdir()
    (folders[1] / "50-neumann-agent.rules").touch()
    assert list(missing_rule(systemd, folders)) == []
    other = settings_from(settings_document)
    assert list(missing_rule(other, (tmp_path / "nowhere",))) == [], "another systemctl has its own ways"


@pytest.mark.process
def test_a_rule_for_a_unit_that_nobody_defined_stops_the_agent(
    node: Node, settings_document: dict[str, Any], tmp_path: Path
):
    (tmp_path / "50-neumann-agent-makestep.rules").touch()
    (node.folder / "systemctl").write_text("#!/bin/sh\necho LoadState=not-found\n")
    settings = settings_from(settings_document)
    assert list(rule_without_unit(settings, (tmp_path / "nowhere",))) == []
    (line,) = rule_without_unit(settings, (tmp_path,))
    assert "systemd knows no such unit: install it, or remove the rule" in line
    (node.folder / "systemctl").write_text("#!/bin/sh\necho LoadState=loaded\n")
    assert list(rule_without_unit(settings, (tmp_path,))) == []


@pytest.mark.process
@pytest.mark.parametrize(("code", "complaints"), [(5, 1), (4, 0), (1, 0)])
def test_where_the_rules_may_not_be_looked_at_systemd_is_asked(
    node: Node,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    complaints: int,
):
    """As the agent's user finds the folder where polkit was installed: it is polkitd's alone."""
    (node.folder / "systemctl").write_text(
        "#!/bin/sh\n[ $1 = show ] && { echo LoadState=not-found; exit; }\n"
        f'[ "$*" = "start --no-ask-password neumann-makestep.service" ] && exit {code}\nexit 9\n'
    )
    monkeypatch.setattr(polkit, "Commands", lambda: settings.commands)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert len(list(rule_without_unit(settings, (tmp_path,)))) == complaints
