"""Measure the diagnosis on real processes: `python -m tests.accuracy.live [--only NAME] [--json FILE]`.

Each scenario gets a lab of its own. What is judged is what a user runs: `neumann-bot diagnose --json`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from lab.bot_files import write_bot_files
from lab.cluster import Lab
from lab.disks import why_no_disks
from lab.layout import Address
from lab.live import LIVE, LiveScenario
from lab.scenarios import Scenario
from lab.settings import MetricsShape
from tests.accuracy.answers import Answer
from tests.accuracy.baselines import page
from tests.accuracy.scoring import Mark, mark

ACTIONS = {
    "start_nodes": ("start_service",),
    "clock_sync": ("clock_sync",),
    "config_bump": ("set_election_timeouts", "restart_service"),
}
HEALED_WITHIN_S = 30.0
NO_SLACK = {"bot_token": "xoxb-none", "signing_secret": "none", "api_url": "http://127.0.0.1:1/api/"}


@dataclass(frozen=True)
class Outcome:
    """One scenario played: what was said, what it is worth, and what the lab itself knew at that time.

    `leaders` are who led by the lab's own asking before and after the reading; `healed_s` is how long a
    leader took to come back when the fault was undone. `page` is the mark of the page's own commands.
    """

    scenario: LiveScenario
    said: dict[str, Any]
    marked: Mark
    page: Mark
    leaders: tuple[str | None, str | None]
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
        """Whether the lab did as told: it kept one leader, or had none that lasted through the reading."""
        led = None not in self.leaders and self.leaders[0] == self.leaders[1]
        return led == self.scenario.is_led

    @property
    def withheld(self) -> frozenset[tuple[str, str]]:
        """Actions that would help and were not offered."""
        return self.scenario.truth.wanted - _buttons(self.said)

    @property
    def passes(self) -> bool:
        """Whether nothing was claimed confidently that is wrong, and no wrong button offered."""
        return not self.marked.wrong_confident and not self.marked.wrong_buttons

    def as_json(self) -> dict[str, Any]:
        """The outcome as one JSON object."""
        top = self.said["findings"][0]
        return {
            "name": self.scenario.name,
            "number": self.scenario.number,
            "truth": sorted(self.marked.causes),
            "may_be_undetermined": self.scenario.truth.may_be_undetermined,
            "top": [top["cause"], top["verdict"]],
            "can_elect": self.said["can_elect"],
            "summary": self.said["summary"],
            "buttons": sorted(map(list, _buttons(self.said))),
            "wrong_buttons": sorted(map(list, self.marked.wrong_buttons)),
            "withheld_buttons": sorted(map(list, self.withheld)),
            "grade": self.grade,
            "page_is_right": self.page.exact,
            "leader_before_and_after": self.leaders,
            "reading_s": round(self.reading_s, 2),
            "healed_s": None if self.healed_s is None else round(self.healed_s, 2),
        }


async def play(scenario: LiveScenario, folder: Path, *, shape: MetricsShape = "state_label") -> Outcome:
    """Start a lab, make the fault, read it as a user would, and undo it."""
    async with Lab(
        folder / "lab", node_count=scenario.node_count, metrics_shape=shape, disk_mib=scenario.disk_mib
    ) as lab:
        with ExitStack() as sockets:
            config = await _configure(scenario, lab, folder / "bot", sockets)
            await scenario.inject(lab)
            await asyncio.sleep(scenario.settle_s)
            before, started = await lab.leader(), time.monotonic()
            said = await _diagnose(config, folder / "evidence.json")
            reading_s, after = time.monotonic() - started, await lab.leader()
        await scenario.heal(lab)
        healed_s = await _until_led(lab)
    evidence = json.loads((folder / "evidence.json").read_text())
    one_hot = shape in ("state_label", "raft_state_label")
    told = Scenario(scenario.name, scenario.family, evidence, scenario.truth, "", one_hot=one_hot)
    return Outcome(
        scenario, said, judge(told, said), mark(told, page(told)), (before, after), reading_s, healed_s
    )


def judge(scenario: Scenario, said: dict[str, Any]) -> Mark:
    """Mark what `diagnose --json` printed."""
    found = tuple((finding["cause"], finding["verdict"]) for finding in said["findings"])
    return mark(scenario, Answer(found, _buttons(said)))


async def measure(scenarios: Sequence[LiveScenario], shape: MetricsShape, keep: Path | None) -> list[Outcome]:
    """Play one scenario after the other, and say on stderr how it went."""
    outcomes = []
    disks_missing = why_no_disks()
    if disks_missing and any(scenario.disk_mib for scenario in scenarios):
        left_out = ", ".join(scenario.name for scenario in scenarios if scenario.disk_mib)
        print(f"Not played: {left_out}. {disks_missing}", file=sys.stderr)
        scenarios = [scenario for scenario in scenarios if not scenario.disk_mib]
    for scenario in scenarios:
        with ExitStack() as stack:
            folder = keep / scenario.name if keep else None
            folder = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
            outcomes.append(await play(scenario, folder, shape=shape))
        print(_row(outcomes[-1]), file=sys.stderr, flush=True)
    return outcomes


def table(outcomes: Sequence[Outcome]) -> str:
    """Everything as text, with the sums below."""
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
    return "\n".join([*map(_row, outcomes), *last])


def main(arguments: Sequence[str] | None = None) -> int:
    """Play and print; `--gate` gives exit code 1 on a wrong confident claim or a wrong button."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [scenario.name for scenario in LIVE]
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--shape", choices=get_args(MetricsShape), default="state_label")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep each lab's files and evidence")
    parser.add_argument("--gate", action="store_true")
    options = parser.parse_args(arguments)
    chosen = [scenario for scenario in LIVE if not options.only or scenario.name in options.only]
    outcomes = asyncio.run(measure(chosen, options.shape, options.keep))
    print(table(outcomes))
    if options.json:
        listed = [outcome.as_json() for outcome in outcomes]
        document = {"shape": options.shape, "scenarios": listed}
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    return int(options.gate and not all(outcome.passes for outcome in outcomes))


