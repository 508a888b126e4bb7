"""The hand-off as a message: what is left and lost, what not to do, the checklist with its ticks. Pure."""

from __future__ import annotations

from bot.slack.views import blocks, instructions
from bot.slack.views.blocks import Block, escape
from bot.slack.views.checklist import listing, point
from bot.slack.views.message import Message
from handlers.domain.events.triage import HandOffDrawnUp
from handlers.domain.incident import Incident
from runbooks.hand_off import HandOff

TITLE = "Hand-off: going on without a majority"
MAX_STANDINGS = 12


def message(incident: Incident, drawn_up: HandOffDrawnUp) -> Message:
    """Show the hand-off with the points that are ticked."""
    given = drawn_up.hand_off
    if given.instructions:
        return instructions.message(incident, given, given.instructions)
    asked = f"asked for by {drawn_up.by.name}" if drawn_up.by else "no majority has answered for 10 minutes"
    body = [
        *_overtaken(incident),
        blocks.section(
            f":ambulance: *{TITLE}* ({escape(asked)})\nFor people to decide and to do; the bot "
            "does none of it. Bringing nodes back is better."
        ),
        blocks.preformatted(_standings(given), 2_000),
        blocks.section(listing("What each choice would lose", given.losses)),
        *([blocks.section(listing("May still come back", given.may_return))] if given.may_return else []),
        blocks.section(listing("Never", given.never)),
        *blocks.packed(point(number, step, incident) for number, step in enumerate(given.steps, 1)),
        blocks.context(
            f"read at {drawn_up.at:%H:%M:%S} UTC; `incident handoff` reads anew. The commands are those of "
            "Neumann's documentation; try them on the copy first. `incident tick 3` after the bot's name, "
            "here in the thread, records that point 3 is done."
        ),
    ]
    return Message(key="hand-off", text=f"{TITLE}.", blocks=tuple(body))


def _overtaken(incident: Incident) -> list[Block]:
    if incident.lost_since and not incident.verified:
        return []
    if incident.verified or incident.closed:
        return [blocks.context(":rewind: Overtaken: see below.")]
    if incident.leader_seen:
        return [blocks.context(":rewind: A leader is seen by now: do none of this before it is gone again.")]
    if incident.hand_off and incident.hand_off.by:
        return []
    return [blocks.context(":rewind: Nodes have come back since this was drawn up: read the findings first.")]


def _standings(given: HandOff) -> str:
    rows = [("node", "state", "committed", "term")]
    rows += [
        (each.node, each.condition, _known(each.commit_index), _known(each.term))
        for each in given.standings[:MAX_STANDINGS]
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    left = len(given.standings) - MAX_STANDINGS
    return "\n".join([*lines, *([f"and {left} more"] if left > 0 else [])])


def _known(value: int | None) -> str:
    return "?" if value is None else str(value)
