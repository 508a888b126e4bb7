"""Runbooks of other packages: named in the configuration, found by entry point, held against the contract."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Collection
from contextlib import AbstractContextManager
from importlib.metadata import entry_points
from typing import TextIO, cast

import structlog

from runbooks.all_runbooks import RUNBOOKS
from runbooks.contract import problems
from runbooks.model import Runbook

GROUP = "neumann_bot.runbooks"
"""The group of entry points under which a package offers a runbook: its name, and the module."""

OWN = frozenset(RUNBOOKS)
"""The names of the bot's own runbooks."""

log = structlog.get_logger()


def offered() -> tuple[str, ...]:
    """Return the names of the runbooks that installed packages offer, used or not."""
    return tuple(sorted(entry.name for entry in entry_points(group=GROUP)))


def printing_aside() -> AbstractContextManager[TextIO]:
    """Send to standard error what a runbook of others prints; standard output is the command's answer."""
    return contextlib.redirect_stdout(sys.stderr)


def imported(name: str) -> Runbook | str:
    """Return the runbook that an installed package offers, unchecked; a sentence where there is none."""
    entry = next(iter(entry_points(group=GROUP, name=name)), None)
    if entry is None:
        return f"There is no runbook {name[:80]}, and no installed package offers one."
    try:
        with printing_aside():
            return cast("Runbook", entry.load())
    except (Exception, SystemExit) as error:  # a module may end like a script; the bot does not end with it
        return f"The runbook {name} cannot be imported: {type(error).__name__}: {error}."


def added() -> tuple[str, ...]:
    """Return the names of the runbooks that were added in this process; they stay as long as it runs."""
    return tuple(sorted(RUNBOOKS.keys() - OWN))


def register(names: Collection[str]) -> tuple[str, ...]:
    """Add the named runbooks, and return why each of the others is left out, a sentence each."""
    return tuple(why for name in names if (why := _add(name)))


def register_and_log(names: Collection[str]) -> None:
    """Add the named runbooks to those there are; one that cannot be used is named in the log and left out."""
    for why in register(names):
        log.error("runbook_left_out", why=why)


def left_out(names: Collection[str]) -> tuple[str, ...]:
    """Return why each of the named runbooks that cannot be used is left out; add none."""
    return tuple(why for name in names if isinstance(why := _usable(name), str))


def _add(name: str) -> str | None:
    found = _usable(name)
    if isinstance(found, str):
        return found
    RUNBOOKS[name] = found
    return None


def _usable(name: str) -> Runbook | str:
    """Return a runbook that keeps to the contract, or the sentence about one that does not."""
    if name in RUNBOOKS:
        return RUNBOOKS[name]
    runbook = imported(name)
    if isinstance(runbook, str):
        return runbook
    with printing_aside():
        wrong = tuple(problems(runbook, RUNBOOKS))
    if not wrong and name != runbook.NAME:
        wrong = (f"its NAME is {runbook.NAME}.",)
    if wrong:
        more = f" `neumann-bot runbook lint {name}` says {len(wrong) - 1} more." if len(wrong) > 1 else ""
        return f"The runbook {name} is left out: {wrong[0]}{more}"
    return runbook
