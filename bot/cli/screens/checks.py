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


def verdict(wrong: int, not_asked: int, not_read: int, look: Look) -> Iterator[RenderableType]:
    """Yield the whole in one frame, on a screen; whoever reads a pipe has the exit code."""
    if look.is_plain:
        return
    said = f"{wrong} wrong" if wrong else "nothing that was asked is wrong"
    unread = f", {not_read} not read and so not known to be well" if not_read else ""
    style = "red" if wrong else "yellow" if not_read else "green"
    yield look.headline(f"{said}{unread}, {not_asked} not asked", "in all", style)
