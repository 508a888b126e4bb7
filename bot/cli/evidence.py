"""`neumann-bot evidence`: look into stored evidence, compare two readings, and make one fit to be shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.diagnose import refuse_stdin_twice, stored
from bot.cli.output import say, say_json
from handlers.domain.evidence.lines import differences, lines
from handlers.domain.evidence.redaction import redacted

app = typer.Typer(no_args_is_help=True, help="Look into stored evidence, compare it, and redact it.")
FileArgument = Annotated[Path, typer.Argument(help="Stored evidence; - is stdin.")]


@app.command()
def show(file: FileArgument) -> None:
    """Print every reading of every node, with who read it and how long that took."""
    say(*lines(stored(file)))


@app.command()
def diff(before: FileArgument, after: FileArgument) -> None:
    """Print every figure that differs between two readings; the exit code is 1 where there is one."""
    refuse_stdin_twice((before, after))
    found = list(differences(stored(before), stored(after)))
    say(*found or ("Nothing differs.",))
    if found:
        raise typer.Exit(1)


@app.command()
def redact(file: FileArgument) -> None:
    """Print the evidence without names, addresses and paths; it is judged as before.

    Lines of logs keep the words that rules go by and Neumann's own: read them before you show them to others.
    """
    say_json(redacted(stored(file)).model_dump_json(indent=2))
