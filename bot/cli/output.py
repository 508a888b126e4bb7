"""Print for a terminal, which obeys what it is shown: nothing from outside may move it."""

from __future__ import annotations

import json
import unicodedata

import typer

from handlers.domain.foreign_text import visible


def say(text: object, *, err: bool = False) -> None:
    """Print text without what a terminal would take for an order."""
    typer.echo(visible(str(text)), err=err)


def say_json(document: str) -> None:
    """Print a JSON document; what is not seen is written as an escape, so that nothing is lost."""
    typer.echo(
        "".join(
            char if char == "\n" or unicodedata.category(char)[0] != "C" else json.dumps(char)[1:-1]
            for char in document
        )
    )
