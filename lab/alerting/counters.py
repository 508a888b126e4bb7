"""The increase of a counter over a range, as Prometheus computes it."""

from collections.abc import Sequence
from itertools import pairwise


def increase(samples: Sequence[tuple[float, float]], start_s: float, end_s: float) -> float:
    """Return by how much a counter grew between start_s and end_s.

    samples: at least two (time in s, value) pairs within the range, oldest first. A fall in value is a
    restart from zero. Extrapolated to the edges of the range by the rules of `extrapolatedRate` in
    Prometheus' promql/functions.go: up to an edge that is nearer than 1.1 average gaps, else by half a gap,
    and never to before the counter would have been zero.
    """
    (first_s, first), (last_s, last) = samples[0], samples[-1]
    growth = last - first + sum(before for (_, before), (_, after) in pairwise(samples) if after < before)
    covered_s = last_s - first_s
    gap_s = covered_s / (len(samples) - 1)
    to_start_s = first_s - start_s
    if growth > 0 and first >= 0:
        to_start_s = min(to_start_s, covered_s * first / growth)
    reach_s = sum(edge_s if edge_s < 1.1 * gap_s else gap_s / 2 for edge_s in (to_start_s, end_s - last_s))
    return growth * (covered_s + reach_s) / covered_s
