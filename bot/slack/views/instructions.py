"""What a runbook of text says: its text, links and plots, and the checklist with ticks. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from bot.slack.views import blocks
from bot.slack.views.blocks import Block, escape, escape_lines
from bot.slack.views.checklist import listing, point
from bot.slack.views.message import Message
from handlers.domain.incident import Incident
from runbooks.hand_off import HandOff, Instructions

MAX_PIECE_CHARS = 1_500
"""Half of a section: a character that is escaped becomes several."""


def message(incident: Incident, given: HandOff, its: Instructions) -> Message:
    """Show the instructions with the points that are ticked."""
    body = [
        *([blocks.context(":rewind: The incident is closed.")] if incident.closed else []),
        *blocks.packed([f":book: *{escape(its.title)}*", *_paragraphs(its.text)]),
        *([blocks.section(listing("Never", given.never))] if given.never else []),
        *blocks.packed(point(number, step, incident) for number, step in enumerate(given.steps, 1)),
        *blocks.packed(f":link: {blocks.link(each.url, each.title)}" for each in its.links),
        *_plots(its),
        *([_how_to_tick()] if given.steps else []),
    ]
    return Message(key="hand-off", text=f"{its.title}: what its runbook says.", blocks=tuple(body))


def _paragraphs(text: str) -> Iterator[str]:
    """Yield the text in pieces that fit into a section, parted where it has an empty line."""
    for paragraph in text.split("\n\n"):
        for begin in range(0, len(paragraph), MAX_PIECE_CHARS):
            yield escape_lines(paragraph[begin : begin + MAX_PIECE_CHARS])


def _plots(its: Instructions) -> list[Block]:
    """Return the queries, to be copied: their pictures need a Prometheus that answers."""
    return [
        blocks.section(f":chart_with_upwards_trend: *{escape(each.title)}*\n{blocks.code(each.query)}")
        for each in its.plots
    ]


def _how_to_tick() -> Block:
    return blocks.context(
        "The steps are for people; the bot does none of them. `incident tick 3` after the bot's name, here in"
        " the thread, records that point 3 is done."
    )
