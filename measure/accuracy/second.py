"""Measure the runbook on the second model: claims, "can it elect?" and buttons, held against its physics."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

from lab.second_model import Case, Family, generate, has_twin
from measure.accuracy.answers import Answer, of
from runbooks import leader_election
from runbooks.evidence import Evidence

_LED = frozenset({"alert_stale", "monitoring_blind", "two_leaders"})
_CUTS = frozenset({"network_partition", "asymmetric_partition", "even_split", "partial_partition"})
"""Names for one thing, after its shape."""


@dataclass(frozen=True)
class Verdict:
    """How one answer stands against the truth of its case."""

    case: Case
    said: Answer
    can_elect: str

    @property
    def false_claims(self) -> frozenset[str]:
        """Causes claimed of which nothing is there."""
        return self.said.claims - self._there

    @property
    def _there(self) -> frozenset[str]:
        named = _CUTS if _CUTS & self.case.present else frozenset()
        return self.case.present | named | (_LED if self.case.led else frozenset())

    @property
    def is_confident(self) -> bool:
        """Return whether a false cause is claimed without a doubt."""
        return bool(self.false_claims & self.said.confident)

    @property
    def first_right(self) -> bool:
        """Return whether the first finding is a fault that is there, or the leader that is."""
        cause = self.said.findings[0][0]
        if self.case.led:
            return cause in _LED
        return cause in self._there or (cause == "none_known" and not self.case.causes)

    @property
    def is_open(self) -> bool:
        """Return whether nothing is claimed."""
        return not self.said.claims

    @cached_property
    def is_not_to_be_known(self) -> bool:
        """Return whether it is open and another truth, found by search, gives the same document."""
        return self.is_open and not self.first_right and has_twin(self.case)

    @property
    def wrong_can_elect(self) -> bool:
        """Return whether "can it elect?" is answered, and wrongly."""
        return self.can_elect == ("no" if self.case.can_elect else "yes")

    @property
    def wrong_buttons(self) -> frozenset[tuple[str, str]]:
        """Return the actions offered that help against nothing."""
        return self.said.buttons - self.case.wanted

    @property
    def missing_buttons(self) -> frozenset[tuple[str, str]]:
        """Return the actions that are needed and not offered, where everything was read."""
        return frozenset() if self.case.blurred else self.case.needed - self.said.buttons


def measure(seed: int) -> list[Verdict]:
    """Judge every case of a seed."""
    return [judge(case) for case in generate(seed)]


def judge(case: Case) -> Verdict:
    """Judge one case."""
    diagnosis = leader_election.diagnose(Evidence.model_validate(case.evidence))
    return Verdict(case, of(diagnosis), diagnosis.can_elect)


def table(verdicts: Iterable[Verdict]) -> str:
    """Return the figures as text, a column for each family of documents and one for all."""
    every = list(verdicts)
    columns = {family: [v for v in every if v.case.family == family] for family in get_args(Family)}
    columns["all"] = every
    head = f"{'':<24}" + "".join(f"{name:>16}" for name in columns)
    size = f"{'documents':<24}" + "".join(f"{len(column):>16}" for column in columns.values())
    rows = [
        f"{name:<24}" + "".join(_share(sum(map(is_so, column)), len(column)) for column in columns.values())
        for name, is_so in _FIGURES.items()
    ]
    knowable = [[v for v in column if not v.is_not_to_be_known] for column in columns.values()]
    last = f"{'right, of the others':<24}" + "".join(
        _share(sum(v.first_right for v in column), len(column)) for column in knowable
    )
    return "\n".join(["Second model", head, size, *rows, last])


_FIGURES: dict[str, Callable[[Verdict], bool]] = {
    "first is right": lambda v: v.first_right,
    "right or left open": lambda v: v.first_right or v.is_open,
    "wrong and confirmed": lambda v: v.is_confident,
    "wrong and likely": lambda v: bool(v.false_claims) and not v.is_confident,
    "can elect: wrong": lambda v: v.wrong_can_elect,
    "wrong buttons": lambda v: bool(v.wrong_buttons),
    "missing buttons": lambda v: bool(v.missing_buttons),
    "another truth fits too": lambda v: v.is_not_to_be_known,
}


def _share(count: int, of: int) -> str:
    return f"{count:>8}{count / of:>8.1%}" if of else f"{'-':>16}"


def misses(verdicts: Iterable[Verdict]) -> str:
    """Return a paragraph for each answer that is false somewhere."""
    return "\n".join(
        f"{v.case.name}: {v.case.story}; truth {sorted(v.case.causes)}, can {v.case.can_elect}, "
        f"led {v.case.led}, blurred {v.case.blurred}\n    said {v.said.findings[:3]}, can {v.can_elect}; "
        f"false {sorted(v.false_claims)}, wrong buttons {sorted(v.wrong_buttons)}, "
        f"missing {sorted(v.missing_buttons)}"
        for v in verdicts
        if v.false_claims
        or v.wrong_can_elect
        or v.wrong_buttons
        or v.missing_buttons
        or not (v.first_right or v.is_open)
    )
