"""The bot's agents for a terminal: by which key each is known, and whether it answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import RenderableType

from bot.cli.terminal import Look, words
from runbooks.wording import counted

MAX_ROWS = 16
"""Agents from which on those that answer are counted on a screen, so that the silent ones are seen."""


@dataclass(frozen=True)
class Greeted:
    """An agent that was asked for a sign of life; `silent` says why there was none."""

    cluster: str
    node: str
    agent_url: str
    known_by: str
    silent: str | None

    @property
    def answer(self) -> str:
        """Return what it answered, in words."""
        return self.silent or "answers"


def agents(found: Sequence[Greeted], look: Look) -> Iterator[RenderableType]:
    """Yield a line for each agent; on a screen a table, and of many agents those that do not answer."""
    if look.is_plain:
        for each in found:
            yield words(f"{each.cluster} {each.node} {each.agent_url} {each.known_by}: {each.answer}")
        return
    shown = found if len(found) <= MAX_ROWS else [each for each in found if each.silent]
    if shown:
        headings = ("cluster", "node", "address", "known by", "")
        yield look.table(
            headings,
            [
                [
                    each.cluster,
                    each.node,
                    each.agent_url,
                    _short(each.known_by),
                    words(each.answer, _style(each)),
                ]
                for each in shown
            ],
        )
    if left := len(found) - len(shown):
        clusters = len({each.cluster for each in found})
        yield words(
            f"{counted(left, 'agent')} of {counted(clusters, 'cluster')} answer; --json has each.", "green"
        )


def _style(each: Greeted) -> str:
    return "bold red" if each.silent else "green"


def _short(known_by: str) -> str:
    """Return the beginning of a fingerprint, which is what people compare."""
    return f"{known_by[:23]}…" if known_by.startswith("sha256:") else known_by
