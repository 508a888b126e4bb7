"""The App Home: what is open, what is mine, how the clusters are, what changed last. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.slack.views import answers, blocks, posture
from bot.slack.views.blocks import Block, escape
from handlers.domain.incident import Incident
from runbooks.model import Leadership
from runbooks.posture.model import Posture

MAX_LISTED = 10


@dataclass(frozen=True)
class Home:
    """The content of one person's page; `clusters` maps a name to its leader, `None` if nothing answered.

    `left_alone` has a sentence for each open incident that the bot does not touch; `open_beside` counts
    those that were not looked through. `unshown` has one for what Slack refuses to show, `troubles` one for
    each thing that is wrong with the bot itself. `postures` are those of the last look.
    """

    viewer: str
    open: tuple[Incident, ...]
    recent: tuple[Incident, ...]
    clusters: dict[str, Leadership | None]
    at: datetime
    left_alone: tuple[str, ...] = ()
    unshown: tuple[str, ...] = ()
    open_beside: int = 0
    troubles: tuple[str, ...] = ()
    postures: tuple[Posture, ...] = ()


def view(home: Home) -> Block:
    """Return the page as a Slack view."""
    mine = tuple(each for each in home.open if each.triage.holder and each.triage.holder.id == home.viewer)
    return {
        "type": "home",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Neumann clusters"}},
            *blocks.packed(f":warning: {escape(each)}" for each in home.troubles[:MAX_LISTED]),
            *blocks.packed(_cluster(name, lead) for name, lead in home.clusters.items()),
            *_postures(home.postures),
            *_part("Open incidents", home.open, "Nothing is open.", home.open_beside),
            *blocks.packed(f":no_entry: {escape(each)}" for each in home.left_alone[:MAX_LISTED]),
            *blocks.packed(f":mute: {escape(each)}" for each in home.unshown[:MAX_LISTED]),
            *_part("Mine", mine, "You have none."),
            *_part("Last changes", home.recent, "Nothing was closed in the last seven days."),
            blocks.context(f"as of {blocks.moment(home.at)} · `/neumann help` lists what you can ask"),
        ],
    }


def _cluster(name: str, lead: Leadership | None) -> str:
    if lead is None:
        return f":white_circle: *{escape(name)}*: no node answers"
    if lead.leader is None or not lead.majority:
        return f":red_circle: *{escape(name)}*: no leader with a majority, highest term {lead.highest_term}"
    return (
        f":large_green_circle: *{escape(name)}*: {escape(lead.leader)} leads term {lead.term}, "
        f"acknowledged by {len(lead.acknowledged_by)}"
    )


def _postures(postures: tuple[Posture, ...]) -> list[Block]:
    """Show the last look at each cluster, the worst first."""
    if not postures:
        return []
    worst_first = sorted(postures, key=lambda each: each.worst.rank)
    lines = [posture.home_line(each) for each in worst_first[:MAX_LISTED]]
    hidden = len(postures) - MAX_LISTED
    small = f"as of {blocks.moment(min(each.at for each in postures))} · `/neumann posture` reads it anew"
    more = f"and {hidden} more · {small}" if hidden > 0 else small
    title = blocks.section("*Posture*")
    return [{"type": "divider"}, title, *blocks.packed(lines), blocks.context(more)]


def _part(title: str, incidents: tuple[Incident, ...], otherwise: str, beside: int = 0) -> list[Block]:
    lines = [answers.incident_line(each) for each in incidents[:MAX_LISTED]] or [otherwise]
    hidden = len(incidents) + beside - MAX_LISTED
    more = [blocks.context(f"and {hidden} more")] if hidden > 0 else []
    return [{"type": "divider"}, blocks.section(f"*{escape(title)}*"), *blocks.packed(lines), *more]
