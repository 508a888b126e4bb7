"""The firings that the samples of a kept alert tell of."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise

from handlers.domain.alert_sources import Labels

OF_ALERTS_ITSELF = frozenset({"__name__", "alertstate"})
"""Labels that Prometheus adds to an alert's own where it keeps the alert as a series."""

PAUSE_AT = 2.5
"""Samples further apart than so many evaluation intervals belong to two firings, not to one missed sample."""

INTERVAL_UNKNOWN_S = 60.0
"""Stands for the evaluation interval where there is one sample only: Prometheus' default."""


def own_labels(labels: Mapping[str, str]) -> Labels:
    """Return the labels that are the alert's own."""
    return {name: value for name, value in labels.items() if name not in OF_ALERTS_ITSELF}


def firings(moments: list[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Yield the first and last moment of each run of samples."""
    if not moments:
        return
    gaps_s = [(after - before).total_seconds() for before, after in pairwise(moments)]
    pause_s = PAUSE_AT * (statistics.median(gaps_s) if gaps_s else INTERVAL_UNKNOWN_S)
    first = moments[0]
    for before, after in pairwise(moments):
        if (after - before).total_seconds() > pause_s:
            yield first, before
            first = after
    yield first, moments[-1]
