"""What a runbook of text says, for a terminal: its text, its steps, and what the thread would plot."""

from __future__ import annotations

from collections.abc import Iterator

from bot.cli.output import CommandLine
from runbooks.hand_off import HandOff


def lines(given: HandOff) -> Iterator[str]:
    """Yield the instructions line by line, as the thread has them."""
    its = given.instructions
    if its is None:
        return
    yield from ("", its.title, *its.text.split("\n"))
    if given.never:
        yield from ("", "Never", *(f"- {each}" for each in given.never))
    for number, step in enumerate(given.steps, start=1):
        yield from ("", f"{number}. {step.text}{' (two people)' if step.people > 1 else ''}")
        yield from (CommandLine(f"   {command}") for command in step.commands)
    yield from ([""] if its.links or its.plots else [])
    yield from (f"{link.title}: {link.url}" for link in its.links)
    yield from (f"plot: {plot.title}: {plot.query}" for plot in its.plots)
