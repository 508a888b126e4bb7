"""Decide once how what is printed looks: a terminal's width, colour and frames, or plain lines for a pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich import box
from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from bot.cli.console import console, is_plain
from bot.cli.output import echo
from handlers.domain.foreign_text import one_line


@dataclass(frozen=True)
class Look:
    """What a renderer has to know of where it is shown; `width` is in columns."""

    is_plain: bool
    width: int

    @classmethod
    def of(cls, screen: Console) -> Look:
        """Return the look of a console."""
        return cls(is_plain(screen), screen.width)

    def headline(self, text: str, title: str, style: str) -> RenderableType:
        """Return the sentence that matters most, in a frame where there are frames."""
        if self.is_plain:
            return words(text)
        return Panel(words(text, "bold"), title=words(title), title_align="left", border_style=style)

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str | Text]]) -> RenderableType:
        """Return a table: framed where that fits, else without lines, so that cells are broken last."""
        cells = [[cell if isinstance(cell, Text) else words(cell) for cell in row] for row in rows]
        if self.is_plain:
            shape = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
        elif self._holds(headings, [[cell.plain for cell in row] for row in cells]):
            shape = Table(box=box.ROUNDED, border_style="dim", header_style="bold")
        else:
            shape = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
        for heading in headings:
            shape.add_column(words(heading), overflow="fold")
        for row in cells:
            shape.add_row(*row)
        return shape

    def _holds(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
        """Return whether the table fits with its frame, if cells are broken between words alone."""
        columns = zip(headings, *rows, strict=True)
        longest = (
            max((words(word).cell_len for cell in column for word in cell.split()), default=0)
            for column in columns
        )
        return sum(width + 3 for width in longest) < self.width

    def fits(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
        """Return whether such a table is no wider than the screen, so that no cell is broken."""
        columns = zip(headings, *rows, strict=True)
        return sum(max(words(cell).cell_len for cell in column) + 3 for column in columns) < self.width


def words(text: str, style: str = "") -> Text:
    """Return text, one line of it, without what a terminal would take for an order."""
    return Text(one_line(text), style, overflow="fold")


def hanging(lead: str, text: str, style: str = "", body_style: str = "") -> RenderableType:
    """Return text whose further lines begin below its first word, not below the lead."""
    grid = Table.grid()
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(words(lead, style), words(text, body_style))
    return grid


def show(rendered: Callable[[Look], Iterator[RenderableType]], *, err: bool = False) -> None:
    """Print what a renderer makes for this console, the whole at once."""
    screen = console(err=err)
    with screen.capture() as captured:
        for part in rendered(Look.of(screen)):
            screen.print(part)
    # Columns are filled up with blanks, which whoever reads a line did not ask for.
    if not (printed := captured.get()):
        return
    lines = (line.rstrip(" ") for line in printed.split("\n"))
    echo("\n".join(lines).removesuffix("\n"), err=err)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show on standard error how far long work is, if that is a terminal; yield what tells of one step."""
    screen = console(err=True)
    if is_plain(screen) or total < 2:
        yield lambda: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    # What goes into a pipe meanwhile stays there; what goes to the same terminal is put above the bar.
    with Progress(*columns, console=screen, transient=True, redirect_stdout=not is_plain(console())) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
