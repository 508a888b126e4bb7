"""Who is on call: shifts of a schedule, and overrides by people. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, Field

from handlers.domain.events.base import Person
from runbooks.evidence import Frozen

MAX_OVERRIDE = timedelta(days=14)
"""Longer than a usual shift: what lasts is written into the schedule."""


class Shift(Frozen):
    """Somebody is on call until then; `None` where the schedule does not say."""

    user: str
    name: str
    until: AwareDatetime | None = None


class Override(Frozen):
    """Somebody takes the shift of whoever the schedule names."""

    user: str
    name: str
    since: AwareDatetime
    until: AwareDatetime
    by: Person

    def holds(self, now: datetime) -> bool:
        """Return whether it holds now."""
        return self.since <= now < self.until


class HandOver(Frozen):
    """A change of shift that is to be told once, under its key; an empty user is nobody."""

    key: str
    at: AwareDatetime
    before: Shift | None
    after: Shift | None


class Rota(Frozen):
    """What is kept: the override, who was on call at the last look, and a change that is not told yet.

    While there is an override, `beneath` is whom the schedule named at the last look that could read it. It
    is written only then, as older replicas refuse a field that they do not know.
    """

    override: Override | None = None
    beneath: Annotated[Shift | None, Field(exclude_if=lambda shift: shift is None)] = None
    has_looked: bool = False
    seen: Shift | None = None
    pending: HandOver | None = None

    @property
    def last_scheduled(self) -> Shift | None:
        """Return whom the schedule named when it was last read."""
        return self.beneath if self.override else self.seen

    def overridden(self, override: Override) -> Rota:
        """Return what is kept once somebody takes the shift."""
        return self.model_copy(update={"override": override, "beneath": self.last_scheduled})

    def cleared(self, now: datetime) -> Rota:
        """Return what is kept once the override ends before its time; the next look lets go of it."""
        ended = self.override and self.override.model_copy(update={"until": min(now, self.override.until)})
        return self.model_copy(update={"override": ended})


class OnCall(Frozen):
    """Who is on call now, by whose override, and why the schedule cannot be read, where it cannot.

    `scheduled` is whom the schedule names, or named when it was last read.
    """

    shift: Shift | None
    scheduled: Shift | None = None
    override: Override | None = None
    trouble: str = ""


def on_call(scheduled: Shift | None, rota: Rota, now: datetime, trouble: str = "") -> OnCall:
    """Return who is on call: an override goes before the schedule, and holds where that cannot be read."""
    override = rota.override if rota.override and rota.override.holds(now) else None
    if override:
        shift = Shift(user=override.user, name=override.name, until=override.until)
        return OnCall(shift=shift, scheduled=scheduled, override=override, trouble=trouble)
    return OnCall(shift=scheduled, scheduled=scheduled, trouble=trouble)


def looked(rota: Rota, present: OnCall, now: datetime) -> Rota:
    """Return what is kept after a look, with a change of shift as `pending`.

    A schedule that cannot be read takes nobody away. The first look tells nothing, and needs a schedule.
    """
    if present.trouble and not present.override and not rota.has_looked:
        return rota
    kept = rota.override if rota.override and now < rota.override.until else None
    before, after = rota.seen, present.shift
    pending = rota.pending
    if rota.has_looked and (before.user if before else "") != (after.user if after else ""):
        untold = pending.before if pending else before
        pending = HandOver(key=f"hand-over-{now:%Y%m%dT%H%M%S}", at=now, before=untold, after=after)
    beneath = present.scheduled if kept else None
    return Rota(override=kept, beneath=beneath, has_looked=True, seen=after, pending=pending)
