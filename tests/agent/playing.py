"""A node on which commands answer as they were recorded on a real one."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from tests.agent.bed import Node
from tests.agent.recorded import Said, recorded

CHRONYD_SILENT = {"chronyc -c tracking": Said("506 Cannot talk to daemon\n", 1)}


def play(node: Node, record: str, case: str) -> None:
    """Have chronyc, timedatectl, systemctl and ntpq say what they said in a case, and note who is asked."""
    said = {**CHRONYD_SILENT, **recorded(record, case)}
    # Which units are asked about is the reader's affair.
    units = said.pop("systemctl show")
    for name in ("chronyc", "timedatectl", "ntpq"):
        own = {command: each for command, each in said.items() if command.split()[0] == name}
        _write(node, name, {command.partition(" ")[2]: each for command, each in own.items()})
    _write(node, "systemctl", {"show chrony.service *": units}, otherwise=f"cat {node.folder}/service")


def _write(node: Node, name: str, answers: Mapping[str, Said], otherwise: str = "exit 1") -> None:
    cases = []
    for number, (arguments, said) in enumerate(answers.items()):
        (node.folder / f"{name}.{number}").write_text(said.text)
        pattern = shlex.quote(arguments.removesuffix("*")) + ("*" if arguments.endswith("*") else "")
        cases.append(f"{pattern}) cat {node.folder}/{name}.{number}; exit {said.code} ;;")
    lines = (
        "#!/bin/sh",
        f'echo "{name} $*" >> {node.folder}/calls',
        'case "$*" in',
        *cases,
        f"*) {otherwise} ;;",
        "esac",
    )
    (node.folder / name).write_text("\n".join(lines) + "\n")
    (node.folder / name).chmod(0o755)
