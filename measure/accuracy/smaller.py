"""Measure the smaller runbooks on models of their own: the first finding and the button."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import get_args

import msgspec

from lab import capacity_model, deadlock_model, lag_model, recovery_model, split_model
from lab.case import Case, Family
from measure.accuracy.answers import Answer, of
from runbooks.all_runbooks import RUNBOOKS
from runbooks.evidence import Evidence
from runbooks.posture.history import with_history
from runbooks.posture.samples import Sample

MODELS: dict[str, Callable[[int], Iterator[Case]]] = {
    "replication-lag": lag_model.generate,
    "split-brain": split_model.generate,
    "capacity": capacity_model.generate,
    "deadlock-resolution": deadlock_model.generate,
    "node-recovery": recovery_model.generate,
}
"""Runbook → the model that it is held against."""

_OPEN = frozenset(
    {
        *("lag_unexplained", "too_few_read"),
        *("disk_unexplained", "memory_unexplained", "cpu_unexplained", "deadlocks_unexplained"),
    }
)


@dataclass(frozen=True)
class Verdict:
    """How one answer stands against what is so."""

    case: Case
    said: Answer

    @property
    def first_right(self) -> bool:
        """Return whether the first finding names the fault, or none where no rule knows it."""
        cause, _ = self.said.findings[0]
        return cause in self.case.causes if self.case.causes else self.is_open

    @property
    def is_open(self) -> bool:
        """Return whether nothing is claimed."""
        return not self.said.claims - _OPEN

    @property
    def false_claims(self) -> frozenset[str]:
        """Return the causes claimed of which nothing is there."""
        return self.said.claims - self.case.causes - _OPEN

    @property
    def is_confident(self) -> bool:
        """Return whether a false cause is claimed without a doubt."""
        return bool(self.false_claims & self.said.confident)

    @property
    def wanted(self) -> frozenset[tuple[str, str]]:
        """Return the actions of which one would mend it, or a part of it that is mended first."""
        restarts = [("restart_service", self.case.restart)] if self.case.restart else []
        starts = (("start_service", node) for node in self.case.starts)
        return frozenset([*restarts, *starts, *(("transfer_leadership", way) for way in self.case.hands_on)])

    @property
    def wrong_buttons(self) -> frozenset[tuple[str, str]]:
        """Return the actions offered that mend nothing."""
        return self.said.buttons - self.wanted - self.case.also_helps

    @property
    def lacks_button(self) -> bool:
        """Return whether all was read, and none of the actions that would mend it is offered."""
        return self.case.family == "as_read" and bool(self.wanted) and not self.said.buttons & self.wanted


def measure(runbook: str, seed: int) -> list[Verdict]:
    """Judge every case that a runbook's model gives for a seed."""
    return [judge(runbook, case) for case in MODELS[runbook](seed)]


def judge(runbook: str, case: Case) -> Verdict:
    """Judge one case."""
    read = Evidence.model_validate(case.evidence)
    if case.samples:
        read = with_history(read, [msgspec.convert(each, Sample) for each in case.samples])
    return Verdict(case, of(RUNBOOKS[runbook].diagnose(read)))


_FIGURES: dict[str, Callable[[Verdict], bool]] = {
    "first is right": lambda v: v.first_right,
    "right or left open": lambda v: v.first_right or v.is_open,
    "wrong and confirmed": lambda v: v.is_confident,
    "wrong and likely": lambda v: bool(v.false_claims) and not v.is_confident,
    "wrong buttons": lambda v: bool(v.wrong_buttons),
    "missing buttons": lambda v: v.lacks_button,
}


def table(runbook: str, verdicts: Iterable[Verdict]) -> str:
    """Return the figures of a runbook as text, a column for each family of documents."""
    every = list(verdicts)
    columns = {family: [v for v in every if v.case.family == family] for family in get_args(Family)}
    rows = [
        f"{name:<24}" + "".join(f"{sum(map(is_so, c)) / max(len(c), 1):>16.1%}" for c in columns.values())
        for name, is_so in _FIGURES.items()
    ]
    head = f"{'':<24}" + "".join(f"{name:>16}" for name in columns)
    size = f"{'documents':<24}" + "".join(f"{len(column):>16}" for column in columns.values())
    return "\n".join([runbook, head, size, *rows])


def misses(verdicts: Iterable[Verdict]) -> str:
    """Return a line for each document that was not answered as well as it could be."""
    return "\n".join(
        f"{v.case.name}: is {sorted(v.case.causes)}, said {v.said.findings[:3]}, {sorted(v.said.buttons)}"
        for v in verdicts
        if v.false_claims
        or v.wrong_buttons
        or v.lacks_button
        or not (v.first_right or (v.is_open and v.case.family == "readings_lost"))
    )
