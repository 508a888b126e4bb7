"""What was asked and done about an incident's alerts going elsewhere, folded from its events. Frozen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from handlers.domain.events.regrouping import (
    AlertsGiven,
    AlertsJoined,
    AlertsTaken,
    MergeAsked,
    RegroupingGivenUp,
    SplitAsked,
)


@dataclass(frozen=True)
class Request:
    """A merge or a split that was asked for, and its place in the timeline."""

    event: MergeAsked | SplitAsked
    position: int


@dataclass(frozen=True)
class Outcome:
    """What came of a request."""

    request: Request
    event: AlertsGiven | RegroupingGivenUp


@dataclass(frozen=True)
class Regrouping:
    """`request` is what is under way, `merged_into` the incident that has all of this one's alerts.

    `joined` are the alerts by fingerprint that came because they are explained here, `joinings` all that came
    so, whatever became of them.
    """

    request: Request | None = None
    outcomes: tuple[Outcome, ...] = ()
    taken: tuple[AlertsTaken, ...] = ()
    joined: dict[str, AlertsJoined] = field(default_factory=dict)
    joinings: tuple[AlertsJoined, ...] = ()
    merged_into: str | None = None

    def has_taken(self, giver: str, request: Request) -> bool:
        """Return whether this incident has taken over the alerts of a request of another."""
        return any((each.of, each.asked) == (giver, request.position) for each in self.taken)

    def given_to(self, fingerprint: str) -> str | None:
        """Return the id of the incident that an alert was split off into last."""
        given = [each.event for each in self.outcomes if isinstance(each.event, AlertsGiven)]
        return next((each.to for each in reversed(given) if fingerprint in each.fingerprints), None)

    def ended(self, event: AlertsGiven | RegroupingGivenUp) -> Regrouping:
        """Return the state after what is under way came to an end."""
        if self.request is None:
            return self
        merged = isinstance(event, AlertsGiven) and isinstance(self.request.event, MergeAsked)
        return replace(
            self,
            request=None,
            outcomes=(*self.outcomes, Outcome(self.request, event)),
            merged_into=event.to if merged and isinstance(event, AlertsGiven) else self.merged_into,
        )
