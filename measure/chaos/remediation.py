"""Chaos on real processes: `python -m measure.chaos.remediation [--only NAME] [--runs N] [--json FILE]`.

Each run has a lab, agents, Redis, a Slack workspace and the bot of its own; something fails at a chosen
moment of a confirmed run, everything is brought back, and the loop must end with nothing done twice.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from measure.chaos.faults import FAULTS, Chaos
from measure.chaos.judgement import shows_the_end, violations
from measure.chaos.on_call import OnCall
from measure.chaos.outcome import counted, ending, in_words, verdict
from measure.chaos.remedies import FAILING
from measure.chaos.rig import Rig, rig
from measure.chaos.traps import until
from measure.chaos.undone import UNDONE
from tests.redis_box import find_sentinel

PLAYED_WITHIN_S = 240.0
ENDED_WITHIN_S = 240.0
SHOWN_WITHIN_S = 60.0
KNOWN: tuple[Chaos, ...] = (*FAULTS, *FAILING, *UNDONE)


@dataclass(frozen=True)
class Result:
    """One run: how it ended, and what was violated. `failed` says why it could not be played."""

    name: str
    ended: str
    violations: tuple[str, ...]
    took_s: float
    failed: str = ""


async def play(chaos: Chaos, folder: Path, starting: asyncio.Lock) -> Result:
    """Play one run on parts of its own; they are started while nobody else's are."""
    started = time.monotonic()
    try:
        async with AsyncExitStack() as parts:
            async with starting:
                made = rig(folder, chaos.fault, bots=chaos.bots, failover=chaos.failover)
                running = await parts.enter_async_context(made)
            ended, found = await _play_on(chaos, running)
    except Exception as error:  # one run that cannot be played does not end the others
        return Result(chaos.name, "", (), time.monotonic() - started, failed=in_words(error))
    return Result(chaos.name, ended, tuple(found), time.monotonic() - started)


async def _play_on(chaos: Chaos, running: Rig) -> tuple[str, list[str]]:
    async with OnCall(running) as alice:
        view = await alice.open_plan(chaos.remedy)
        await running.timeline.until("plan_proposed")
        running.witness.begin()
        await chaos.before(running)
        async with asyncio.timeout(PLAYED_WITHIN_S), asyncio.TaskGroup() as tasks:
            tasks.create_task(alice.confirm_until_taken(view))
            tasks.create_task(chaos.play(running))
        await running.bring_back()
        found = await _settle(running, alice, chaos)
        ended = running.timeline.how_it_ended
        if chaos.after:
            found += await chaos.after(running)
        messages = await alice.bot_messages()
    return ended, found + violations(running, messages, at_most=chaos.at_most)


async def _settle(running: Rig, alice: OnCall, chaos: Chaos) -> list[str]:
    """Wait for the end, and until the thread says so."""
    timeline = running.timeline
    try:
        await until(lambda: bool(timeline.how_it_ended), ENDED_WITHIN_S, "the loop did not end", 0.1)
    except TimeoutError as error:
        last = [event["kind"] for event in timeline.now][-3:]
        return [f"{error}; the timeline ends with {', '.join(last)}"]
    found = []
    if timeline.how_it_ended not in chaos.ends:
        said = [event["detail"] for event in timeline.all("run_ended")]
        found.append(f"it ended {timeline.how_it_ended}, not {' or '.join(chaos.ends)}: {said}")
    deadline = time.monotonic() + SHOWN_WITHIN_S
    while not shows_the_end(running, await alice.bot_messages()):
        if time.monotonic() > deadline:
            return [*found, "the thread does not say how it ended"]
        await asyncio.sleep(0.3)
    if timeline.incidents != 1:
        found.append(f"{timeline.incidents} incidents were opened")
    return found


async def measure(chosen: Sequence[Chaos], runs: int, jobs: int, keep: Path | None) -> list[Result]:
    """Play everything, so many at a time, and say on stderr how each went."""
    places, starting = asyncio.Semaphore(jobs), asyncio.Lock()

    async def one(chaos: Chaos, number: int) -> Result:
        async with places:
            folder = Path(tempfile.mkdtemp(prefix="neumann-chaos-"))
            result = await play(chaos, folder, starting)
            if keep:
                shutil.copytree(folder, keep / f"{chaos.name.replace('/', '_')}-{number}", dirs_exist_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
        print(_line(result), file=sys.stderr, flush=True)
        return result

    return await asyncio.gather(*(one(chaos, number) for chaos in chosen for number in range(runs)))


def _line(result: Result) -> str:
    return f"{result.name:<48}{result.ended or 'no end':<10}{result.took_s:6.1f} s  {verdict(result)}"


def table(results: Sequence[Result]) -> str:
    """Return faults, runs and violations as a table."""
    lines = [f"{'fault':<48}{'runs':>5}{'verified':>10}{'stopped':>9}{'not played':>12}{'violations':>12}"]
    for name in dict.fromkeys(result.name for result in results):
        of = [result for result in results if result.name == name]
        ends = [sum(r.ended == end for r in of) for end in ("verified", "stopped")]
        failed, violated = counted(of)
        lines.append(f"{name:<48}{len(of):>5}{ends[0]:>10}{ends[1]:>9}{failed:>12}{violated:>12}")
    return "\n".join((*lines, *ending(results)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Play and print; exit code 1 where something was violated or could not be played."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="faults whose names begin so")
    parser.add_argument("--runs", type=int, default=1, help="of each")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the files of runs that went wrong")
    parser.add_argument("--list", action="store_true", help="print the names and end")
    options = parser.parse_args(arguments)
    chosen = [c for c in KNOWN if not options.only or c.name.startswith(tuple(options.only))]
    if not chosen:
        parser.error(f"no fault begins with {options.only}; --list shows them")
    if options.list:
        print("\n".join(chaos.name for chaos in chosen))
        return 0
    if not find_sentinel() and any(chaos.failover for chaos in chosen):
        print("redis-sentinel is not installed: failing over is skipped", file=sys.stderr)
        chosen = [chaos for chaos in chosen if not chaos.failover]
    results = asyncio.run(measure(chosen, options.runs, options.jobs, options.keep))
    print(table(results))
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")
    return int(any(result.violations or result.failed for result in results))


if __name__ == "__main__":
    sys.exit(main())
