"""Find what is printed to: a terminal with its width and colours, or a pipe."""

from __future__ import annotations

from rich.console import Console

PIPE_WIDTH = 100_000
"""Columns of what is no terminal: there a line of the answer is one line, however long."""


def console(*, err: bool = False) -> Console:
    """Return the console of standard output, or of standard error, as rich finds it.

    rich goes by whether it is a terminal, by its width or COLUMNS, by TERM, NO_COLOR and FORCE_COLOR.
    """
    found = Console(stderr=err, markup=False, emoji=False, highlight=False)
    if is_plain(found):
        return Console(
            stderr=err, markup=False, emoji=False, highlight=False, width=PIPE_WIDTH, no_color=True
        )
    return found


def is_plain(screen: Console) -> bool:
    """Return whether frames and colours would be in the way: in a pipe, a file or a dumb terminal."""
    return not screen.is_terminal or screen.is_dumb_terminal
