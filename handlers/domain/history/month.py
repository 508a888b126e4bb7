"""A month of a cluster's incidents, counted up and held against the objective. Pure."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from handlers.domain.alert_sources import LeaderRecord
from handlers.domain.history.account import Account, Outcome
from handlers.domain.history.leaderless import total

MONTH = re.compile(r"^([0-9]{4})-(0[1-9]|1[0-2])$")
FIRST_YEAR = 2000
REPEATED = 2
"""In how many incidents of the month a node is named before it is called a repeat offender."""


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month in UTC."""

    year: int
    number: int

    @classmethod
    def of(cls, at: datetime) -> Month:
        """Return the month of a moment."""
        at = at.astimezone(UTC)
        return cls(at.year, at.month)

    @classmethod
    def parse(cls, words: str) -> Month | None:
        """Return the month of `2026-11`; `None` where it is none."""
        found = MONTH.match(words)
        if found is None or not FIRST_YEAR <= int(found[1]) < 9999:
            return None
        return cls(int(found[1]), int(found[2]))

    @property
    def start(self) -> datetime:
        """Return its first moment."""
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """Return the first moment after it."""
        is_last = self.number == 12
        return datetime(self.year + is_last, 1 if is_last else self.number + 1, 1, tzinfo=UTC)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


@dataclass(frozen=True)
class Objective:
    """How many minutes a month each cluster may be without a leader; `None` where nobody has said."""

    leaderless_minutes_month: float | None = None

    @property
    def allowed(self) -> timedelta | None:
        """Return the allowed time without a leader; `None` where there is no objective."""
        minutes = self.leaderless_minutes_month
        return None if minutes is None else timedelta(minutes=minutes)


class Held(StrEnum):
    """Whether the objective was held; `SO_FAR` while the month goes on."""

    HELD = "held"
    SO_FAR = "held so far"
    MISSED = "missed"
    UNDETERMINED = "not known"
    NO_OBJECTIVE = "no objective is set"


@dataclass(frozen=True)
class Median:
    """The median of those incidents of which a duration is known; `None` where there are none."""

    span: timedelta | None
    of: int


@dataclass(frozen=True)
class MonthReport:
    """A month of one cluster, up to `until`: its end, or when it was asked for.

    `accounts` are the incidents that were opened in it, oldest first; `earlier` those of before that may
    reach into it. `kept_since` is since when closed incidents are kept, `None` where nobody knows. `left_out`
    are incidents that were not read since there are too many, `unreadable` those that could not be.
    `record` is what Prometheus says, `None` where it is not configured or, as `silence` says, does not
    answer.
    """

    cluster: str
    month: Month
    until: datetime
    accounts: tuple[Account, ...] = ()
    earlier: tuple[Account, ...] = ()
    kept_since: datetime | None = None
    left_out: int = 0
    unreadable: int = 0
    record: LeaderRecord | None = None
    silence: str = ""
    objective: Objective = field(default_factory=Objective)

    @property
    def is_over(self) -> bool:
        """Return whether the month has ended."""
        return self.until >= self.month.end

    @property
    def is_whole(self) -> bool:
        """Return whether every incident of the month is kept, and was read."""
        is_kept = self.kept_since is not None and self.kept_since <= self.month.start
        return is_kept and not self.left_out and not self.unreadable

    @property
    def from_prometheus(self) -> bool:
        """Return whether the minutes are Prometheus', and not the incidents' own.

        Where it knows but a part of the month, the incidents may tell of more.
        """
        if self.record is None or not self.record.known:
            return False
        return self.record.leaderless >= self._read_leaderless or self.record.known >= self._span

    @property
    def leaderless(self) -> timedelta:
        """Return for how long nobody led, as far as that is known."""
        return self.record.leaderless if self.record and self.from_prometheus else self._read_leaderless

    @property
    def unknown(self) -> timedelta | None:
        """Return for how long nobody knows whether a leader stood; `None` where that is not known either.

        Without Prometheus the alert speaks for the minutes outside of incidents. Where it was asked, and has
        no series of them or does not answer, nothing does.
        """
        if self.record is None and not self.silence:
            return timedelta() if self.is_whole else None
        known = self.record.known if self.record else timedelta()
        return max(self._span - (known or self._read_leaderless), timedelta())

    @property
    def _span(self) -> timedelta:
        return self.until - self.month.start

    @property
    def _read_leaderless(self) -> timedelta:
        """Return for how long nobody led by the incidents' own readings."""
        spans = (span for each in (*self.earlier, *self.accounts) for span in each.leaderless or ())
        cut = (span.within(self.month.start, self.until) for span in spans)
        return total(span for span in cut if span)

    @property
    def held(self) -> Held:
        """Judge the objective; it is not called held where what is not known could have missed it."""
        allowed = self.objective.allowed
        if allowed is None:
            return Held.NO_OBJECTIVE
        if self.leaderless > allowed:
            return Held.MISSED
        if self.unknown is None or self.leaderless + self.unknown > allowed:
            return Held.UNDETERMINED
        return Held.HELD if self.is_over else Held.SO_FAR

    @property
    def false_alarms(self) -> tuple[Account, ...]:
        """Return the incidents in which nothing was wrong by the time the cluster was read."""
        return tuple(each for each in self.accounts if each.outcome is Outcome.FALSE_ALARM)

    @property
    def causes(self) -> tuple[tuple[str | None, int], ...]:
        """Return each cause and its incidents, the most frequent first; `None` is no sure cause."""
        found = Counter(each.cause for each in self.accounts if each.outcome is not Outcome.FALSE_ALARM)
        return tuple(sorted(found.items(), key=lambda row: (row[0] is None, -row[1], row[0] or "")))

    @property
    def offenders(self) -> tuple[tuple[str, int], ...]:
        """Return each node that causes of several incidents name, the most frequent first."""
        named = Counter(node for each in self.accounts for node in each.offenders)
        repeated = [(node, count) for node, count in named.items() if count >= REPEATED]
        return tuple(sorted(repeated, key=lambda row: (-row[1], row[0])))

    def medians(self) -> Iterator[tuple[str, Median]]:
        """Yield the median time to detect, acknowledge, diagnose and mend."""
        for what, after in AFTER.items():
            known_s = [span.total_seconds() for each in self.accounts if (span := after(each)) is not None]
            span = timedelta(seconds=statistics.median(known_s)) if known_s else None
            yield what, Median(span, len(known_s))


AFTER: dict[str, Callable[[Account], timedelta | None]] = {
    "detect": lambda each: each.detected_after,
    "acknowledge": lambda each: each.acknowledged_after,
    "diagnose": lambda each: each.diagnosed_after,
    "mend": lambda each: each.mended_after,
}
"""Since the opening, but for the first, which is since the alert's start."""
