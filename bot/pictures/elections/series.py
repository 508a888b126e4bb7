"""Elections and terms over time: samples and marks from any source, and what they say of each node.

A gap is a gap: nothing is drawn or counted where nobody read anything, but a counter keeps what it counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Literal

from runbooks.evidence import Role

MarkKind = Literal["alert", "plan", "step", "stopped", "verified", "resolved"]

MISSED = 2.5
"""As many intervals without a sample are a gap: one may come late, or be lost."""


@dataclass(frozen=True)
class Sample:
    """What one node said at one moment; `None` where it said nothing."""

    at: datetime
    node: str
    role: Role | None = None
    term: int | None = None
    elections: int | None = None


@dataclass(frozen=True)
class Mark:
    """Something that happened, in a few words, as `alert fired`."""

    at: datetime
    kind: MarkKind
    words: str


@dataclass(frozen=True)
class Stretch:
    """A role held over several samples."""

    role: Role
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Started:
    """Elections that a node started between two readings; `unseen` where a gap lies between those."""

    since: datetime
    until: datetime
    count: int
    unseen: bool


@dataclass(frozen=True)
class Story:
    """One node's samples, in order of time."""

    node: str
    samples: tuple[Sample, ...]
    longest: timedelta

    @cached_property
    def runs(self) -> tuple[tuple[Sample, ...], ...]:
        """Split the samples at every gap; one that says neither role nor term counts as none."""
        runs: list[list[Sample]] = []
        for sample in self.samples:
            if sample.role is None and sample.term is None:
                continue
            if not runs or sample.at - runs[-1][-1].at > self.longest:
                runs.append([])
            runs[-1].append(sample)
        return tuple(map(tuple, runs))

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """Each role for as long as it was seen; a change counts from the sample that shows it."""
        return tuple(stretch for run in self.runs for stretch in _stretches(run))

    @cached_property
    def elections(self) -> tuple[Started, ...]:
        """By how much the counter grew between which readings; one that fell was reset by a restart."""
        counted = [(sample.at, sample.elections) for sample in self.samples if sample.elections is not None]
        grown = (
            Started(since, until, after - before if after >= before else after, until - since > self.longest)
            for (since, before), (until, after) in pairwise(counted)
        )
        return tuple(started for started in grown if started.count)

    @property
    def counted(self) -> int | None:
        """Return how many elections the node started; `None` where its counter was not read twice."""
        if sum(sample.elections is not None for sample in self.samples) < 2:
            return None
        return sum(started.count for started in self.elections)

    @property
    def gaps(self) -> tuple[tuple[datetime, datetime], ...]:
        """Return the gaps, each from the last sample before to the first one after."""
        return tuple((before[-1].at, after[0].at) for before, after in pairwise(self.runs))


def _stretches(run: tuple[Sample, ...]) -> Iterator[Stretch]:
    start = run[0]
    for before, sample in pairwise(run):
        if sample.role is start.role:
            continue
        if start.role is not None:
            # An unread role ends the stretch where it was last seen, a new role where that begins.
            yield Stretch(start.role, start.at, sample.at if sample.role is not None else before.at)
        start = sample
    if start.role is not None:
        yield Stretch(start.role, start.at, run[-1].at)


@dataclass(frozen=True)
class ElectionSeries:
    """The samples and marks of a timeline, in any order.

    `every_s` is how often a node was asked, in seconds.

    Raises:
        ValueError: If there is no sample, or `every_s` is not positive.
    """

    cluster: str
    samples: tuple[Sample, ...]
    marks: tuple[Mark, ...] = ()
    every_s: float = 15.0

    def __post_init__(self) -> None:
        if not self.samples:
            raise ValueError("there is nothing to draw: give at least one sample.")
        if self.every_s <= 0:
            raise ValueError(f"every_s is {self.every_s}: give the seconds between two samples.")

    @cached_property
    def stories(self) -> tuple[Story, ...]:
        """Return a story for each node, in the order in which they first appear."""
        longest = timedelta(seconds=self.every_s * MISSED)
        found: dict[str, list[Sample]] = {}
        for sample in self.samples:
            found.setdefault(sample.node, []).append(sample)
        return tuple(
            Story(node, tuple(sorted(its, key=lambda sample: sample.at)), longest)
            for node, its in found.items()
        )

    @cached_property
    def span(self) -> tuple[datetime, datetime]:
        """Return the time from the first to the last sample or mark; one second at least."""
        moments = [*(sample.at for sample in self.samples), *(mark.at for mark in self.marks)]
        return min(moments), max(*moments, min(moments) + timedelta(seconds=1))

    @cached_property
    def elections(self) -> int | None:
        """Elections started, all nodes together; `None` where no counter was read."""
        counts = [story.counted for story in self.stories if story.counted is not None]
        return sum(counts) if counts else None

    @cached_property
    def new_terms(self) -> int:
        """Return how far the highest term rose; each new term took an election, counted or not."""
        first = [
            known[0]
            for story in self.stories
            if (known := [sample.term for sample in story.samples if sample.term is not None])
        ]
        return self.terms[1] - max(first) if self.terms and first else 0

    @cached_property
    def terms(self) -> tuple[int, int] | None:
        """Return the lowest and the highest term that was seen."""
        seen = [sample.term for sample in self.samples if sample.term is not None]
        return (min(seen), max(seen)) if seen else None

    @cached_property
    def leaders(self) -> tuple[str, ...]:
        """Return who claimed to lead when last asked, if that was at the end."""
        last = max(sample.at for sample in self.samples)
        ends = ((story.node, story.runs[-1][-1]) for story in self.stories if story.runs)
        return tuple(
            node
            for node, sample in ends
            if sample.role is Role.LEADER and last - sample.at <= timedelta(seconds=self.every_s * MISSED)
        )
