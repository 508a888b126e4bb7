"""Confidence intervals for sampled proportions."""

from __future__ import annotations

import math

Z_95 = 1.959964
"""Two-sided 95 % quantile of the normal distribution."""


def wilson_interval(hits: int, trials: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a proportion.

    Args:
        hits: How often it was seen.
        trials: Of how many; 0 says nothing, which is (0, 1).

    Returns:
        (low, high). None lost of 100 still allows 3.7 %.
    """
    if trials == 0:
        return 0.0, 1.0
    share, z2 = hits / trials, Z_95 * Z_95
    centre = share + z2 / (2 * trials)
    half = Z_95 * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
    scale = 1 + z2 / trials
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)
