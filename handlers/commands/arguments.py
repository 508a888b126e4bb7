"""Resolve a command's words to clusters, incidents, people and spans of time."""

from __future__ import annotations

import difflib
import re
from datetime import datetime, timedelta

from handlers.commands.answers import Asked
from handlers.domain.events.base import Person
from handlers.domain.history.month import Month
from handlers.errors import Refused, UnknownCluster
from handlers.ports import Ports

INCIDENT = re.compile(r"^inc-[0-9]+(-[a-z0-9]+)?$")
USER = re.compile(r"^<@([UW][A-Z0-9]+)(?:\|([^>]*))?>$")
SPAN = re.compile(r"^([0-9]{1,4})\s*(m|min|h|d)?$")
LIKE_A_MONTH = re.compile(r"^[0-9]{1,6}[-/.][0-9]{1,4}$")
UNITS = {
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


def resolve_cluster(clusters: tuple[str, ...], asked: str) -> str:
    """Return the configured cluster that was meant; one alone needs no name.

    Raises:
        UnknownCluster: With the configured names and the nearest one.
    """
    if asked in clusters:
        return asked
    if not asked and len(clusters) == 1:
        return clusters[0]
    beginning = [name for name in clusters if asked and name.startswith(asked)]
    if len(beginning) == 1:
        return beginning[0]
    configured = ", ".join(clusters) or "none"
    if not asked:
        raise UnknownCluster(f"Which cluster? Configured: {configured}.")
    near = difflib.get_close_matches(asked, clusters, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise UnknownCluster(f"No cluster {asked[:80]} is configured: {configured}.{hint}")


async def resolve_incident(ports: Ports, asked: Asked) -> tuple[str, str]:
    """Return (incident id, the text after it): named, or the thread's, or the only one that is open.

    Of an open incident's id the number is enough: `inc-7` for `inc-7-k3xqf`.

    Raises:
        Refused: With the ids that could be meant.
    """
    first, _, rest = asked.arguments.partition(" ")
    open_now = await ports.timelines.open_incidents()
    if INCIDENT.match(first):
        short = [each for each in open_now if each.startswith(f"{first}-")]
        return short[0] if len(short) == 1 else first, rest.strip()
    if asked.in_thread_of:
        return asked.in_thread_of, asked.arguments
    if len(open_now) == 1:
        return open_now[0], asked.arguments
    if not open_now:
        raise Refused("No incident is open; name a closed one by its id, such as inc-7-k3xqf.")
    raise Refused(f"Which incident? Open: {', '.join(open_now)}.")


def person_of(words: str, asked_by: Person) -> Person:
    """Return the person that was named: `me`, or a Slack mention.

    Raises:
        Refused: If it is neither.
    """
    if words in {"me", ""}:
        return asked_by
    mentioned = USER.match(words)
    if mentioned is None:
        raise Refused("To whom? Write `me` or mention someone, such as @alice.")
    return Person(id=mentioned[1], name=mentioned[2] or mentioned[1], team=asked_by.team)


def span_of(words: str, default: timedelta) -> timedelta:
    """Return a span such as `30m`, `2h` or `1d`; a bare number is minutes.

    Raises:
        Refused: If it is none.
    """
    if not words:
        return default
    span = SPAN.match(words)
    if span is None:
        raise Refused(f"For how long? {words[:40]!r} is no number of m, h or d, such as 30m, 2h or 7d.")
    return int(span[1]) * UNITS[span[2] or "m"]


def month_of(words: str, now: datetime) -> tuple[str, Month]:
    """Return the words without the month such as `2026-11` behind them, and that month, or the present one.

    Raises:
        Refused: If it is no month, or has not come yet.
    """
    rest, _, last = words.strip().rpartition(" ")
    if not LIKE_A_MONTH.match(last):
        return words.strip(), Month.of(now)
    month = Month.parse(last)
    if month is None:
        raise Refused(f"Which month? Write its year and number, such as {Month.of(now)}, not {last}.")
    if month > Month.of(now):
        raise Refused(f"{month} has not come yet.")
    return rest.strip(), month
