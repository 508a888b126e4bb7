"""Why a node takes much CPU."""

from __future__ import annotations

from collections.abc import Iterator

from runbooks.capacity.causes import CapacityCause
from runbooks.capacity.figures import ALERT_CORES, Figures
from runbooks.explanations import Explanation
from runbooks.model import Verdict

MORE_WRITES = 1.5
"""Commits above so many times the usual are more than usual."""

IN_PROPORTION = 1.25
"""CPU that rose by more than so many times what the writes did is not explained by them."""

MIN_COMMITS = 10
"""Fewer commits between the samples show no rate."""


def explain_cpu(node: Figures) -> Iterator[Explanation]:
    """Yield the one explanation of a node that takes more CPU than the alert allows."""
    if not node.cpu_is_high:
        return
    usual, cores = node.history.usual_cores, node.cores or 0.0
    # The page is one witness, whoever reads it: nothing of this is confirmed.
    if usual is None:
        lacks = f"a few hours of samples of the CPU of {node.name}"
        yield _of(node, CapacityCause.CPU_UNEXPLAINED, Verdict.UNDETERMINED, lacks=lacks)
    elif usual > ALERT_CORES:
        yield _of(node, CapacityCause.CPU_AS_USUAL, Verdict.LIKELY)
    elif (more := _times_as_many_writes(node)) and cores <= IN_PROPORTION * more * usual:
        writes = f"{node.name}: {more:.1f} times as many writes as usual (bot)"
        yield _of(node, CapacityCause.WRITES_HEAVY, Verdict.LIKELY, writes)
    else:
        lacks = f"what {node.name} is busy with: it writes no more than would explain it"
        yield _of(node, CapacityCause.CPU_UNEXPLAINED, Verdict.UNDETERMINED, lacks=lacks)


def _times_as_many_writes(node: Figures) -> float | None:
    """Return how many times the usual commits there are; `None` where that is not more than usual."""
    usual, now = node.history.usual_commits_per_s, node.commits_per_s
    if not usual or now is None or now < MIN_COMMITS:
        return None
    return now / usual if now > MORE_WRITES * usual else None


def _of(
    node: Figures, cause: CapacityCause, verdict: Verdict, more: str = "", lacks: str | None = None
) -> Explanation:
    usual = "" if node.history.usual_cores is None else f", usually {node.history.usual_cores:.1f}"
    took = f"{node.name}: {node.cores or 0.0:.1f} cores{usual}; the alert fires at 0.9 of one (bot)"
    return Explanation(node.name, cause, verdict, tuple(filter(None, (took, more))), (), lacks)
