"""Measure the diagnosis: `python -m measure.accuracy [--seed N] [--json FILE] [--misses] [--gate]`."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from lab.scenarios import Scenario, generate
from measure.accuracy import second, smaller
from measure.accuracy.answers import Diagnoser, always, runbook
from measure.accuracy.baselines import page
from measure.accuracy.goals import Goal, goals
from measure.accuracy.scoring import Mark, Sum, add_up, by_cause, by_family, macro_average, mark

OURS = "neumann-bot"
_HEAD = (
    f"{'':<26}{'n':>5}{'excused':>9}{'AC@1':>8}{'exact':>8}{'open ok':>9}"
    f"{'confident':>11}{'false':>7}{'buttons':>9}{'abstain':>9}"
)
Marks = dict[str, list[Mark]]


def measure(scenarios: Sequence[Scenario]) -> Marks:
    """Mark the runbook's answers, and beside them those of three baselines."""
    frequent = Counter(cause for scenario in scenarios for cause in scenario.truth.causes).most_common(1)[0][
        0
    ]
    diagnosers: Mapping[str, Diagnoser] = {
        OURS: runbook,
        "the page's commands": page,
        "always network_partition": always("network_partition"),
        f"most frequent: {frequent}": always(frequent),
    }
    return {
        name: [mark(scenario, diagnoser(scenario)) for scenario in scenarios]
        for name, diagnoser in diagnosers.items()
    }


def table(marks: Marks, rows: Sequence[Goal]) -> str:
    """Return everything as text: the runbook by family and cause, all diagnosers side by side, the goals."""
    ours = marks[OURS]
    causes = by_cause(ours)
    return "\n".join(
        [
            f"{OURS}, by family\n{_HEAD}",
            *(_row(name, each) for name, each in by_family(ours).items()),
            f"\n{OURS}, by cause (single and negative)\n{_HEAD}",
            *(_row(name, each) for name, each in sorted(causes.items())),
            f"\nAll families\n{_HEAD}",
            *(
                f"{_row(name, add_up(each))}  macro {macro_average(by_cause(each)):.1%}"
                for name, each in marks.items()
            ),
            "\nGoals",
            *map(str, rows),
        ]
    )


def as_json(seed: int, marks: Marks, rows: Sequence[Goal]) -> str:
    """Return the same figures as one JSON document."""
    figures = {
        name: {
            "all": asdict(add_up(each)),
            "macro_ac1": macro_average(by_cause(each)),
            "families": {family: asdict(total) for family, total in by_family(each).items()},
            "causes": {cause: asdict(total) for cause, total in by_cause(each).items()},
        }
        for name, each in marks.items()
    }
    listed = [{**asdict(goal), "ok": goal.ok} for goal in rows]
    return json.dumps({"seed": seed, "diagnosers": figures, "goals": listed}, indent=2) + "\n"


def misses(marks: Sequence[Mark], scenarios: Sequence[Scenario]) -> str:
    """Return a paragraph for each scenario that was not answered as well as it could be."""
    stories = {scenario.name: scenario.description for scenario in scenarios}
    return "\n".join(
        f"{m.scenario}: {stories[m.scenario]}\n    said {m.said[:3]}; wrong buttons {sorted(m.wrong_buttons)}"
        for m in marks
        if m.wrong_buttons or m.wrong_confident or not (m.excused or (m.first_right and m.exact))
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the measurement; `--gate` gives exit code 1 where a goal is short."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--misses", action="store_true", help="print every scenario that was missed")
    parser.add_argument("--gate", action="store_true", help="exit with 1 where a goal is short")
    options = parser.parse_args(arguments)
    scenarios = list(generate(options.seed))
    marks = measure(scenarios)
    rows = goals(marks[OURS])
    print(table(marks, rows))
    apart = second.measure(options.seed)
    print(f"\n{second.table(apart)}")
    others = {name: smaller.measure(name, options.seed) for name in smaller.MODELS}
    for name, verdicts in others.items():
        print(f"\n{smaller.table(name, verdicts)}")
    if options.misses:
        print(f"\nMisses\n{misses(marks[OURS], scenarios)}")
        print(f"\nMisses, second model\n{second.misses(apart)}")
        for name, verdicts in others.items():
            print(f"\nMisses, {name}\n{smaller.misses(verdicts)}")
    if options.json:
        options.json.write_text(as_json(options.seed, marks, rows))
    return int(options.gate and not all(goal.ok for goal in rows))


def _row(name: str, total: Sum) -> str:
    shares = [
        "-" if share is None else f"{share:.1%}"
        for share in (total.first_right, total.exact, total.correct_or_open)
    ]
    return (
        f"{name:<26}{total.n:>5}{total.excused:>9}{shares[0]:>8}{shares[1]:>8}{shares[2]:>9}"
        f"{total.wrong_confident:>11}{total.false_causes:>7}{total.wrong_buttons:>9}{total.abstained:>9}"
    )


if __name__ == "__main__":
    sys.exit(main())