async def _configure(scenario: LiveScenario, lab: Lab, folder: Path, sockets: ExitStack) -> Path:
    config, _ = write_bot_files(
        folder,
        lab,
        listen=Address("127.0.0.1", 1),
        redis_url="redis://127.0.0.1:1/0",
        slack=NO_SLACK,
        channel="C0LIVE",
        confirm_groups=[],
    )
    if scenario.sight != "clear":
        # Accepted by the kernel and answered by nobody: to a deadline, the same as packets that are dropped.
        silent = sockets.enter_context(socket.create_server(("127.0.0.1", 0)))
        leader, text = await lab.leader(), config.read_text()
        for node in lab.nodes:
            if scenario.sight == "all_unseen" or node.name == leader:
                text = text.replace(node.metrics_url, f"http://127.0.0.1:{silent.getsockname()[1]}")
        config.write_text(text)
    return config


async def _diagnose(config: Path, evidence: Path) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", "diagnose", "--config", str(config)),
        *("--json", "--save", str(evidence)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    said: dict[str, Any] = json.loads(printed)
    return said


async def _until_led(lab: Lab) -> float | None:
    started = time.monotonic()
    while time.monotonic() - started < HEALED_WITHIN_S:
        if await lab.leader():
            return time.monotonic() - started
        await asyncio.sleep(0.1)
    return None


def _buttons(said: dict[str, Any]) -> frozenset[tuple[str, str]]:
    return frozenset(
        (action, node)
        for finding in said["findings"]
        for remedy in finding["remedies"]
        if remedy["offered"]
        for action in ACTIONS[remedy["action"]]
        for node in remedy["nodes"]
    )


def _row(outcome: Outcome) -> str:
    top = outcome.said["findings"][0]
    offered = ",".join(sorted({action for action, _ in _buttons(outcome.said)})) or "-"
    return (
        f"{outcome.scenario.name:<24}{'+'.join(sorted(outcome.marked.causes)):<32}"
        f"{top['cause'] + ' ' + top['verdict']:<32}{outcome.said['can_elect']:<14}"
        f"{outcome.grade:<14}{outcome.reading_s:4.1f} s  {offered}"
    )


if __name__ == "__main__":
    sys.exit(main())
