"""Mark answers against the truth, and add the marks up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lab.scenarios import NO_FAULT, Scenario
from measure.accuracy.answers import CLAIMING, NONE_KNOWN, Answer


@dataclass(frozen=True)
class Mark:
    """How one answer stands against the truth of one scenario.

    An answer that abstains where the truth may be left open is `excused`: it counts neither for nor against
    accuracy. `first_right` is AC@1; that none of the known causes fits is right at any verdict but ruled out.
    """

    scenario: str
    family: str
    causes: frozenset[str]
    said: tuple[tuple[str, str], ...]
    first_right: bool
    exact: bool
    wrong_confident: frozenset[str]
    correct_or_open: bool
    wrong_buttons: frozenset[tuple[str, str]]
    false_causes: frozenset[str]
    abstained: bool
    excused: bool


def mark(scenario: Scenario, answer: Answer) -> Mark:
    """Hold one answer against the truth."""
    truth = scenario.truth
    real = truth.causes - {NONE_KNOWN}
    cause, verdict = answer.findings[0]
    not_false = truth.causes | truth.also
    first_right = cause in not_false and (verdict in CLAIMING or (cause == NONE_KNOWN and not real))
    first_right = first_right and verdict != "ruled_out"
    abstained = not answer.claims
    open_is_fine = truth.may_be_undetermined or not real
    return Mark(
        scenario=scenario.name,
        family=scenario.family,
        causes=truth.causes,
        said=answer.findings,
        first_right=first_right,
        exact=real <= answer.claims | truth.also and answer.claims <= real | truth.also,
        wrong_confident=answer.confident - not_false,
        correct_or_open=answer.claims <= not_false and (not abstained or open_is_fine),
        wrong_buttons=answer.buttons - truth.wanted,
        false_causes=answer.claims - not_false - NO_FAULT,
        abstained=abstained,
        excused=abstained and truth.may_be_undetermined,
    )


@dataclass(frozen=True)
class Sum:
    """Marks added up. Shares are of the scenarios that are not excused; `None` where there are none."""

    n: int
    excused: int
    first_right: float | None
    exact: float | None
    correct_or_open: float | None
    wrong_confident: int
    false_causes: int
    wrong_buttons: int
    abstained: int


def add_up(marks: Iterable[Mark]) -> Sum:
    """Add marks up; the counts are of scenarios, however many causes or buttons were wrong in each."""
    all_marks = list(marks)
    judged = [m for m in all_marks if not m.excused]
    return Sum(
        n=len(all_marks),
        excused=len(all_marks) - len(judged),
        first_right=_share(judged, lambda m: m.first_right),
        exact=_share(judged, lambda m: m.exact),
        correct_or_open=_share(all_marks, lambda m: m.correct_or_open),
        wrong_confident=sum(bool(m.wrong_confident) for m in all_marks),
        false_causes=sum(bool(m.false_causes) for m in all_marks),
        wrong_buttons=sum(bool(m.wrong_buttons) for m in all_marks),
        abstained=sum(m.abstained for m in all_marks),
    )


def by_family(marks: Iterable[Mark]) -> dict[str, Sum]:
    """Return the sums per family."""
    return _by(marks, lambda m: (m.family,))


def by_cause(marks: Iterable[Mark]) -> dict[str, Sum]:
    """Return sums per cause over the scenarios with one cause and nothing withheld, false or near a limit."""
    return _by((m for m in marks if m.family in {"single", "negative"}), lambda m: m.causes)


def macro_average(causes: dict[str, Sum]) -> float:
    """Return the mean of AC@1 over causes, so that a frequent cause weighs no more than a rare one."""
    shares = [each.first_right for each in causes.values() if each.first_right is not None]
    return sum(shares) / len(shares) if shares else 0.0


def _by(marks: Iterable[Mark], keys: Callable[[Mark], Iterable[str]]) -> dict[str, Sum]:
    grouped: dict[str, list[Mark]] = defaultdict(list)
    for each in marks:
        for key in keys(each):
            grouped[key].append(each)
    return {key: add_up(group) for key, group in grouped.items()}


def _share(marks: list[Mark], is_so: Callable[[Mark], bool]) -> float | None:
    return sum(map(is_so, marks)) / len(marks) if marks else None
