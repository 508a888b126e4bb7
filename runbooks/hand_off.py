"""What is handed to people: when a majority may not come back, or where a runbook is text for people alone.

It holds text alone. Nothing of it can be carried out by the bot.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from runbooks.evidence import Frozen
from runbooks.node_readings import is_none

Condition = Literal["runs", "stopped", "hangs", "disk gone", "answers nobody", "not known"]


class Standing(Frozen):
    """How far one node's log goes, as its page showed it; `None` where no page could be read.

    `term` is the node's present term, which may be newer than that of its last entry.
    """

    node: str
    condition: Condition
    term: int | None = None
    commit_index: int | None = None

    @property
    def log_was_read(self) -> bool:
        """Return whether the page told both index and term; with one alone nothing is known of the log."""
        return self.commit_index is not None and self.term is not None


class HandOffStep(Frozen):
    """One point of the checklist: its fixed word, what to do, commands to copy, how many people tick it."""

    key: str
    text: str
    commands: tuple[str, ...] = ()
    people: Annotated[int, Field(exclude_if=lambda people: people == 1)] = 1


class Link(Frozen):
    """A page on the web that helps, such as a dashboard."""

    title: str
    url: str


class Plot(Frozen):
    """What is to be plotted from Prometheus, in PromQL."""

    title: str
    query: str


class Instructions(Frozen):
    """What a runbook that judges nothing says to people: its text, what to look at, what to plot."""

    title: str
    text: str
    links: tuple[Link, ...] = ()
    plots: tuple[Plot, ...] = ()


class HandOff(Frozen):
    """The hand-off: standings, the furthest log first; sentences; the checklist in its order.

    With `instructions` it is about no lost majority: it is due as soon as the cluster was read.
    """

    needed: int
    standings: tuple[Standing, ...]
    losses: tuple[str, ...]
    may_return: tuple[str, ...]
    never: tuple[str, ...]
    steps: tuple[HandOffStep, ...]
    instructions: Annotated[Instructions | None, Field(exclude_if=is_none)] = None

    @property
    def running_majority(self) -> tuple[str, ...]:
        """Return the nodes that run, where they are enough to elect; empty where they are too few."""
        running = tuple(each.node for each in self.standings if each.condition == "runs")
        return running if len(running) >= self.needed else ()
