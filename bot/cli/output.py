"""Print for a terminal, which obeys what it is shown: nothing from outside may move it."""

from __future__ import annotations

import errno
import json
import unicodedata

import typer

from handlers.domain.foreign_text import one_line
from handlers.errors import Refused


def say(*lines: object, err: bool = False) -> None:
    """Print each text as one line, without what a terminal would take for an order or a line's end."""
    echo("\n".join(one_line(str(line)) for line in lines), err=err)


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
