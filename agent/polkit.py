"""What polkit lets the agent do with systemd's units, tried without doing anything."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

from agent.errors import CommandError
from agent.run_command import run, run_checked
from agent.settings import Commands, Settings
from shared.sanitize import lines_of

STEP_UNIT = "neumann-makestep.service"
POLKIT_FOLDERS = (Path("/etc/polkit-1/rules.d"), Path("/usr/share/polkit-1/rules.d"))
POLKIT_RULE = "50-neumann-agent.rules"
POLKIT_STEP_RULE = "50-neumann-agent-makestep.rules"
POLKIT_BUS_NAME = Path("/usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service")
PROBED_UNIT = "neumann-agent-no-such.service"

_DENIED, _NOT_INSTALLED = 4, 5
"""Exit codes of `systemctl start`."""


def rule_without_unit(settings: Settings, folders: tuple[Path, ...] = POLKIT_FOLDERS) -> Iterator[str]:
    """Yield a complaint where the agent may start a unit that nobody defined, and so might define it."""
    is_seen = any(os.access(folder / POLKIT_STEP_RULE, os.F_OK) for folder in folders)
    if not is_seen and all(os.access(folder, os.X_OK) for folder in folders if folder.exists()):
        return
    argv = [str(settings.commands.systemctl), "show", STEP_UNIT, "--property=LoadState"]
    try:
        shown = asyncio.run(run_checked(argv, timeout_s=settings.deadlines.service))
    except CommandError:
        return  # said by what would be missing
    if "LoadState=not-found" in lines_of(shown) and (is_seen or _may_start(settings, STEP_UNIT)):
        yield (
            f"{POLKIT_STEP_RULE} lets the agent start {STEP_UNIT}, and systemd knows no such unit:"
            " install it, or remove the rule."
        )


def missing_rule(settings: Settings, folders: tuple[Path, ...] = POLKIT_FOLDERS) -> Iterator[str]:
    """Yield a complaint where no rule lets the agent start services."""
    if settings.commands.systemctl != Commands().systemctl:
        return  # another systemctl has its own ways
    missing = f"The polkit rule {POLKIT_RULE} is not in {folders[0]}, so nothing can be started: install it."
    if os.geteuid() == 0:  # who may do everything can only look for the file
        if not any((folder / POLKIT_RULE).exists() for folder in folders):
            yield missing
    elif not POLKIT_BUS_NAME.exists():
        yield "polkit is not installed, so nothing can be started: install polkitd."
    elif not asyncio.run(_is_ruled_out(settings)):
        yield missing


async def _is_ruled_out(settings: Settings) -> bool:
    """Return whether the rule is in force: it flatly denies what systemd would else ask a password for.

    The folder of the rules is polkitd's alone. Asked for a unit that there is not, systemd starts nothing,
    whatever it answers; "no permission" (4) is the rule's own No, and "not installed" (5) everybody's Yes.
    """
    try:
        return (await _answer(settings, PROBED_UNIT)) in (_DENIED, _NOT_INSTALLED)
    except CommandError:
        return True  # said by what does not answer


def _may_start(settings: Settings, unit: str) -> bool:
    """Return whether a unit that there is not might be started: polkit is asked before it is missed."""
    if settings.commands.systemctl != Commands().systemctl:
        return False  # another systemctl has its own ways
    try:
        return asyncio.run(_answer(settings, unit)) == _NOT_INSTALLED
    except CommandError:
        return False  # said by what does not answer


async def _answer(settings: Settings, unit: str) -> int:
    argv = [str(settings.commands.systemctl), "start", "--no-ask-password", unit]
    return (await run(argv, timeout_s=settings.deadlines.service)).exit_code
