"""Scraped samples in memory: the newest value of each series, and its recent past."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

Labels = tuple[tuple[str, str], ...]
"""Sorted (name, value) pairs; empty values are left out, as Prometheus takes them for absent."""

Vector = dict[Labels, float]
"""One value per label set, at one instant."""

LOOKBACK_S = 300.0
"""How old the newest sample of a series may be: Prometheus' own default."""

RETENTION_S = 600.0
"""How long samples are kept, so also the longest range a rule may ask for."""


def labels_of(pairs: Mapping[str, str]) -> Labels:
    """Return the pairs as Labels: sorted, without empty values."""
    return tuple(sorted((name, value) for name, value in pairs.items() if value))


@dataclass(frozen=True, slots=True)
class Sample:
    """One value at one moment; None marks where the series went stale."""

    at_s: float
    value: float | None


@dataclass
class SampleStore:
    """Series by label set. Times are seconds on any one clock that does not jump."""

    _series: dict[Labels, deque[Sample]] = field(default_factory=dict)
    _last_scrape: dict[str, frozenset[Labels]] = field(default_factory=dict)

    def record(self, source: str, at_s: float, scraped: Mapping[Labels, float]) -> None:
        """Keep one scrape of one source; its series that are missing now become stale, as in Prometheus."""
        for labels, value in scraped.items():
            self._series.setdefault(labels, deque()).append(Sample(at_s, value))
        for labels in self._last_scrape.get(source, frozenset()) - scraped.keys():
            self._series.setdefault(labels, deque()).append(Sample(at_s, None))
        self._last_scrape[source] = frozenset(scraped)
        self._forget(at_s - RETENTION_S)

    def instant(self, wanted: Callable[[Labels], bool], now_s: float) -> Vector:
        """Return the newest value of each wanted series that is not stale."""
        newest = ((labels, samples[-1]) for labels, samples in self._wanted(wanted))
        return {
            labels: sample.value
            for labels, sample in newest
            if sample.value is not None and sample.at_s > now_s - LOOKBACK_S
        }

    def window(
        self, wanted: Callable[[Labels], bool], start_s: float, end_s: float
    ) -> dict[Labels, list[tuple[float, float]]]:
        """Return the (time in s, value) pairs of each wanted series after start_s, up to and with end_s."""
        return {
            labels: [(s.at_s, s.value) for s in samples if s.value is not None and start_s < s.at_s <= end_s]
            for labels, samples in self._wanted(wanted)
        }

    def _wanted(self, wanted: Callable[[Labels], bool]) -> Iterator[tuple[Labels, deque[Sample]]]:
        return ((labels, samples) for labels, samples in self._series.items() if wanted(labels))

    def _forget(self, before_s: float) -> None:
        for labels in list(self._series):
            samples = self._series[labels]
            while samples and samples[0].at_s < before_s:
                samples.popleft()
            if not samples:
                del self._series[labels]
