"""No alert lost, nothing posted twice, whatever dies: `python -m measure.chaos.delivery [--only NAME]`.

Alerts of three clusters fire, are repeated and end in two real Alertmanagers; something fails at a chosen
moment; then everything is back, and Redis and Slack are read from outside.
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
from dataclasses import asdict, dataclass
from pathlib import Path

from measure.chaos.delivery_faults import DeliveryChaos, known
from measure.chaos.delivery_judgement import incidents_of, missing_yet, violations
from measure.chaos.delivery_rig import DeliveryRig, delivery_rig
from measure.chaos.delivery_story import Story
from measure.chaos.outcome import counted, ending, in_words, verdict
from tests.bot.real_alerting import MISSING
from tests.redis_box import RedisPair, find_sentinel

PLAYED_WITHIN_S = 240.0
SETTLED_WITHIN_S = 180.0
DOWN_S = 20.0


@dataclass(frozen=True)
class Result:
    """One run. `asked` counts what the bot learned by asking; `settled_s` is how long after the fault all was
    right; `failed` says why it could not be played."""

    name: str
    violations: tuple[str, ...]
    asked: int = 0
    settled_s: float = 0.0
    took_s: float = 0.0
    failed: str = ""


async def play(chaos: DeliveryChaos, rig: DeliveryRig) -> Result:
    """Play one run."""
    started = time.monotonic()
    rig.runs += 1
    story = Story(rig, str(rig.runs))
    repeating = asyncio.create_task(story.repeat())
    try:
        story.before = frozenset(await rig.store.given_out())
        found, settled_s = await _play(chaos, rig, story)
        asked = sum(each.asked for each in await incidents_of(rig, story))
    except Exception as error:  # one run that cannot be played does not end the others
        return Result(chaos.name, (), took_s=time.monotonic() - started, failed=in_words(error))
    finally:
        repeating.cancel()
        await asyncio.gather(repeating, return_exceptions=True)
    return Result(chaos.name, tuple(dict.fromkeys(found)), asked, settled_s, time.monotonic() - started)


async def _play(chaos: DeliveryChaos, rig: DeliveryRig, story: Story) -> tuple[list[str], float]:
    found, settled_s = [], 0.0
    for when in ("firing", "resolving"):
        async with asyncio.timeout(PLAYED_WITHIN_S + chaos.lasts_s), asyncio.TaskGroup() as tasks:
            if chaos.when == when:
                tasks.create_task(chaos.play(rig))
            await asyncio.sleep(0)  # the wires are set before anything comes by
            if when == "firing":
                await story.begin()
                await story.go_on()
            else:
                await story.end()
        await rig.bring_back()
        left, took_s = await _settle(rig, story, chaos)
        settled_s = max(settled_s, took_s)
        found += left or await violations(
            rig, story, may_go_back=chaos.late or chaos.redis != "one", deaf=chaos.deaf, anew=chaos.anew
        )
    return found, settled_s


async def _settle(rig: DeliveryRig, story: Story, chaos: DeliveryChaos) -> tuple[list[str], float]:
    """Wait until everything is as it should be; what is not in time, and how long it took."""
    started = time.monotonic()
    while left := await missing_yet(rig, story, anew=chaos.anew):
        if time.monotonic() - started > SETTLED_WITHIN_S:
            return left, SETTLED_WITHIN_S
        await asyncio.sleep(0.3)
    return [], time.monotonic() - started


async def measure(chosen: Sequence[DeliveryChaos], runs: int, keep: Path | None) -> list[Result]:
    """Play everything, one after the other, on one rig as long as nothing goes wrong on it."""
    results: list[Result] = []
    for kind in dict.fromkeys(chaos.redis for chaos in chosen):
        left = [chaos for chaos in chosen if chaos.redis == kind for _ in range(runs)]
        while left:
            folder = Path(tempfile.mkdtemp(prefix="neumann-delivery-"))
            try:
                async with delivery_rig(folder, kind) as rig:
                    await _play_on(rig, left, results)
            except Exception as error:  # the parts did not start, or did not end
                name = left.pop(0).name if left else "the end of all parts"
                results.append(Result(name, (), failed=in_words(error)))
            if keep and (results[-1].violations or results[-1].failed):
                shutil.copytree(folder, keep / results[-1].name.replace("/", "_"), dirs_exist_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
    return results


async def _play_on(rig: DeliveryRig, left: list[DeliveryChaos], results: list[Result]) -> None:
    """Play what is left, until something goes wrong; after a failover the pair is none any more."""
    while left:
        played = await play(left[0], rig)
        left.pop(0)
        results.append(played)
        print(_line(played), file=sys.stderr, flush=True)
        if played.violations or played.failed or isinstance(rig.redis, RedisPair):
            return


def _line(result: Result) -> str:
    return f"{result.name:<44}{result.took_s:6.1f} s, settled in {result.settled_s:5.1f} s  {verdict(result)}"


def table(results: Sequence[Result]) -> str:
    """Return faults, runs and violations as a table."""
    lines = [f"{'fault':<44}{'runs':>5}{'not played':>12}{'by asking':>11}{'slowest':>9}{'violations':>12}"]
    for name in dict.fromkeys(result.name for result in results):
        of = [result for result in results if result.name == name]
        failed, violated = counted(of)
        asked, slowest = sum(r.asked for r in of), max(r.settled_s for r in of)
        lines.append(f"{name:<44}{len(of):>5}{failed:>12}{asked:>11}{slowest:>7.0f} s{violated:>12}")
    return "\n".join((*lines, *ending(results)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Play and print; exit code 1 where something was violated or could not be played."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="faults whose names begin so")
    parser.add_argument("--runs", type=int, default=1, help="of each")
    parser.add_argument("--down-s", type=float, default=DOWN_S, help="how long what is down stays down")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the files of runs that went wrong")
    parser.add_argument("--list", action="store_true", help="print the names and end")
    options = parser.parse_args(arguments)
    chosen = [c for c in known(options.down_s) if not options.only or c.name.startswith(tuple(options.only))]
    if not chosen:
        parser.error(f"no fault begins with {options.only}; --list shows them")
    if options.list:
        print("\n".join(chaos.name for chaos in chosen))
        return 0
    if MISSING:
        parser.error(f"{MISSING}: install prometheus and prometheus-alertmanager")
    if not find_sentinel() and any(chaos.redis != "one" for chaos in chosen):
        print("redis-sentinel is not installed: failing over is skipped", file=sys.stderr)
        chosen = [chaos for chaos in chosen if chaos.redis == "one"]
    results = asyncio.run(measure(chosen, options.runs, options.keep))
    print(table(results))
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")
    return int(any(result.violations or result.failed for result in results))


if __name__ == "__main__":
    sys.exit(main())
