"""What both kinds of chaos runs say of how they went."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Protocol


class Outcome(Protocol):
    """One run: what was violated; `failed` says why it could not be played."""

    @property
    def name(self) -> str:
        """Of the fault."""

    @property
    def violations(self) -> tuple[str, ...]:
        """What did not hold."""

    @property
    def failed(self) -> str:
        """Nothing where it was played."""


def verdict(run: Outcome) -> str:
    """Return what went wrong in a run, or that nothing did."""
    return "; ".join(run.violations) or run.failed or "no violation"


def counted(runs: Sequence[Outcome]) -> tuple[int, int]:
    """Return how many runs could not be played, and how many violations there were."""
    return sum(bool(run.failed) for run in runs), sum(len(run.violations) for run in runs)


def ending(runs: Sequence[Outcome]) -> list[str]:
    """Return the lines below a table: the sums, then each thing that went wrong."""
    failed, violated = counted(runs)
    return [
        f"{len(runs)} runs, {failed} could not be played, {violated} violations (0 wanted)",
        *(f"  {run.name}: {what}" for run in runs for what in (*run.violations, *filter(None, [run.failed]))),
    ]


def in_words(error: Exception) -> str:
    """Return the first of grouped errors in words, with the line that raised it."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}" + traceback.format_exception(error)[-2].rstrip()
