"""Hours between a posted warning and the failure, and false warnings: `python -m measure.early_warning`.

Quiet months, and months at whose end something fails; the bot's own judgement and its own decision what to
post, over generated readings.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from handlers.domain.posture.watch import Standing, looked
from measure.early_warning.faults import FAULTS, Fault
from measure.early_warning.month import BEGINS, month
from runbooks.evidence import Evidence
from runbooks.posture import judge
from runbooks.posture.inventory import Inventory, Site
from runbooks.posture.model import Check
from runbooks.posture.samples import KEPT_SAMPLES, Sample, sample_of

DAYS = 30.0
QUIET_DAYS_BEFORE = 6.0
"""Quiet time before a fault: enough for every baseline."""

ALLOWED_FALSE_A_WEEK = 1.0
SITES = Inventory({f"node{number}": Site(f"h{number}", f"z{number}") for number in (1, 2, 3)})


def posted(readings: Iterable[Evidence]) -> Iterator[tuple[datetime, Check]]:
    """Yield what the bot posts over these readings, each posted at once."""
    standing, samples = Standing(), list[Sample]()
    for evidence in readings:
        posture = judge(evidence, SITES, tuple(samples))
        samples = [*samples, sample_of(evidence)][-KEPT_SAMPLES:]
        standing = looked(standing, posture, {})
        for line in standing.pending.lines if standing.pending else ():
            yield posture.at, line.check
        standing = standing.model_copy(update={"pending": None, "posture": None})


@dataclass(frozen=True)
class Warned:
    """One month with a fault: hours from the first fitting warning to the failure, `None` without one."""

    fault: str
    lead_h: float | None
    fails_after_h: float


def warned(fault: Fault, seed: int) -> Warned:
    """Let a fault come, and see when it is warned of."""
    change, fails_after_h = fault.make(Random(seed))
    days = QUIET_DAYS_BEFORE + fails_after_h / 24
    began = BEGINS + timedelta(days=QUIET_DAYS_BEFORE)
    fails = began + timedelta(hours=fails_after_h)
    for at, check in posted(month(seed, days, change, QUIET_DAYS_BEFORE * 24)):
        if check in fault.checks and began <= at <= fails:
            return Warned(fault.name, (fails - at) / timedelta(hours=1), fails_after_h)
    return Warned(fault.name, None, fails_after_h)


def main() -> None:
    """Print both tables; the exit code is 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m measure.early_warning", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--months", type=int, default=4, help="quiet months")
    parser.add_argument("--faults", type=int, default=5, help="months with each fault")
    how = parser.parse_args()
    false = Counter(check for each in range(how.months) for _, check in posted(month(how.seed + each, DAYS)))
    weeks = how.months * DAYS / 7
    print(f"{how.months} quiet months of a cluster: {sum(false.values())} warnings in {weeks:.0f} weeks")
    for check, count in false.most_common():
        print(f"  {check.value:<20}{count / weeks:6.2f} a week")
    print(f"\n{'fault':<32}{'warned':>8}{'lead, median':>14}{'shortest':>10}   takes")
    missed = 0
    for fault in FAULTS:
        rows = [warned(fault, 1000 + how.seed * 100 + each) for each in range(how.faults)]
        leads = [row.lead_h for row in rows if row.lead_h is not None]
        missed += len(rows) - len(leads)
        took = [row.fails_after_h for row in rows]
        median, shortest = (statistics.median(leads), min(leads)) if leads else (0.0, 0.0)
        print(
            f"{fault.name:<32}{len(leads):>4} / {len(rows)}{median:>12.1f} h{shortest:>8.1f} h"
            f"   {min(took):.0f} to {max(took):.0f} h"
        )
    sys.exit(int(missed > 0 or sum(false.values()) / weeks > ALLOWED_FALSE_A_WEEK))


if __name__ == "__main__":
    main()
