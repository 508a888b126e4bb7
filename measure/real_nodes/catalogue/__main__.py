"""The catalogue over three real nodes, `make real-nodes ARGS=catalogue`: each fault is made, read and undone.

Judged is what `neumann-bot diagnose --json` says; the thread must name the cause once an alert has come.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.cli.diagnose import EXIT_LED, EXIT_NO_LEADER
from lab.scenarios.scenario import NO_FAULT, Scenario, Truth
from lab.slack.plain_text import plain_text
from measure.accuracy.outcome import buttons, judge
from measure.accuracy.scoring import Mark
from measure.real_nodes.catalogue.faults import FAULTS, Fault, heal
from measure.real_nodes.cluster import three_nodes
from measure.real_nodes.package import PACKAGE, install_on
from measure.real_nodes.thread.bed import Bed
from measure.real_nodes.thread.desk_set_up import desk_over
from runbooks.leader_election.causes import CAUSES

BY_NAME: Mapping[str, Fault] = {fault.__name__: fault for fault in FAULTS}
SETTLES_S = 14.0
"""Gossip holds a peer failed after six seconds; only a log silent for ten speaks of a hung process."""
TOLD_WITHIN_S = 60.0
SAYS_NOTHING = "does not name it"


@dataclass(frozen=True)
class Outcome:
    """What was said of a fault, what it is worth, and whether the fault was there all the while."""

    said: dict[str, Any]
    marked: Mark
    is_made: bool
    thread: str
    reading_s: float

    @property
    def is_right(self) -> bool:
        """Return whether nothing false was said or offered, and the cause was named or may be left open."""
        marked = self.marked
        if not self.is_made or self.thread == SAYS_NOTHING:
            return False
        return marked.correct_or_open and not marked.wrong_confident | marked.wrong_buttons

    def __str__(self) -> str:
        """Return one row of the table."""
        top = self.said["findings"][0]
        offered = ", ".join(sorted(f"{action} on {node}" for action, node in buttons(self.said))) or "none"
        made = "" if self.is_made else "NOT MADE; "
        causes = ", ".join(sorted(self.marked.causes))
        return (
            f"{made}truth {causes}; said {top['cause']} {top['verdict']} ({self.reading_s:.1f} s);"
            f" offered: {offered}; thread: {self.thread}"
        )


async def played(name: str, bed: Bed) -> Outcome:
    """Make a fault, read it as a user would, see what the thread says, and undo it."""
    bed.desk.turn()
    try:
        truth = await BY_NAME[name](bed)
        await asyncio.sleep(SETTLES_S)
        before, began = await bed.claims(), time.monotonic()
        said, evidence = await _diagnosed(bed)
        reading_s, after = time.monotonic() - began, await bed.claims()
        is_led = bool(before) and before == after
        thread = await _thread(bed, truth)
    finally:
        await heal(bed)
    told = Scenario(name, "single", evidence, truth, "", one_hot=True)
    should_lead = bool(truth.causes & NO_FAULT)
    return Outcome(said, judge(told, said), is_led == should_lead, thread, reading_s)


async def _diagnosed(bed: Bed) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what `neumann-bot diagnose` says, and the evidence that it says it of."""
    kept = bed.desk.folder / "evidence.json"
    code, printed = await bed.desk.bot("diagnose", "--json", "--save", str(kept), "--force")
    if code not in (EXIT_LED, EXIT_NO_LEADER):
        raise RuntimeError(printed)
    return json.loads(printed[printed.index("{") :]), json.loads(kept.read_text())


async def _thread(bed: Bed, truth: Truth) -> str:
    """Return the line with which the thread names the cause; a cluster that is led may have no thread."""
    if truth.causes & NO_FAULT:
        return "not asked"
    (title,) = (f"*{CAUSES[cause].title}*" for cause in truth.causes)
    try:
        findings = plain_text(await bed.desk.message("findings", title, TOLD_WITHIN_S))
    except TimeoutError:
        return SAYS_NOTHING
    return next(line for line in findings.splitlines() if title in line).strip()


async def main() -> int:
    """Set everything up, play the faults; return how many did not come out right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("suite")
    parser.add_argument("--only", nargs="*", default=list(BY_NAME), choices=list(BY_NAME))
    options = parser.parse_args()
    began, wrong = time.monotonic(), 0

    def say(line: str) -> None:
        print(f"{options.suite} {time.monotonic() - began:4.0f} s: {line}", flush=True)

    for former in ("bot", "redis"):
        shutil.rmtree(options.folder / former, ignore_errors=True)
    with three_nodes(options.folder / options.suite, options.folder) as nodes:
        install_on(nodes, options.folder / PACKAGE)
        async with desk_over(options.folder / "bot", nodes) as desk:
            bed = Bed(nodes, desk)
            say(f"paired, the bot serves; {await bed.well()} leads")
            for name in options.only:
                try:
                    outcome = await played(name, bed)
                except (AssertionError, RuntimeError) as error:  # what it was healed of lingers
                    say(f"WRONG: {name}: {error}")
                    wrong += 1
                    continue
                say(f"{'right' if outcome.is_right else 'WRONG'}: {name}: {outcome}")
                wrong += not outcome.is_right
    return wrong


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
