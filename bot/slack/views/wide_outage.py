"""What the channel sees of an outage that many clusters have at once: the list, and short headlines. Pure."""

from __future__ import annotations

from bot.slack.views import blocks
from bot.slack.views.blocks import escape
from bot.slack.views.message import Message
from handlers.domain.events.wide_outage import OutageMember, WideOutageSeen
from handlers.domain.incident import Incident
from handlers.domain.wide_outage.members import LIST_KEY, began_at
from runbooks.wording import counted, listed

MAX_LISTED = 40
MAX_LABELS = 6


def message(seen: WideOutageSeen) -> Message:
    """Return the message that lists the incidents, edited in place until the last is closed."""
    members = sorted(seen.members, key=lambda each: (not each.is_open, each.opened_at, each.incident))
    still_open = sum(each.is_open for each in members)
    mark = ":rotating_light:" if still_open else ":white_check_mark:"
    text = f"{_clusters(seen)} at once. {_state(still_open, len(members))}"
    left = len(members) - MAX_LISTED
    more = [f"and {counted(left, 'incident')} more"] if left > 0 else []
    return Message(
        key=LIST_KEY,
        text=f"{text} {_in_common(seen)}",
        blocks=(
            blocks.section(f"{mark} *{escape(text)}*\n{escape(_in_common(seen))}"),
            *blocks.packed([*map(_line, members[:MAX_LISTED]), *more]),
            blocks.context(f"since {blocks.moment(began_at(members))}; each is handled in its own thread"),
        ),
    )


def _clusters(seen: WideOutageSeen) -> str:
    return counted(len({each.cluster for each in seen.members}), "cluster")


def _state(still_open: int, of: int) -> str:
    if not still_open:
        return f"All {of} incidents are closed."
    return f"{still_open} of {counted(of, 'incident')} open."


def _in_common(seen: WideOutageSeen) -> str:
    """Return the labels that all of their alerts carry: where to look first."""
    labels = [f"{name}={value}" for name, value in seen.labels.items()]
    if not labels:
        return "Their alerts share no label that says where to look first."
    return f"Look first at what all of their alerts share: {blocks.cut(listed(labels, MAX_LABELS), 500)}."


def _line(member: OutageMember) -> str:
    mark = ":red_circle:" if member.is_open else ":white_circle:"
    name = blocks.link(member.link, member.incident) if member.link else escape(member.incident)
    return f"{mark} {escape(blocks.cut(member.cluster, 80))}: {name}{'' if member.is_open else ', closed'}"


def pointer(incident: Incident) -> str | None:
    """Return the link that stands in the short headline of such an incident, once Slack has the list."""
    joined = incident.wide_outage.joined
    return blocks.link(joined.link, "part of an outage of many clusters") if joined and joined.link else None
