"""Runbooks beside the bot's own: named in the configuration, found as file or entry point, and checked."""

from __future__ import annotations

import contextlib
import difflib
import sys
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from importlib.metadata import entry_points
from pathlib import Path
from typing import TextIO, cast

import structlog

from bot import declared_runbooks
from handlers.errors import Refused
from runbooks.all_runbooks import RUNBOOKS
from runbooks.contract import problems
from runbooks.declared import DeclaredRunbook
from runbooks.model import Runbook

GROUP = "neumann_bot.runbooks"
"""The group of entry points under which a package offers a runbook: its name, and the module."""

OWN = frozenset(RUNBOOKS)
"""The names of the bot's own runbooks."""

log = structlog.get_logger()

_entries: dict[str, str] = {}
"""By a runbook's name, the entry of the configuration that it was added for."""


def offered() -> tuple[str, ...]:
    """Return the names of the runbooks that installed packages and the bot offer, used or not."""
    return tuple(sorted({*_installed(), *declared_runbooks.shipped()}))


def _installed() -> Iterator[str]:
    yield from (entry.name for entry in entry_points(group=GROUP))


def printing_aside() -> AbstractContextManager[TextIO]:
    """Send to standard error what a runbook of others prints; standard output is the command's answer."""
    return contextlib.redirect_stdout(sys.stderr)


def found(name: str) -> Runbook:
    """Return the runbook of a name or in a file, usable or not.

    Raises:
        Refused: With what is wrong with the name, the file or the package, and the mend.
    """
    if declared_runbooks.is_file(name):
        return declared_runbooks.read(Path(name))
    if name in RUNBOOKS:
        return RUNBOOKS[name]
    if file := declared_runbooks.shipped().get(name):
        return declared_runbooks.read(file)
    return _imported(name)


def _imported(name: str) -> Runbook:
    entry = next(iter(entry_points(group=GROUP, name=name)), None)
    if entry is None:
        near = difflib.get_close_matches(name, sorted({*RUNBOOKS, *offered()}), n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise Refused(f"There is no runbook {name[:80]}, and no installed package offers one.{meant}")
    try:
        with printing_aside():
            return cast("Runbook", entry.load())
    except (Exception, SystemExit) as error:  # a module may end like a script; the bot does not end with it
        raise Refused(f"The runbook {name} cannot be imported: {type(error).__name__}: {error}.") from error


def added() -> tuple[str, ...]:
    """Return the entries whose runbooks were added in this process; they stay as long as it runs."""
    return tuple(sorted({_entries.get(name, name) for name in RUNBOOKS.keys() - OWN}))


def register(entries: Collection[str]) -> tuple[str, ...]:
    """Add the named runbooks, and return why each of the others is left out, a sentence each.

    A file is read anew each time: as it is now, it takes the place of what it was.
    """
    return tuple(why for entry in entries for why in _add(entry))


def register_and_log(entries: Collection[str]) -> None:
    """Add the named runbooks to those there are; one that cannot be used is named in the log and left out."""
    for why in register(entries):
        log.error("runbook_left_out", why=why)


def left_out(entries: Collection[str]) -> tuple[str, ...]:
    """Return why each of the named runbooks that cannot be used is left out; add none."""
    return tuple(why for entry in entries for why in _usable(entry) if isinstance(why, str))


def _add(entry: str) -> Iterator[str]:
    for each in _usable(entry):
        if isinstance(each, str):
            yield each
            continue
        for name in RUNBOOKS.keys() - beside(each).keys():
            del RUNBOOKS[name]
        RUNBOOKS[each.NAME] = each
        _entries[each.NAME] = entry


def _usable(entry: str) -> Iterator[Runbook | str]:
    """Yield each runbook of an entry that keeps to the contract, or the sentence about one that does not."""
    if not declared_runbooks.is_file(entry):
        yield _checked(entry)
        return
    if not entry.startswith("/"):
        yield f"The runbook {entry[:200]} is left out: write its path in full, from / on."
        return
    try:
        files = declared_runbooks.paths_of(entry)
    except Refused as error:
        yield str(error)
        return
    yield from (_checked(str(file)) for file in files)


def _checked(name: str) -> Runbook | str:
    try:
        runbook = found(name)
    except Refused as error:
        return str(error)
    if RUNBOOKS.get(name) is runbook:
        return runbook
    with printing_aside():
        wrong = tuple(problems(runbook, beside(runbook)))
    if not wrong and name != runbook.NAME and not isinstance(runbook, DeclaredRunbook):
        wrong = (f"its NAME is {runbook.NAME}.",)
    if wrong:
        more = f" `neumann-bot runbook lint {name}` says {len(wrong) - 1} more." if len(wrong) > 1 else ""
        return f"The runbook {name} is left out: {wrong[0]}{more}"
    return runbook


def beside(runbook: Runbook) -> dict[str, Runbook]:
    """Return the runbooks in use, without one that an earlier reading of the same file added."""
    place = getattr(runbook, "place", None)
    return {
        name: book
        for name, book in RUNBOOKS.items()
        if not (isinstance(book, DeclaredRunbook) and book.place == place)
    }
