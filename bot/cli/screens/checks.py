"""Lines of `check` and `doctor` for a terminal: a coloured word for how it is, then what it is."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from bot.cli.terminal import Look, hanging

STYLES = {
    "fine": "green",
    "ok": "green",
    "wrong": "bold red",
    "BAD": "bold red",
    "not asked": "dim",
    "?": "magenta",
}


def line(state: str, lead: str, text: str, look: Look) -> Iterator[RenderableType]:
    """Yield one line. `lead` is the state as a pipe gets it; a screen fills it up to the widest of them."""
    shown = lead if look.is_plain else f"{lead:<11}"
    yield hanging(shown, text, STYLES[state])


def verdict(wrong: int, not_asked: int, look: Look) -> Iterator[RenderableType]:
    """Yield the whole in one frame, on a screen; whoever reads a pipe has the exit code."""
    if look.is_plain:
        return
    said = f"{wrong} wrong" if wrong else "nothing is wrong"
    yield look.headline(f"{said}, {not_asked} not asked", "in all", "red" if wrong else "green")
