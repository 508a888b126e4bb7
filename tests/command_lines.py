"""Command lines as documents and `--help` show them, held against the parser; nothing is run."""

from __future__ import annotations

from typing import Any

from typer.main import get_command

from bot.cli.app import app


def parse(words: list[str]) -> None:
    """Parse what stands after `neumann-bot`; raises what the parser does not take.

    Raises:
        UsageError: typer's, with what is wrong.
        KeyError: If there is no such command.
    """
    command: Any = get_command(app)
    while hasattr(command, "commands"):
        if words[:1] in (["--version"], ["--help"], ["--install-completion"]):
            return
        command, words = command.commands[words[0]], words[1:]
    with command.make_context(command.name, list(words)):
        pass
