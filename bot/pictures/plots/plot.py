"""A plot before it is drawn: which series of an answer are shown, and what they are called."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from handlers.domain.alert_sources import Labels, Sample, Series

MAX_CURVES = 6
"""More lines than this are not told apart at the size of a telephone."""

MISSED = 2.5
"""As many steps without a sample are a gap."""

_SAID_ELSEWHERE = frozenset({"__name__", "job", "cluster"})


@dataclass(frozen=True)
class Curve:
    """One series: its name, and its samples in order of time, numbers alone."""

    name: str
    samples: tuple[Sample, ...]

    def runs(self, step_s: float) -> Iterator[tuple[Sample, ...]]:
        """Yield the samples split at every gap."""
        run = [self.samples[0]]
        for before, sample in pairwise(self.samples):
            if sample.at - before.at > timedelta(seconds=step_s * MISSED):
                yield tuple(run)
                run = []
            run.append(sample)
        yield tuple(run)


@dataclass(frozen=True)
class Plot:
    """What is drawn: the curves, the limit that a rule compares with, and when the alert came.

    `left_out` counts series that have no curve, `no_numbers` samples that are NaN or infinite.
    """

    title: str
    cluster: str
    start: datetime
    end: datetime
    step_s: float
    alerted_at: datetime
    curves: tuple[Curve, ...]
    left_out: int = 0
    no_numbers: int = 0
    limit: float | None = None

    @property
    def values(self) -> tuple[float, ...]:
        """Return every value that must have its place on the scale."""
        shown = [sample.value for curve in self.curves for sample in curve.samples]
        return (*shown, *([] if self.limit is None else [self.limit]))


class Chosen(NamedTuple):
    """What of an answer is drawn, how many series are not, and how many samples are no numbers."""

    curves: tuple[Curve, ...]
    left_out: int
    no_numbers: int


def curves(series: Sequence[Series], wanted: Sequence[Labels]) -> Chosen:
    """Return the curves to draw, those with the alerts' labels first, and what is left out.

    Args:
        series: A range query's answer.
        wanted: The labels of the alerts that it is drawn for.
    """
    finite = [(each.labels, tuple(s for s in each.samples if math.isfinite(s.value))) for each in series]
    known = [(labels, samples) for labels, samples in finite if samples]
    ranked = sorted(known, key=lambda each: -max((_alike(each[0], of) for of in wanted), default=0))
    shown = ranked[:MAX_CURVES]
    names = _names([labels for labels, _ in shown])
    drawn = (Curve(name, samples) for name, (_, samples) in zip(names, shown, strict=True))
    no_numbers = sum(not math.isfinite(sample.value) for each in series for sample in each.samples)
    return Chosen(tuple(drawn), len(series) - len(shown), no_numbers)


def _alike(labels: Labels, of: Labels) -> int:
    """Return how many labels the series shares with an alert; -1 where one of them has another value."""
    shared = labels.keys() & of.keys()
    same = sum(labels[name] == of[name] for name in shared)
    return same if same == len(shared) else -1


def _names(found: Sequence[Mapping[str, str]]) -> list[str]:
    """Name each series by its node, else by the labels in which they differ."""
    nodes = [labels.get("node", "") for labels in found]
    if all(nodes) and len(set(nodes)) == len(nodes):
        return nodes
    differing = sorted(
        name
        for name in {name for labels in found for name in labels} - _SAID_ELSEWHERE
        if len({labels.get(name) for labels in found}) > 1
    )
    return [
        " ".join(labels[name] for name in differing if name in labels) or labels.get("__name__", "value")
        for labels in found
    ]
