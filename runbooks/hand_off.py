"""What is handed to people when a majority may not come back: what is left, what is lost, what to do.

It holds text alone. Nothing of it can be carried out by the bot.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from runbooks.evidence import Frozen

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


class HandOff(Frozen):
    """The hand-off: standings, the furthest log first; sentences; the checklist in its order."""

    needed: int
    standings: tuple[Standing, ...]
    losses: tuple[str, ...]
    may_return: tuple[str, ...]
    never: tuple[str, ...]
    steps: tuple[HandOffStep, ...]

    @property
    def running_majority(self) -> tuple[str, ...]:
        """Return the nodes that run, where they are enough to elect; empty where they are too few."""
        running = tuple(each.node for each in self.standings if each.condition == "runs")
        return running if len(running) >= self.needed else ()
