"""Put one small wrong after the other into the files that decide, and see whether a test notices.

`make mutants` does it for all of them, on copies. A wrong that no test notices needs a test, unless it stands
in `survivors.toml` with its reason: it is equivalent, the same program in other words, and does not count; or
it is untestable here, and counts as survived.
"""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from measure.mutation.bench import Bench, Outcome, run_all
from measure.mutation.edits import Mutant
from measure.mutation.operators import mutants_of

ROOT = Path(__file__).parents[2]
# The files that decide whether and how something is done, with the tests that may notice.
AGENT_TESTS = ("tests/agent",)
TESTS = {
    "agent/actions/case.py": AGENT_TESTS,
    "agent/actions/kinds.py": AGENT_TESTS,
    "agent/actions/grant_verification.py": AGENT_TESTS,
    "agent/neumann_config/edit.py": AGENT_TESTS,
    "agent/actions/outcome.py": AGENT_TESTS,
    "agent/actions/executor.py": AGENT_TESTS,
    "agent/actions/ledger.py": AGENT_TESTS,
    "agent/actions/ledger_file.py": AGENT_TESTS,
    "agent/actions/nonces.py": AGENT_TESTS,
    "agent/protocol/actions.py": AGENT_TESTS,
    "agent/protocol/base.py": AGENT_TESTS,
    "shared/certificates.py": (
        "tests/shared/test_certificates.py",
        "tests/agent/server/pairing",
    ),
    "agent/protocol/grants.py": AGENT_TESTS,
    "agent/protocol/pairing.py": (
        "tests/agent/server/pairing",
        "tests/agent/protocol/test_protocol.py",
    ),
    "agent/protocol/readings.py": AGENT_TESTS,
    "shared/whole_files.py": (
        "tests/shared/test_whole_files.py",
        "tests/agent/server/pairing",
    ),
    "handlers/domain/policy.py": ("tests/handlers/domain/test_policy.py",),
}
GOAL = 0.9


@dataclass(frozen=True)
class Known:
    """A mutant that survives: in a statement that begins so, which change, of what kind, and why."""

    file: str
    statement: str
    told: str
    kind: Literal["equivalent", "untestable"]
    reason: str

    def is_of(self, file: str, mutant: Mutant) -> bool:
        return (self.file, self.told) == (file, mutant.told) and mutant.statement.startswith(self.statement)


def main() -> None:
    """Make the mutants, run the tests, print the score per file; exit code 1 below the goal."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m measure.mutation")
    parser.add_argument("files", nargs="*", metavar="FILE", help=f"of {', '.join(TESTS)}; all by default")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutants at a time")
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    options = parser.parse_args()
    files = options.files or list(TESTS)
    if unknown := set(files) - set(TESTS):
        parser.error(f"{', '.join(sorted(unknown))}: nothing maps it to tests; see TESTS in {__file__}")
    mutants = {file: mutants_of((ROOT / file).read_text()) for file in files}
    if options.list:
        for file, made in mutants.items():
            for mutant in made:
                print(f"{file}:{mutant.line}: {mutant.told}")
        return
    with TemporaryDirectory(prefix="neumann-mutants-") as folder:
        # Open, because a test of rights looks at its folder as somebody else.
        Path(folder).chmod(0o755)
        outcomes = run_all(
            Bench(ROOT, Path(folder), {file: TESTS[file] for file in files}), mutants, options.jobs
        )
    sys.exit(0 if report(outcomes, survivors(files)) else 1)


def survivors(files: list[str]) -> list[Known]:
    document = tomllib.loads((Path(__file__).parent / "survivors.toml").read_text())
    return [Known(**entry) for entry in document["survivor"] if entry["file"] in files]


def report(outcomes: dict[str, list[tuple[Mutant, Outcome]]], listed: list[Known]) -> bool:
    """Print what survived and the table; say whether the goal is met and the list is true."""
    unused, good = set(listed), True
    tallies: dict[str, Counter[str]] = {}
    for file, judged in outcomes.items():
        tally = tallies[file] = Counter()
        for mutant, outcome in judged:
            known = next((entry for entry in listed if entry.is_of(file, mutant)), None)
            word = known.kind if known and outcome == "survived" else outcome
            tally[word] += 1
            if known and outcome == "survived":
                unused.discard(known)
            elif outcome != "killed":
                print(
                    f"{outcome:9} {file}:{mutant.line}: {mutant.told}\n          in: {mutant.statement[:90]}"
                )
    for entry in unused:
        print(f"listed as {entry.kind}, but none such survives: {entry.file}: {entry.told}")
    words = ("killed", "hung", "equivalent", "untestable", "survived")
    print(f"\n{'file':27} {'made':>5}", *(f"{word:>10}" for word in words), "  score")
    for name, tally in [*tallies.items(), ("all", sum(tallies.values(), Counter()))]:
        score = (tally["killed"] + tally["hung"]) / max(1, tally.total() - tally["equivalent"])
        good = good and score >= GOAL
        print(f"{name:27} {tally.total():5}", *(f"{tally[word]:10}" for word in words), f"{score:7.1%}")
    return good and not unused


if __name__ == "__main__":
    main()
