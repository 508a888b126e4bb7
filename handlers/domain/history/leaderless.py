"""For how long readings showed no leader. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.domain.events import Event
from handlers.domain.events.diagnosis import EvidenceRead, FindingsRanked
from handlers.domain.events.lifecycle import Closed
from handlers.domain.events.recovery import LeaderSeen, LeaderVerified


@dataclass(frozen=True)
class Span:
    """From one moment to another, of which neither is before the other."""

    start: datetime
    end: datetime

    def within(self, start: datetime, end: datetime) -> Span | None:
        """Return the part of it that lies between two moments; `None` where none does."""
        first, last = max(self.start, start), min(self.end, end)
        return Span(first, last) if first < last else None


def leaderless(events: Iterable[Event]) -> tuple[Span, ...] | None:
    """Return when readings showed no leader, up to the last of them; `None` where none looked for one."""
    spans: list[Span] = []
    since: datetime | None = None
    last: datetime | None = None
    for at, is_led in _looks(events):
        if is_led is None and since is None:
            continue  # it was closed while a leader stood, or before anybody looked
        last = at
        if is_led is False:
            since = since or at
        elif is_led and since:
            spans.append(Span(since, max(since, at)))
            since = None
    if since and last:
        spans.append(Span(since, max(since, last)))
    return tuple(spans) if last else None


def total(spans: Iterable[Span]) -> timedelta:
    """Return how long spans are together; what several of them cover counts once."""
    covered, reached = timedelta(), None
    for span in sorted(spans, key=lambda each: each.start):
        start = span.start if reached is None else max(span.start, reached)
        covered += max(span.end - start, timedelta())
        reached = span.end if reached is None else max(reached, span.end)
    return covered


def _looks(events: Iterable[Event]) -> Iterator[tuple[datetime, bool | None]]:
    """Yield when a leader with a majority was looked for, and whether one stood; `None` for the end.

    A reading that is not complete says nothing, and neither does one that gave no node's term.
    """
    is_complete = True
    for event in events:
        match event:
            case EvidenceRead():
                is_complete = event.evidence.complete
            case LeaderSeen():
                yield event.at, event.leadership.leader is not None
            case LeaderVerified():
                yield event.at, True
            case FindingsRanked() if is_complete and event.diagnosis.leadership.term is not None:
                lead = event.diagnosis.leadership
                yield event.at, lead.leader is not None and lead.majority
            case Closed():
                yield event.at, None
