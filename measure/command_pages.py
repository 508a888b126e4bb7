"""Every command of `neumann-bot` as values, for the manual: what it does, takes, and ends with."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from typer.main import get_command

from bot.cli.app import app
from bot.cli.help import HELP, Help

PROGRAM = "neumann-bot"


@dataclass(frozen=True)
class Parameter:
    """An option or argument: how it is written, what it does, its default and its environment variable."""

    written: str
    says: str
    default: str
    variable: str


@dataclass(frozen=True)
class CommandPage:
    """One command; `name` is what is typed after the program, such as `agents list`."""

    name: str
    about: str
    parameters: tuple[Parameter, ...]
    help: Help


def pages() -> Iterator[CommandPage]:
    """Yield every command, in the order of `--help`."""
    yield from _below(get_command(app), ())


def _below(group: Any, path: tuple[str, ...]) -> Iterator[CommandPage]:
    for name in group.list_commands(None):
        command = group.commands[name]
        here = (*path, name)
        if hasattr(command, "commands"):
            yield from _below(command, here)
            continue
        known = " ".join(here)
        about = inspect.cleandoc(command.help or "")
        yield CommandPage(known, about, tuple(map(_parameter, command.params)), HELP[known])


def _parameter(parameter: Any) -> Parameter:
    named = parameter.opts[0].startswith("-")
    value = "" if getattr(parameter, "is_flag", False) else parameter.name.upper()
    written = f"{', '.join(parameter.opts)} {value}".strip() if named else f"[{value}]"
    shown = parameter.default if named and value else None
    default = "" if shown in (None, "", ()) else str(shown)
    return Parameter(written, str(parameter.help or ""), default, str(getattr(parameter, "envvar", "") or ""))
