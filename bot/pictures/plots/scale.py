"""The scale of values: where each lies on the card, which are written beside it, and how."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass

MAX_TICKS = 5
LARGEST = sys.float_info.max
TINIEST = 1e-300
"""Less than that is no span to part into ticks."""

LARGEST_WITH_UNIT = 1e15
_PARTS = 8
"""The span between the largest numbers there are is none itself: it is reckoned in parts."""

_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Scale:
    """A span of values mapped to a span of pixels, the lowest at the bottom."""

    low: float
    high: float
    top: float
    bottom: float

    def y(self, value: float) -> float:
        """Return where a value is, in pixels."""
        share = (value / _PARTS - self.low / _PARTS) / (self.high / _PARTS - self.low / _PARTS)
        return self.bottom - (self.bottom - self.top) * share

    def ticks(self) -> tuple[float, ...]:
        """Return round values on it, from the lowest up."""
        step = _step(self.low, self.high)
        first = math.ceil(self.low / step)
        return tuple(number * step for number in range(first, math.floor(self.high / step) + 1))


def scale_of(values: Iterable[float], top: float, bottom: float) -> Scale:
    """Return a scale with room above and below the values; 0 is on it where it is near."""
    known = tuple(values)
    low, high = min(known, default=0.0), max(known, default=1.0)
    if low > 0 and low < 0.5 * high:
        low = 0.0
    spare = (high / _PARTS - low / _PARTS) * 0.06 * _PARTS or abs(high) * 0.1
    spare = max(spare, TINIEST) if spare else 1.0
    return Scale(low if low == 0 else max(low - spare, -LARGEST), min(high + spare, LARGEST), top, bottom)


def figure(value: float) -> str:
    """Return a value in three figures: `12.3 G`, `0.85`, `0`."""
    for factor, unit in _UNITS:
        if LARGEST_WITH_UNIT > abs(value) >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value:.3g}" if abs(value) >= 1e-9 else "0"


def _step(low: float, high: float) -> float:
    """Return the round distance of two ticks: 1, 2 or 5 times a power of ten."""
    rough = high / MAX_TICKS - low / MAX_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
