"""What came of a live scenario, and what it is worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab.live import LiveScenario
from lab.scenarios import Scenario
from measure.accuracy.answers import Answer
from measure.accuracy.scoring import Mark, mark

ACTIONS = {
    "start_nodes": ("start_service",),
    "clock_sync": ("clock_sync",),
    "config_bump": ("set_election_timeouts", "restart_service"),
}


@dataclass(frozen=True)
class Outcome:
    """One scenario played: what was said, what it is worth, and what the lab itself knew at that time.

    `claims` are who led, and in which term, by the lab's own asking before and after the reading;
    `healed_s` is how long a leader took to come back when the fault was undone. `page` is the mark of the
    page's own commands.
    """

    scenario: LiveScenario
    said: dict[str, Any]
    marked: Mark
    page: Mark
    claims: tuple[list[tuple[int, str]], list[tuple[int, str]]]
    reading_s: float
    healed_s: float | None

    @property
    def grade(self) -> str:
        """`right`, `wrong`, `incomplete` (nothing false, something missing), `undetermined` or `not made`."""
        if not self.is_made:
            return "not made"
        claims = {f["cause"] for f in self.said["findings"] if f["verdict"] in ("confirmed", "likely")}
        if self.marked.wrong_buttons or claims - self.marked.causes - {"none_known"}:
            return "wrong"
        if self.marked.exact:
            return "right"
        return "undetermined" if self.marked.abstained else "incomplete"

    @property
    def is_made(self) -> bool:
        """Return whether the lab did as told: it kept one leader, or none lasted through the reading."""
        before, after = self.claims
        led = bool(before and after) and before[-1] == after[-1]
        return led == self.scenario.is_led

    @property
    def withheld(self) -> frozenset[tuple[str, str]]:
        """Actions that would help and were not offered."""
        return self.scenario.truth.wanted - buttons(self.said)

    @property
    def passes(self) -> bool:
        """Return whether nothing was claimed confidently that is wrong, and no wrong button offered."""
        return not self.marked.wrong_confident and not self.marked.wrong_buttons

    def as_json(self) -> dict[str, Any]:
        """Return the outcome as one JSON object."""
        top = self.said["findings"][0]
        return {
            "name": self.scenario.name,
            "number": self.scenario.number,
            "truth": sorted(self.marked.causes),
            "may_be_undetermined": self.scenario.truth.may_be_undetermined,
            "top": [top["cause"], top["verdict"]],
            "can_elect": self.said["can_elect"],
            "summary": self.said["summary"],
            "buttons": sorted(map(list, buttons(self.said))),
            "wrong_buttons": sorted(map(list, self.marked.wrong_buttons)),
            "withheld_buttons": sorted(map(list, self.withheld)),
            "grade": self.grade,
            "page_is_right": self.page.exact,
            "claims_before_and_after": self.claims,
            "reading_s": round(self.reading_s, 2),
            "healed_s": None if self.healed_s is None else round(self.healed_s, 2),
        }


def judge(scenario: Scenario, said: dict[str, Any]) -> Mark:
    """Mark what `diagnose --json` printed."""
    found = tuple((finding["cause"], finding["verdict"]) for finding in said["findings"])
    return mark(scenario, Answer(found, buttons(said)))


def table(outcomes: Sequence[Outcome]) -> str:
    """Return everything as text, with the sums below."""
    grades = Counter(outcome.grade for outcome in outcomes)
    sums = ", ".join(f"{count} {grade}" for grade, count in grades.most_common())
    confident = sum(bool(outcome.marked.wrong_confident) for outcome in outcomes)
    wrong_buttons = sum(bool(outcome.marked.wrong_buttons) for outcome in outcomes)
    slowest = max((outcome.reading_s for outcome in outcomes), default=0.0)
    by_page = sum(outcome.page.exact for outcome in outcomes)
    last = [
        f"{len(outcomes)} played: {sums}; the page's commands alone: {by_page} right",
        f"{confident} wrong confident claims, {wrong_buttons} wrong buttons; slowest reading {slowest:.1f} s",
    ]
    return "\n".join([*map(row, outcomes), *last])


def row(outcome: Outcome) -> str:
    """Return one line of the table."""
    top = outcome.said["findings"][0]
    offered = ",".join(sorted({action for action, _ in buttons(outcome.said)})) or "-"
    return (
        f"{outcome.scenario.name:<26}{'+'.join(sorted(outcome.marked.causes)):<32}"
        f"{top['cause'] + ' ' + top['verdict']:<32}{outcome.said['can_elect']:<14}"
        f"{outcome.grade:<14}{outcome.reading_s:4.1f} s  {offered}"
    )


def buttons(said: dict[str, Any]) -> frozenset[tuple[str, str]]:
    """Return the actions that were offered, each on its node."""
    return frozenset(
        (action, node)
        for finding in said["findings"]
        for remedy in finding["remedies"]
        if remedy["offered"]
        for action in ACTIONS[remedy["action"]]
        for node in remedy["nodes"]
    )
