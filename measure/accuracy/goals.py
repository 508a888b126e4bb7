"""What the runbook has to reach, row by row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from measure.accuracy.scoring import Mark, add_up, by_cause, by_family

AC1_SINGLE, AC1_PER_CAUSE, EXACT_COMPOUND, OPEN = 0.99, 0.95, 0.95, 0.98


@dataclass(frozen=True)
class Goal:
    """One figure against its goal: at least so much of a share, at most so many of a count."""

    name: str
    reached: float
    wanted: float
    at_least: bool

    @property
    def ok(self) -> bool:
        """Return whether the goal is reached."""
        return self.reached >= self.wanted if self.at_least else self.reached <= self.wanted

    def __str__(self) -> str:
        """Print as one row."""
        sign, shown = (">=", "6.1%") if self.at_least else ("<=", "6.0f")
        verdict = "ok" if self.ok else "short"
        return f"{self.name:<52}{self.reached:{shown}}  {sign} {self.wanted:{shown}}  {verdict}"


def goals(marks: Iterable[Mark]) -> list[Goal]:
    """Return every goal, with what these marks reach."""
    all_marks = list(marks)
    families = by_family(all_marks)
    single = [m for m in all_marks if m.family == "single"]
    rows = [Goal("AC@1, single", families["single"].first_right or 0.0, AC1_SINGLE, at_least=True)]
    rows += [
        Goal(f"AC@1, single, {cause}", each.first_right or 0.0, AC1_PER_CAUSE, at_least=True)
        for cause, each in sorted(by_cause(single).items())
    ]
    missing, lying, negative = families["missing"], families["lying"], families["negative"]
    return [
        *rows,
        Goal("exact set, compound", families["compound"].exact or 0.0, EXACT_COMPOUND, at_least=True),
        Goal("wrong confident claims, missing readings", missing.wrong_confident, 0, at_least=False),
        Goal("correct or undetermined, missing", missing.correct_or_open or 0.0, OPEN, at_least=True),
        Goal("wrong confident claims, a source lies", lying.wrong_confident, 0, at_least=False),
        Goal("correct or undetermined, a source lies", lying.correct_or_open or 0.0, OPEN, at_least=True),
        Goal("false causes, healthy or flapping", negative.false_causes, 0, at_least=False),
        Goal("wrong buttons, a source lies", lying.wrong_buttons, 0, at_least=False),
        Goal("wrong buttons, all families", add_up(all_marks).wrong_buttons, 0, at_least=False),
    ]
