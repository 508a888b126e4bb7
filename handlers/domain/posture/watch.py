"""What is kept of a cluster's posture between two looks, and which lines are to be told now. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import AwareDatetime, Field

from handlers.domain.events.base import Person
from runbooks.evidence import Frozen
from runbooks.posture.model import Check, Line, Posture, Severity

SETTLED = timedelta(hours=6)
"""What was told is told again only after it has been better for so long: a line that wavers is told once."""


class Mute(Frozen):
    """Somebody wants to hear no more of a check until then."""

    until: AwareDatetime
    by: Person


class Held(Frozen):
    """How severe a line is, and since when."""

    severity: Severity
    since: AwareDatetime


class Told(Frozen):
    """As how severe a line was told last; `better_since` is since when it has been better than that."""

    severity: Severity
    better_since: AwareDatetime | None = None


class Notice(Frozen):
    """A message that is to be posted once: the lines that crossed, by a key of their own."""

    key: str
    at: AwareDatetime
    lines: tuple[Line, ...]


class Standing(Frozen):
    """A cluster's last posture and what was told of it.

    `pending` is decided and perhaps posted; it is taken out once Slack has taken it. `digested` names the
    last digest that was posted.
    """

    posture: Posture | None = None
    held: dict[Check, Held] = Field(default_factory=dict)
    told: dict[Check, Told] = Field(default_factory=dict)
    pending: Notice | None = None
    digested: str = ""


Mutes = Mapping[Check, Mute]


def dated(posture: Posture, standing: Standing, mutes: Mutes) -> Posture:
    """Return the posture whose lines say since when they hold, and who has muted them until when."""
    return posture.model_copy(
        update={"lines": tuple(_dated(line, standing, mutes, posture.at) for line in posture.lines)}
    )


def _dated(line: Line, standing: Standing, mutes: Mutes, now: datetime) -> Line:
    held, mute = standing.held.get(line.check), mutes.get(line.check)
    changes: dict[str, object] = {}
    if held and held.severity is line.severity:
        changes["since"] = held.since
    if mute and now < mute.until:
        changes |= {"muted_until": mute.until, "muted_by": mute.by.name}
    return line.model_copy(update=changes)


def looked(standing: Standing, posture: Posture, mutes: Mutes, *, quiet: bool = False) -> Standing:
    """Return the standing after a look, with what is to be told now as `pending`.

    A critical line is told at once, a warning when it was one at the look before too. A muted line counts as
    not told, so it is told when its mute ends. What is not known is neither better nor worse.

    Args:
        standing: What was kept of the look before.
        posture: What was seen now.
        mutes: Who wants to hear no more of what.
        quiet: Whether nothing new is told now, because an incident of the cluster is open.
    """
    now = posture.at
    seen = dated(posture, standing, mutes)
    told = {
        line.check: each
        for line in seen.lines
        if not line.is_muted(now) and (each := _after(standing.told.get(line.check), line, now))
    }
    crossing = tuple(line for line in seen.lines if _is_to_be_told(line, standing, told, now))
    pending = standing.pending
    if crossing and not quiet and pending is None:
        pending = Notice(key=f"crossed-{now:%Y%m%dT%H%M%S}", at=now, lines=crossing)
        told |= {line.check: Told(severity=line.severity) for line in crossing}
    held = {line.check: Held(severity=line.severity, since=line.since or now) for line in seen.lines}
    return standing.model_copy(update={"posture": seen, "held": held, "told": told, "pending": pending})


def _after(told: Told | None, line: Line, now: datetime) -> Told | None:
    """Return what is still told of a line: nothing, once it has been better for long enough."""
    if told is None:
        return None
    if line.severity is Severity.UNKNOWN:
        return told
    if line.severity.rank <= told.severity.rank:
        return Told(severity=told.severity)
    since = told.better_since or now
    if now - since < SETTLED:
        return Told(severity=told.severity, better_since=since)
    return Told(severity=line.severity) if line.severity.is_told else None


def _is_to_be_told(line: Line, standing: Standing, told: Mapping[Check, Told], now: datetime) -> bool:
    if not line.severity.is_told or line.is_muted(now):
        return False
    before = told.get(line.check)
    if before and before.severity.rank <= line.severity.rank:
        return False
    held = standing.held.get(line.check)
    was_seen = held is not None and held.severity.is_told
    return line.severity is Severity.CRITICAL or was_seen
