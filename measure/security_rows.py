"""Write the table of threats and the tests that attack them: `python -m measure.security_rows`.

A test whose name begins with `test_row_NN_` attacks the threat of that row; its name says what holds.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "security-tests.md"
PREFIX = "test_row_"

THREATS = {
    1: "A request that Slack did not make",
    2: "A genuine request of Slack's, sent again",
    3: "A payload in which a field is exchanged: button, modal, message, team, app",
    4: "A click by somebody who may not",
    5: "A click by somebody who has left the group, or joined it",
    6: "One stolen account that approves its own plan",
    7: "The bot's tokens without its keys",
    8: "Write access to Redis: forge, change, cut, put back, garbage",
    9: "A bot that is taken over",
    10: "A forged webhook, and labels that name targets",
    11: "Text in alerts, logs and names that would act where it is shown",
    12: "A node or an agent that lies",
    13: "A caller without a certificate, and keys that are trusted and not shown",
    14: "Arguments of a grant beyond their bounds",
    15: "A grant or withdrawal for another node, another time or another use",
    16: "Clocks that are wrong",
    17: "Files that are no plain files, and disks that are full",
    18: "More rights than the agent's",
    19: "Size, number and slowness",
    20: "A ledger put back to an older copy",
    21: "Secrets that leak, and an audit that is edited",
}


HEAD = """\
# What was tried, and what held

Made from the tests by `python -m measure.security_rows`; each line is a test named after its row of
the threat model, and says what holds. `make attack` runs all {count}, each with its variants, and
asserts the figures in them: resident memory, the time that `/livez` takes, requests taken and refused.
[SECURITY.md](../SECURITY.md) says what holds these attacks back."""


class Figure(NamedTuple):
    """What was measured once: by what, and what came out."""

    command: str
    outcome: str


FIGURES = (
    Figure(
        "make fuzz",
        "10,000 random writes under every key of a bot with a run under way, in ten episodes: no process"
        " ended, no node felt what nobody had confirmed, 398 of 1,526 audits said sound and none of them"
        " falsely; `/livez` at most 0.02 s",
    ),
    Figure(
        "python -m measure.attack.port_fuzz",
        "600 random and half-valid callers, 24 at once: memory +9 MiB, nothing done, answered after",
    ),
    Figure(
        "python -m measure.chaos.remediation --only redis-restored-after-undo",
        "an older Redis after a run and its undo, four ways: no effect on any node, the second undo refused",
    ),
)
"""What takes longer than a test may; each has a small helping of it among the tests below."""


class RowTest(NamedTuple):
    """One test: its row, what it says holds, where it stands, and the attack, where it says more."""

    row: int
    holds: str
    place: str
    attack: str


def row_tests(root: Path = ROOT) -> Iterator[RowTest]:
    """Yield every test that is named after a row."""
    for path in sorted((root / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(PREFIX):
                number, _, words = node.name.removeprefix(PREFIX).partition("_")
                attack = (ast.get_docstring(node) or "").split("\n")[0]
                place = str(path.relative_to(root))
                yield RowTest(int(number), words.replace("_", " "), place, attack)


def page(tests: list[RowTest]) -> str:
    """Return the page: one section a threat, one line a test."""
    lines = [HEAD.format(count=len(tests)), "", "## Measured", ""]
    lines += [f"- `{each.command}`: {each.outcome}." for each in FIGURES]
    for row, threat in THREATS.items():
        lines += ["", f"## {row}. {threat}", ""]
        lines += [_line(test) for test in tests if test.row == row]
    return "\n".join(lines) + "\n"


def _line(test: RowTest) -> str:
    more = f": {test.attack}" if test.attack else ""
    return f"- {test.holds} (`{test.place}`){more}"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(list(row_tests())))


if __name__ == "__main__":
    main()
