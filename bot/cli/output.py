"""Print for a terminal, which obeys what it is shown: nothing from outside may move it."""

from __future__ import annotations

import errno
import json
import unicodedata
from collections.abc import Iterator

import typer
from rich.console import Console
from rich.text import Text

from bot.cli.console import console, is_plain
from handlers.domain.foreign_text import one_line
from handlers.errors import Refused


class CommandLine(str):
    """A line that people copy: a terminal breaks it by itself, so that what is copied is still one."""

    __slots__ = ()


def say(*lines: object, err: bool = False) -> None:
    """Print each text as one line, without what a terminal would take for an order or a line's end.

    A terminal gets each text broken between words, its further lines two columns deeper.
    """
    screen = console(err=err)
    echo("\n".join(part for line in lines for part in _broken(line, screen)), err=err)


def _broken(line: object, screen: Console) -> Iterator[str]:
    text = one_line(str(line))
    if is_plain(screen) or isinstance(line, CommandLine):
        yield text
        return
    body = text.lstrip(" ")
    indent = " " * (len(text) - len(body))
    width = max(screen.width - len(indent) - 2, 2)  # a wide character needs two columns
    for place, part in enumerate(Text(body).wrap(screen, width, overflow="fold")):
        yield f"{indent}{'  ' if place else ''}{part.plain}".rstrip(" ")


def say_json(document: str) -> None:
    """Print a JSON document; what is not seen is written as an escape, so that nothing is lost."""
    echo(
        "".join(
            char if char == "\n" or unicodedata.category(char)[0] != "C" else json.dumps(char)[1:-1]
            for char in document
        )
    )


def echo(text: str, *, err: bool = False) -> None:
    """Print text as it is, colours too.

    Raises:
        Refused: If it cannot be written.
    """
    try:
        typer.echo(text, err=err, color=True)
    except OSError as error:
        if error.errno == errno.EPIPE:  # whoever reads has seen enough; typer ends quietly then
            raise
        raise Refused(f"What was to be printed cannot be written: {error.strerror}.") from error
